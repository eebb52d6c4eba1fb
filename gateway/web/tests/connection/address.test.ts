import { describe, expect, it } from "vitest";

import { chatAddress, NOWHERE } from "../../src/connection/address.ts";
import { ROOM } from "../samples.ts";

const NAME = { username: "মিতা & ko=?#", color: "#a91d3a" };

describe("the address of the chat socket", () => {
  it("is at the page's own host, as safe as the page", () => {
    expect(chatAddress("https://adda.example", ROOM, NAME, NOWHERE)).toMatch(
      `wss://adda.example/ws/chat/${ROOM}/?`,
    );
    expect(chatAddress("http://127.0.0.1:8000", ROOM, NAME, NOWHERE)).toMatch(
      `ws://127.0.0.1:8000/ws/chat/${ROOM}/?`,
    );
  });

  it("carries the name and the position, whatever letters the name has", () => {
    const address = chatAddress("https://a.org", ROOM, NAME, { epoch: "e 1", seq: 42 });
    const url = new URL(address);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...NAME,
      roster: "delta",
      epoch: "e 1",
      since: "42",
    });
    expect(url.hash).toBe("");
  });

  it("carries a proof of work, if there is one", () => {
    const address = chatAddress("https://a.org", ROOM, NAME, NOWHERE, "a+b/c=");
    expect(new URL(address).searchParams.get("proof")).toBe("a+b/c=");
    expect(chatAddress("https://a.org", ROOM, NAME, NOWHERE)).not.toContain("proof");
  });

  it("asks for the newest messages before anything is known", () => {
    const url = new URL(chatAddress("https://a.org", ROOM, NAME, NOWHERE));
    expect(url.searchParams.get("since")).toBe("0");
    expect(url.searchParams.get("epoch")).toBe("none");
  });
});
