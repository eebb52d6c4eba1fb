import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { deletion } from "../../src/text/deletion.ts";

/** What Backspace leaves of `text` before its end, each time it is pressed. */
function pressed(text: string, times = 1, by: typeof deletion = deletion): string {
  let left = text;
  for (let time = 0; time < times; time++) {
    const { start, rest } = by(left, left.length);
    left = left.slice(0, start) + rest;
  }
  return left;
}

const CASES = [
  ["a vowel sign alone", "কি", "ক"],
  ["a letter", "কখ", "ক"],
  ["a letter with its dot", "কড\u09bc", "ক"],
  ["a letter whose dot is part of it", "কড়", "ক"],
  ["the hasanta with the letter it led to", "ক্ষ", "ক"],
  ["one letter of a conjunct of three", "ন্দ্র", "ন্দ"],
  ["the joiner that asked for a form with it", "র\u200d্য", "র"],
  ["a hasanta that stands at the end", "ক্", "ক"],
  ["a sign of the breath", "চাঁ", "চা"],
  ["a Roman letter", "ab", "a"],
  ["a space", "ক ", "ক"],
  ["a new line", "ক\n", "ক"],
  ["a digit", "১২", "১"],
] as const;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("Backspace", () => {
  it.each(CASES)("takes %s", (_, before, after) => {
    expect(pressed(before)).toBe(after);
  });

  it("takes an emoji whole, and a letter with its accent", () => {
    expect(pressed("a👩‍👩‍👧‍👦")).toBe("a");
    expect(pressed("a🇧🇩")).toBe("a");
    expect(pressed("ae\u0301")).toBe("a");
  });

  it("takes a word letter by letter", () => {
    expect(pressed("আড্ডা", 1)).toBe("আড্ড");
    expect(pressed("আড্ডা", 2)).toBe("আড");
    expect(pressed("আড্ডা", 4)).toBe("");
  });

  it("looks only at what is before the caret", () => {
    expect(deletion("কিখ", 1)).toEqual({ start: 0, rest: "" });
    expect(deletion("কিখ", 2)).toEqual({ start: 0, rest: "ক" });
    expect(deletion("কিখ", 0)).toEqual({ start: 0, rest: "" });
  });

  it("always takes something, and comes to an end", () => {
    const letters = fc.constantFrom(..."কষড\u09bc\u09cd\u200d\u200cিাঁa👩é ১");
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 40 }), (some) => {
        let left = some.join("");
        while (left !== "") {
          const next = pressed(left);
          expect(next.length).toBeLessThan(left.length);
          expect(left.startsWith(next)).toBe(true);
          left = next;
        }
      }),
    );
  });

  it("looks no further back in a long text than a letter can reach", () => {
    const { start, rest } = deletion("ক্ষ".repeat(50_000), 150_000);
    expect(start + rest.length).toBe(149_998);
  });
});

describe("Backspace in browsers that do not know graphemes, as Firefox before 125", () => {
  it.each(CASES)("takes %s", async (_, before, after) => {
    vi.resetModules();
    vi.stubGlobal("Intl", { ...Intl });
    const old = await import("../../src/text/deletion.ts");
    expect(pressed(before, 1, old.deletion)).toBe(after);
  });
});
