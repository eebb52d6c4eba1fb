import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { transliterate } from "../../src/avro/engine.ts";
import words from "./words.json";

interface Difference {
  reason: string;
  /** Roman, and what we write. */
  ours: [string, string][];
}

/** Where words.json holds what avro-py writes, and we write something else. */
const DIFFERENCES: Difference[] = [
  {
    reason: "w between vowels is ওয়: a sign cannot hang on ও",
    ours: [
      ["dowa", "দওয়া"],
      ["nowakhali", "নওয়াখালি"],
      ["khawa", "খাওয়া"],
      ["dawat", "দাওয়াত"],
      ["khelowaR", "খেলওয়াড়"],
      ["khelowar", "খেলওয়ার"],
      ["TiTowenTi", "টিটওয়েন্টি"],
      ["jawa", "জাওয়া"],
      ["dewa", "দেওয়া"],
      ["newa", "নেওয়া"],
      ["pawa", "পাওয়া"],
      ["howa", "হওয়া"],
      ["khaOya dawa hoyeche?", "খাওয়া দাওয়া হয়েছে?"],
    ],
  },
  {
    reason: "a spelling of two letters is not torn: Dh is ঢ also after n",
    ours: [
      ["puranDhaka", "পুরানঢাকা"],
      ["obbhas", "অবভাস"],
      ["shobbho", "শবভ"],
    ],
  },
  {
    reason: "no word begins with ড়, য় or ণ: the capital is that of a name or a sentence",
    ours: [
      ["Rakib", "রাকিব"],
      ["Rahim", "রাহিম"],
      ["Yusuf", "ইয়ুসুফ"],
      ["Niye", "নিয়ে"],
    ],
  },
  {
    reason: "ঙ্ক্ষ and ক্ষ্র are conjuncts however ক্ষ is spelled",
    ours: [
      ["akankSha", "আকাঙ্ক্ষা"],
      ["kakxro", "কাক্ষ্র"],
    ],
  },
  {
    reason: "these letters carry no ra-fola in Bangla",
    ours: [
      ["kazra", "কাযরা"],
      ["kaRra", "কাড়রা"],
      ["kaRhra", "কাঢ়রা"],
      ["kaYra", "কায়রা"],
      ["kaksro", "কাক্সর"],
    ],
  },
  {
    reason: "rri is ঋ or its sign after every consonant",
    ours: [
      ["Ngrri", "ঙৃ"],
      ["NGrri", "ঞৃ"],
      ["rrri", "রৃ"],
    ],
  },
  {
    reason: "a chandrabindu does not begin a word anew",
    ours: [
      ["dhu^ya", "ধুঁয়া"],
      ["ga^ye", "গাঁয়ে"],
    ],
  },
  {
    reason: "commas, points and colons are punctuation where they stand on no consonant",
    ours: [
      ["bhalo,,", "ভাল,,"],
      ["bhalo :)", "ভাল :)"],
      ["pi 3.14, 10:30 Tay", "পি ৩.১৪, ১০:৩০ টায়"],
    ],
  },
];

const OURS = new Map(DIFFERENCES.flatMap(({ ours }) => ours));
const PAIRS = words.map(([roman = "", bangla = ""]) => ({ roman, bangla }));

describe("words", () => {
  it("come out as avro-py writes them, or as DIFFERENCES says", () => {
    const wrong = PAIRS.map(({ roman, bangla }) => ({
      roman,
      wanted: (OURS.get(roman) ?? bangla).normalize("NFC"),
      got: transliterate(roman),
    })).filter(({ wanted, got }) => wanted !== got);
    expect(wrong).toEqual([]);
  });

  it("are many, and of the differences each is one", () => {
    expect(PAIRS.length).toBeGreaterThan(2200);
    const avro = new Map(PAIRS.map(({ roman, bangla }) => [roman, bangla]));
    for (const [roman, ours] of OURS) {
      expect(avro.get(roman), roman).toBeDefined();
      expect(avro.get(roman), roman).not.toBe(ours.normalize("NFC"));
    }
  });
});

describe("a reader of Bangla finds", () => {
  it.each([
    ["ami banglay gan gai", "আমি বাংলায় গান গাই"],
    ["krikeT", "ক্রিকেট"],
    ["dhorrmo", "ধর্ম"],
    ["ryab", "র‍্যাব"],
    ["ut``sob", "উৎসব"],
    ["du:kh", "দুঃখ"],
    ["ca^d", "চাঁদ"],
    ["aZapel", "অ্যাপেল"],
    ["oZa", "অ্যা"],
    ["kooo", "কুঅ"],
    ["rongwala", "রংওয়ালা"],
    ["byongyo", "ব্যঙ্গ্য"],
    ["e`a`", "ো"],
    ["HELLO", "হেল্লো"],
    ["R", "ড়"],
    ["valo...", "ভাল..."],
    ["valo.", "ভাল।"],
    ["accha,,,", "আচ্ছা,,,"],
    ["500$", "৫০০৳"],
    [".` :` $` ^`", ". : $ ^"],
    ["", ""],
  ])("%s as %s", (roman, bangla) => {
    expect(transliterate(roman)).toBe(bangla.normalize("NFC"));
  });
});

it("the page of questions promises what comes out", () => {
  const page = new URL("../../../../deploy/docs/faq.bn.md", import.meta.url);
  const [, roman, bangla] = /`([^`]+)` লিখলে "([^"]+)"/.exec(readFileSync(page, "utf8")) ?? [];
  expect(transliterate(roman ?? "")).toBe(bangla);
});

describe("of any text", () => {
  const ascii = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  });

  it("the Bangla is in NFC and holds no roman letter", () => {
    fc.assert(
      fc.property(ascii, (roman) => {
        const bangla = transliterate(roman);
        expect(bangla).toBe(bangla.normalize("NFC"));
        expect(bangla).not.toMatch(/[a-zA-Z0-9]/);
      }),
    );
  });

  it("what is not ASCII passes unchanged", () => {
    const foreign = fc.string({ unit: "grapheme" }).filter((text) => !/[ -~]/.test(text));
    fc.assert(
      fc.property(foreign, (text) => {
        // The signs ে and া beside each other are the one pair that is written as one.
        fc.pre(!text.includes("\u09c7\u09be"));
        expect(transliterate(text)).toBe(text);
      }),
    );
  });
});
