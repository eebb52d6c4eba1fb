import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { endsInCode, toBangla } from "../../src/avro/protect.ts";

const LINKS = [
  "http://",
  "https://example.com/a?b=c&d=1#e",
  "www.prothomalo.com/khela",
  "youtube.com/watch?v=1a2B",
  "bdnews24.com",
  "bkash.com.bd",
  "rakib.hasan+1@mail.example.com",
];
const NAMES = ["@rakib", "@Rakib_99", "@রাকিব_99", "#tag", "#cricket2026", "#বাংলা"];
const FACES = [
  ...[":)", ":-)", ":(", ":-(", ";)", ";-)", ":D", ":-D", ":P", ":p", ":/", ":|", ":*", ":'("],
  ...["=)", "=D", "<3", "</3", "^_^", "^^", "xD", "XD", "T_T", "o_O", ":O", ":3", "-_-", ">_<"],
];
const OTHERS = ["😀", "❤️", "1️⃣", ":smile:", "`let x = 1`", "```\nconst a;\n```", "আমি", "৳"];

describe("untouched stays", () => {
  it.each([...LINKS, ...NAMES, ...FACES, ...OTHERS])("%s alone and among words", (kept) => {
    expect(toBangla(kept)).toBe(kept);
    expect(toBangla(`ami ${kept} tumi`)).toBe(`আমি ${kept} তুমি`);
    expect(toBangla(`ami\n${kept}\ntumi`)).toBe(`আমি\n${kept}\nতুমি`);
  });

  it.each([":)", ":-)", ":D", ":P", ";)", ":(", "<3", ":/", "^_^"])(
    "%s right after a word",
    (face) => {
      expect(toBangla(`bhalo${face}`)).toBe(`ভাল${face}`);
      expect(toBangla(`bhalo${face} na`)).toBe(`ভাল${face} না`);
    },
  );

  it("any mix of these, byte for byte", () => {
    const kept = fc.constantFrom(...LINKS, ...NAMES, ...FACES, ...OTHERS);
    fc.assert(
      fc.property(fc.array(kept), (some) => {
        expect(toBangla(some.join(" "))).toBe(some.join(" "));
      }),
    );
  });

  it("every text that no roman keyboard writes", () => {
    const foreign = fc.string({ unit: "binary" }).map((text) => text.replace(/[ -~]/g, ""));
    fc.assert(fc.property(foreign, (text) => toBangla(text) === text));
  });
});

describe("Bangla becomes", () => {
  it.each([
    ["du:kh", "দুঃখ"],
    ["pun:prokash", "পুনঃপ্রকাশ"],
    ["Din", "ডিন"],
    ["10:30", "১০:৩০"],
    ["hoThat`` elo", "হঠাৎ এল"],
    ["ami (tumi) :) se", "আমি (তুমি) :) সে"],
    ["valo.ar ki", "ভাল।আর কি"],
    ["আমি bhalo", "আমি ভাল"],
    ["ei `ki` na", "এই `ki` না"],
    ["ei `ki na", "এই `ki na"],
    ["xDin", "এক্সডিন"],
  ])("%s: %s", (roman, bangla) => {
    expect(toBangla(roman)).toBe(bangla.normalize("NFC"));
  });
});

it("a span of code is open until its last backtick", () => {
  expect(["`a b", "```a\nb", "ami `"].map(endsInCode)).toEqual([true, true, true]);
  expect(["`a`", "```a```", "ami", "t``", "`a\nb"].map(endsInCode)).toEqual(Array(5).fill(false));
});

it("nothing makes it throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => typeof toBangla(text) === "string"),
  );
});

// Milliseconds as written; a pattern that goes back again and again would take minutes.
it("a long message does not take for ever", () => {
  const before = performance.now();
  for (const piece of ["a.", "a", ":", "`", "@a", "a@", "www.", "x^", "```"]) {
    toBangla(piece.repeat(2000 / piece.length));
  }
  expect(performance.now() - before).toBeLessThan(5_000);
});
