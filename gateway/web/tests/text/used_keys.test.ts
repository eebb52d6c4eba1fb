import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { bn } from "../../src/text/bn.ts";
import { staffBn } from "../../src/text/staff_bn.ts";

const SRC = new URL("../../src/", import.meta.url);
const CATALOGUES = /^text\/(staff_)?(bn|en)\.ts$/;

const PROGRAM = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(ts|svelte)$/.test(path) && !CATALOGUES.test(path))
  .map((path) => readFileSync(new URL(path, SRC), "utf8"))
  .join("\n");

/** The keys that nothing in `program` says, neither whole nor by their first part: `error.${code}`. */
function unused(keys: readonly string[], program: string): string[] {
  const whole = new Set([...program.matchAll(/(["'`])([a-z]+\.\w+)\1/g)].map(([, , key]) => key));
  const beginnings = [...program.matchAll(/`([a-z]+\.\w*)\$\{/g)].map(([, start = ""]) => start);
  return keys.filter(
    (key) => !whole.has(key) && !beginnings.some((start) => key.startsWith(start)),
  );
}

describe("the keys of the catalogues", () => {
  it("are all used", () => {
    expect(unused(Object.keys({ ...bn, ...staffBn }), PROGRAM)).toEqual([]);
  });

  it("count as used where they are said, whole or by their first part", () => {
    const program = 'say("a.one"); const key = `b.${code}`; const other = `c.of_${x}`;';
    const keys = ["a.one", "a.on", "a.one_more", "b.any", "c.of_it", "c.else"];
    expect(unused(keys, program)).toEqual(["a.on", "a.one_more", "c.else"]);
  });

  it("do not count as used where they are only part of another word", () => {
    expect(unused(["a.b"], 'import "./a.b.ts"; "xa.b"; a.b')).toEqual(["a.b"]);
  });
});
