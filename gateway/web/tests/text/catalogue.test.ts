import { describe, expect, it } from "vitest";

import { bn } from "../../src/text/bn.ts";
import { catalogues } from "../../src/text/catalogue.svelte.ts";
import { en } from "../../src/text/en.ts";
import { staffBn } from "../../src/text/staff_bn.ts";
import { staffEn } from "../../src/text/staff_en.ts";

const ALL_BN: Readonly<Record<string, string>> = { ...bn, ...staffBn };
const ALL_EN: Readonly<Record<string, string>> = { ...en, ...staffEn };
const KEYS = Object.keys(ALL_BN);
const BANGLA = /\p{Script=Bengali}/u;

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w*)\}/g)].map(([, name]) => name ?? "").sort();
}

describe("the catalogues", () => {
  it("have the same texts, in the same order", () => {
    expect(Object.keys(ALL_EN)).toEqual(KEYS);
  });

  it.each(KEYS)("have the same places to fill in %s", (key) => {
    expect(placeholders(ALL_EN[key] ?? "")).toEqual(placeholders(ALL_BN[key] ?? ""));
    expect(placeholders(ALL_BN[key] ?? "")).not.toContain("");
  });

  it.each(KEYS)("say something in %s, without space around it", (key) => {
    for (const text of [ALL_BN[key] ?? "", ALL_EN[key] ?? ""]) {
      expect(text).not.toBe("");
      expect(text).toBe(text.trim());
      expect(text).toBe(text.normalize("NFC"));
    }
  });

  it("have no text twice", () => {
    expect(KEYS.length).toBe(Object.keys(bn).length + Object.keys(staffBn).length);
  });

  it("are each in their own language", () => {
    const names: readonly string[] = ["language.bn", "language.en"];
    for (const key of KEYS.filter((each) => !names.includes(each))) {
      expect(ALL_BN[key] ?? "", key).toMatch(BANGLA);
      expect(ALL_EN[key] ?? "", key).toMatch(/[A-Za-z]/);
    }
  });

  it("have Bangla digits in Bangla", () => {
    for (const key of KEYS) expect(ALL_BN[key] ?? "", key).not.toMatch(/[0-9]/);
  });
});

describe("the language that is shown", () => {
  it("is the one that was chosen last, also where the other's texts come late", async () => {
    const late = catalogues.show("en");
    await catalogues.show("bn");
    expect(catalogues.shown).toEqual({ language: "bn", texts: bn });
    await late;
    expect(catalogues.shown).toEqual({ language: "bn", texts: bn });
  });

  it("is English for who came back to it before its texts were there", async () => {
    const first = catalogues.show("en");
    await catalogues.show("bn");
    await Promise.all([first, catalogues.show("en")]);
    expect(catalogues.shown).toEqual({ language: "en", texts: en });
  });
});
