import { kept, otherTabWrites } from "../browser_globals.ts";

import { beforeEach, describe, expect, it } from "vitest";

import { becomes, COLORS, identity, token } from "../../src/storage/identity.ts";
import { PREFIX } from "../../src/storage/shelf.ts";

const KEY = `${PREFIX}identity`;

function written(value: unknown): void {
  otherTabWrites({ key: KEY, newValue: JSON.stringify(value) });
}

beforeEach(() => {
  identity.value = null;
  kept.texts.clear();
});

describe("who the reader is", () => {
  it("is nobody at first", () => {
    expect(identity.value).toBeNull();
  });

  it("is somebody with a name and a session that nobody guesses", () => {
    becomes("মিতা", "#a91d3a");
    expect(identity.value).toMatchObject({ username: "মিতা", color: "#a91d3a" });
    expect(identity.value?.sessionId).toMatch(/^[\w-]{32}$/);
    expect(JSON.parse(kept.getItem(KEY) ?? "")).toEqual(identity.value);
  });

  it("keeps the session under a new name", () => {
    becomes("মিতা", "#a91d3a");
    const sessionId = identity.value?.sessionId;
    becomes("রাকিব", "#1565c0");
    const now = { sessionId, username: "রাকিব", color: "#1565c0", known: false };
    expect(identity.value).toEqual(now);
  });

  it("is read from other tabs, if it is whole", () => {
    const whole = { sessionId: "s", username: "u", color: "#000000", known: true };
    written({ ...whole, more: 1 });
    expect(identity.value).toEqual(whole);
    for (const part of [{ sessionId: "s" }, { ...whole, color: 3 }, "s", 3, null, []]) {
      written(part);
      expect(identity.value).toBeNull();
    }
  });

  it("has colours to choose from that the server takes", () => {
    for (const color of COLORS) expect(color).toMatch(/^#[0-9a-f]{6}$/);
    expect(new Set(COLORS).size).toBe(COLORS.length);
  });
});

describe("a token", () => {
  it("is base64url, as a subprotocol may be, and never the same twice", () => {
    const tokens = Array.from({ length: 200 }, (_, at) => token(1 + (at % 24)));
    for (const each of tokens) expect(each).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(token(24)).toHaveLength(32);
    expect(token(24)).not.toBe(token(24));
  });
});
