import { kept, otherTabWrites } from "../browser_globals.ts";

import { beforeEach, describe, expect, it } from "vitest";

import { Kept, oneOf, yesOrNo } from "../../src/storage/kept.svelte.ts";
import { PREFIX } from "../../src/storage/shelf.ts";

const KEY = `${PREFIX}theme`;
const THEMES = ["system", "light", "dark"] as const;

function theme(): Kept<(typeof THEMES)[number]> {
  return new Kept<(typeof THEMES)[number]>("theme", "system", oneOf(THEMES));
}

beforeEach(() => {
  kept.texts.clear();
});

describe("a kept value", () => {
  it("is what it falls back to, and does not write that", () => {
    expect(theme().value).toBe("system");
    expect(kept.texts.size).toBe(0);
  });

  it("is there again after a reload", () => {
    theme().value = "dark";
    expect(theme().value).toBe("dark");
  });

  it("is what it falls back to where nobody can read what is kept", () => {
    for (const text of ["{", '"blue"', "3", "null", ""]) {
      kept.setItem(KEY, text);
      expect(theme().value).toBe("system");
    }
  });

  it("follows other tabs", () => {
    const value = theme();
    otherTabWrites({ key: KEY, newValue: '"dark"' });
    expect(value.value).toBe("dark");
    otherTabWrites({ key: `${PREFIX}other`, newValue: '"light"' });
    expect(value.value).toBe("dark");
    otherTabWrites({ key: KEY, newValue: null });
    expect(value.value).toBe("system");
    otherTabWrites({ key: KEY, newValue: "{" });
    expect(value.value).toBe("system");
  });

  it("may be no as well as yes", () => {
    const sound = new Kept<boolean>("sound", true, yesOrNo);
    sound.value = false;
    expect(new Kept<boolean>("sound", true, yesOrNo).value).toBe(false);
    kept.setItem(`${PREFIX}sound`, "0");
    expect(new Kept<boolean>("sound", true, yesOrNo).value).toBe(true);
  });

  it("hides no mistake in reading", () => {
    const read = (): never => {
      throw new RangeError("ours");
    };
    expect(() => new Kept<string>("x", "", read)).toThrow(RangeError);
  });
});
