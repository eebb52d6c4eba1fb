import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { pieces, safeAddress } from "../../src/chat/links.ts";

function links(text: string): string[] {
  return pieces(text).flatMap((piece) => (piece.kind === "link" ? [piece.text] : []));
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("links in a text", () => {
  it("are found between other words", () => {
    expect(pieces("দেখুন https://example.org/a?b=c#d আর বলুন")).toEqual([
      { kind: "text", text: "দেখুন " },
      { kind: "link", text: "https://example.org/a?b=c#d", href: "https://example.org/a?b=c#d" },
      { kind: "text", text: " আর বলুন" },
    ]);
  });

  it("may be Bangla themselves", () => {
    const text = "https://bn.wikipedia.org/wiki/বাংলা_ভাষা";
    expect(links(text)).toEqual([text]);
    expect(pieces(text)[0]).toMatchObject({ href: encodeURI(text) });
  });

  it("are found right behind Bangla letters, but not inside an English word", () => {
    expect(links("লিংকhttps://a.org")).toEqual(["https://a.org"]);
    expect(links("xhttps://a.org")).toEqual([]);
  });

  it("are several, and in capitals too", () => {
    expect(links("HTTP://A.org,http://b.org http://c.org")).toEqual([
      "HTTP://A.org,http://b.org",
      "http://c.org",
    ]);
  });

  it("end before what ends the sentence", () => {
    for (const end of [
      ".",
      ",",
      "!",
      "?",
      ":",
      ";",
      "।",
      "॥",
      "”",
      "’",
      "…".slice(1),
      ").",
      "*",
      "**.",
    ]) {
      expect(links(`(দেখুন https://a.org/b${end}`)).toEqual(["https://a.org/b"]);
    }
  });

  it("keep a bracket that was opened in them", () => {
    expect(links("http://a.org/x_(y)")).toEqual(["http://a.org/x_(y)"]);
    expect(links("http://a.org/x_(y).")).toEqual(["http://a.org/x_(y)"]);
    expect(links("(http://a.org/x)")).toEqual(["http://a.org/x"]);
  });

  it("keep their own bracket inside the brackets of the sentence", () => {
    expect(links("(দেখুন http://a.org/x_(y))")).toEqual(["http://a.org/x_(y)"]);
    expect(links("(http://a.org/x_(y)).")).toEqual(["http://a.org/x_(y)"]);
    expect(links("*http://a.org/x_(y)*")).toEqual(["http://a.org/x_(y)"]);
  });

  it("are no links when they are not http or https, or carry a password", () => {
    const others = ["javascript:alert(1)", "data:text/html,x", "ftp://a.org", "mailto:a@b.org"];
    for (const text of [
      ...others,
      "https://a@b.org",
      "https://a:b@c.org",
      "https://",
      "http://.",
    ]) {
      expect(pieces(text)).toEqual([{ kind: "text", text }]);
    }
  });

  it("never carry what could end an attribute", () => {
    expect(links(`https://a.org/"onclick="x`)).toEqual(["https://a.org/"]);
    expect(links("https://a.org/<script>")).toEqual(["https://a.org/"]);
  });

  it("are found by browsers without URL.canParse, as Safari 16 is", () => {
    vi.spyOn(URL, "canParse").mockImplementation(() => {
      throw new TypeError("URL.canParse is not a function");
    });
    expect(links("https://a.org")).toEqual(["https://a.org"]);
    expect(safeAddress("https://[")).toBeNull();
  });

  it("cost no time in texts made to cost some", () => {
    const marks = ")".repeat(4_000);
    expect(pieces(`http://a.org/${"(".repeat(2_000)}${marks}`).length).toBeGreaterThan(0);
    expect(pieces(`http://a.org/${".".repeat(4_000)}x`)).toHaveLength(1);
  });
});

const word = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(
    "http://",
    "https://a.org",
    "HTTPS://b",
    "(",
    ")",
    "।",
    ".",
    " ",
    "@",
    "]",
    "\u200d",
  ),
);

describe("the pieces of any text", () => {
  it("are together the text, and every link is safe", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join("");
        const found = pieces(text);
        expect(found.map((piece) => piece.text).join("")).toBe(text);
        for (const piece of found) {
          expect(piece.text).not.toBe("");
          if (piece.kind === "link") expect(safeAddress(piece.text)).toBe(piece.href);
        }
      }),
      { numRuns: 500 },
    );
  });
});
