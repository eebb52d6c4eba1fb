import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { typesOfContract } from "../../scripts/write_types.ts";
import { CLOSE_CODES, ERROR_CODES, LIMITS } from "../../src/wire/codes.ts";
import contract from "../../src/wire/contract.json";
import type { Command, ErrorCode, ServerEvent } from "../../src/wire/contract.ts";
import frames from "./frames.json";

/** Every `type` of a union; the compiler asks for all of them, and for no other. */
const EVENTS: Record<ServerEvent["type"], true> = {
  ack: true,
  error: true,
  history: true,
  joined: true,
  left: true,
  message: true,
  message_deleted: true,
  message_updated: true,
  pong: true,
  recovered: true,
  room_rules: true,
  system: true,
  typing: true,
  user_list: true,
  welcome: true,
};
const COMMANDS: Record<Command["type"], true> = {
  history: true,
  message: true,
  ping: true,
  typing: true,
  user_update: true,
};

function typesIn(list: { frame: string }[]): string[] {
  return [...new Set(list.map(({ frame }) => JSON.parse(frame).type as string))].sort();
}

describe("the contract with the server", () => {
  it("has types that are not stale", async () => {
    const written = readFileSync(new URL("../../src/wire/contract.ts", import.meta.url), "utf8");
    expect(written, "stale: run `make docs`").toBe(await typesOfContract());
  });

  it("has a type of every definition, with the name of its class", () => {
    const written = readFileSync(new URL("../../src/wire/contract.ts", import.meta.url), "utf8");
    const names = [...written.matchAll(/^export (?:type|interface) (\w+)/gm)].map(
      ([, name]) => name,
    );
    expect(names.sort()).toEqual(Object.keys(contract.definitions).sort());
  });

  it("has golden frames of every kind of event and command, and of no other", () => {
    expect(typesIn(frames.events)).toEqual(Object.keys(EVENTS));
    expect(typesIn(frames.commands)).toEqual(Object.keys(COMMANDS));
  });

  it("has commands as JSON.stringify writes them", () => {
    for (const { frame } of frames.commands) {
      expect(JSON.stringify(JSON.parse(frame))).toBe(frame);
    }
  });

  it("knows the code of every error frame, and the table has all codes", () => {
    const known: ErrorCode[] = Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[];
    expect(known.sort()).toEqual([...contract.definitions.ErrorCode.enum].sort());
    const told = frames.events.map(({ frame }) => JSON.parse(frame)).filter((one) => one.code);
    expect(told.length).toBeGreaterThan(3);
    for (const { code } of told) {
      expect(known).toContain(code);
    }
  });

  it("tells the same limits as the server does on arrival", () => {
    const [welcome] = frames.events.map(({ frame }) => JSON.parse(frame));
    expect(LIMITS).toMatchObject({
      contentGraphemes: welcome.limits.content_graphemes,
      frameBytes: welcome.limits.frame_bytes,
      historyPage: welcome.limits.history_page,
    });
    expect(CLOSE_CODES[1012].reconnect).toBe(true);
  });
});
