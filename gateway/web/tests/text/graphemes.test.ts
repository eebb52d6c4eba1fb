import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { byteCount, firstGraphemes, graphemeCount } from "../../src/text/graphemes.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("letters as people see them", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["আড্ডা", 2],
    ["কি", 1],
    ["👩‍👩‍👧‍👦🇧🇩", 2],
    ["e\u0301", 1],
    ["\r\n", 1],
  ])("of %j are %i", (text, count) => {
    expect(graphemeCount(text)).toBe(count);
  });

  it("are cut between, never inside", () => {
    expect(firstGraphemes("👩‍👩‍👧‍👦🇧🇩", 1)).toBe("👩‍👩‍👧‍👦");
    expect(firstGraphemes("কিখি", 1)).toBe("কি");
    expect(firstGraphemes("abc", 0)).toBe("");
    expect(firstGraphemes("ab", 5)).toBe("ab");
  });

  it("are the beginning of the text, as many as were wanted", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), fc.nat(12), (text, most) => {
        const first = firstGraphemes(text, most);
        expect(text.startsWith(first)).toBe(true);
        expect(graphemeCount(first)).toBeLessThanOrEqual(most);
        if (graphemeCount(text) >= most) expect(graphemeCount(first)).toBe(most);
      }),
    );
  });

  it("are code points where the browser knows nothing better", async () => {
    vi.resetModules();
    vi.stubGlobal("Intl", { ...Intl });
    const old = await import("../../src/text/graphemes.ts");
    expect(old.graphemeCount("কি👩")).toBe(3);
    expect(old.firstGraphemes("👩👩👩", 2)).toBe("👩👩");
  });
});

describe("bytes", () => {
  it("are those of UTF-8, as the server counts", () => {
    expect(byteCount("aé আ 👩")).toBe(Buffer.byteLength("aé আ 👩"));
  });
});
