import { describe, expect, it } from "vitest";

import { cleanName, isBlank } from "../../src/text/visible.ts";

describe("a text that shows nothing", () => {
  it.each(["", " \n\t", "\u0085\u001c", "\u200b\u200d\ufeff", "\u2800", "\u00ad \u2060"])(
    "is blank: %j",
    (text) => {
      expect(isBlank(text)).toBe(true);
    },
  );

  it.each(["ক", ".", "👍", "\u200dক", " ০ "])("is none if anything shows: %j", (text) => {
    expect(isBlank(text)).toBe(false);
  });
});

describe("a name", () => {
  it("keeps what makes র‍্যাব", () => {
    expect(cleanName("র\u200d্যাব")).toBe("র\u200d্যাব");
  });

  it("loses what the server refuses, and what nobody sees at its edges", () => {
    expect(cleanName("\u202eরাকিব\u2069\u0007")).toBe("রাকিব");
    expect(cleanName("  রাকিব \n হাসান ")).toBe("রাকিব হাসান");
    expect(cleanName("\ud800")).toBe("");
    expect(cleanName("\u200b")).toBe("");
  });

  it("has its dots as the server keeps them", () => {
    expect(cleanName("\u09df")).toBe("\u09af\u09bc");
  });
});
