import { describe, expect, it } from "vitest";

import { EXPIRY_MILLISECONDS, Typists } from "../../src/chat/typists.ts";
import { typing } from "../samples.ts";

describe("who types", () => {
  it("is shown from the first word, and changes nothing by going on", () => {
    const typists = new Typists();
    expect(typists.event(typing("a"), 0)).toBe(true);
    expect(typists.event(typing("a"), 1_000)).toBe(false);
    expect(typists.names(1_000)).toEqual(["name of a"]);
  });

  it("is no more when they stop, or have sent", () => {
    const typists = new Typists();
    typists.event(typing("a"), 0);
    typists.event(typing("b"), 0);
    expect(typists.event(typing("a", false), 1)).toBe(true);
    expect(typists.stopped("b")).toBe(true);
    expect(typists.stopped("b")).toBe(false);
    expect(typists.event(typing("c", false), 1)).toBe(false);
    expect(typists.names(1)).toEqual([]);
  });

  it("is forgotten when nothing is heard of them for long", () => {
    const typists = new Typists();
    typists.event(typing("a"), 0);
    typists.event(typing("b"), 1_000);
    expect(typists.names(EXPIRY_MILLISECONDS - 1)).toEqual(["name of a", "name of b"]);
    expect(typists.names(EXPIRY_MILLISECONDS)).toEqual(["name of b"]);
    expect(typists.names(EXPIRY_MILLISECONDS + 1_000)).toEqual([]);
  });

  it("is kept alive by what renews it, under the newest name", () => {
    const typists = new Typists();
    typists.event(typing("a"), 0);
    typists.event(typing("a", true, "new"), 4_000);
    expect(typists.names(4_000 + EXPIRY_MILLISECONDS - 1)).toEqual(["new"]);
  });
});
