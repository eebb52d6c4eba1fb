import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { toBangla } from "../../src/avro/protect.ts";
import {
  backspace,
  follow,
  preview,
  recompose,
  showRoman,
  typeText,
  undoLast,
  type Field,
  type Step,
} from "../../src/avro/typing.ts";

const START: Step = { field: { text: "", caret: 0 }, composition: null, ended: null };

// A key types a whole emoji at once, of however many code points.
const SEGMENTER = new Intl.Segmenter("bn", { granularity: "grapheme" });
const lettersOf = (text: string): string[] =>
  Array.from(SEGMENTER.segment(text), (one) => one.segment);

function at(text: string, caret = text.length): Step {
  return { ...START, field: { text, caret } };
}

function type(step: Step, text: string): Step {
  return typeText(step.field, step.composition, text);
}

function typeByLetter(step: Step, text: string): Step {
  return lettersOf(text).reduce(type, step);
}

/** As the page does: where Avro has nothing to say, the browser deletes. */
function pressBackspace(step: Step): Step {
  const { text, caret } = step.field;
  const deleted = {
    text: text.slice(0, Math.max(caret - 1, 0)) + text.slice(caret),
    caret: Math.max(caret - 1, 0),
  };
  const byBrowser: Step = { field: deleted, composition: null, ended: null };
  return backspace(step.field, step.composition, step.ended) ?? byBrowser;
}

const MESSAGE = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.stringMatching(/^[a-zA-Z]{1,8}$/) },
      { weight: 3, arbitrary: fc.stringMatching(/^[!-~]{1,4}$/) },
      { weight: 3, arbitrary: fc.constantFrom(" ", "\n", "  ") },
      fc.constantFrom(":)", "@rakib", "http://a.bd/?x=1", "😀", " 1️⃣ ", "`a b`", "#x", "^_^"),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

describe("typing", () => {
  it("shows Bangla of the word and keeps its roman letters", () => {
    const step = typeByLetter(START, "ami");
    expect(step.field).toEqual({ text: "আমি", caret: 3 });
    expect(step.composition).toEqual({ start: 0, roman: "ami", shown: "আমি" });
    expect(preview(step.composition)).toEqual({ roman: "ami", bangla: "আমি" });
    expect(preview(null)).toBeNull();
  });

  it("goes on after white space with the next word", () => {
    const step = typeByLetter(START, "ami banglay gan gai");
    expect(step.field.text).toBe("আমি বাংলায় গান গাই".normalize("NFC"));
    expect(step.composition?.roman).toBe("gai");
  });

  it("in the middle of a text leaves the rest as it is", () => {
    expect(typeByLetter(at("আমি  যাই", 4), "na").field).toEqual({ text: "আমি না যাই", caret: 6 });
  });

  it("ends the word where the caret was moved away", () => {
    const { composition } = typeByLetter(START, "ami");
    const moved: Field = { text: "আমি", caret: 0 };
    expect(typeText(moved, composition, "o").field).toEqual({ text: "অআমি", caret: 1 });
  });

  it.each(["http://", "https://a.com/b?c=d", "@rakib", "#tag", ":)", "bhalo:D", "`let x = 1`"])(
    "of %s comes to what stays roman",
    (text) => {
      expect(typeByLetter(START, text).field.text).toBe(toBangla(text));
      expect(typeByLetter(START, text).field.text.endsWith(text.slice(-2))).toBe(true);
    },
  );

  it("continues a word of roman letters in roman letters", () => {
    expect(typeByLetter(at("hello"), "s").field.text).toBe("hellos");
    expect(typeByLetter(at("@রাকিব"), "99").field.text).toBe("@রাকিব99");
    expect(typeByLetter(at("hello"), " ami").field.text).toBe("hello আমি");
  });

  it("of a swiped word or a suggestion does what its letters do", () => {
    expect(type(START, "kemon ").field.text).toBe("কেমন ");
    expect(type(type(START, "ke"), "mon").field.text).toBe("কেমন");
  });

  it("letter by letter equals reading all at once", () => {
    fc.assert(
      fc.property(MESSAGE, (text) => {
        fc.pre(!/[`]/.test(text.replaceAll("`a b`", "")));
        expect(typeByLetter(START, text).field.text).toBe(toBangla(text));
      }),
      { numRuns: 300 },
    );
  });

  it("never throws, and the caret stays in the field", () => {
    const any = fc.tuple(fc.string({ unit: "binary" }), fc.nat(20), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(any, ([text, caret, inserted]) => {
        const { field } = typeByLetter(at(text, Math.min(caret, text.length)), inserted);
        expect(field.caret).toBeLessThanOrEqual(field.text.length);
      }),
    );
  });
});

describe("Backspace", () => {
  it("takes back one roman letter", () => {
    const once = pressBackspace(typeByLetter(START, "ami"));
    expect(once.field).toEqual({ text: "আম", caret: 2 });
    expect(once.composition?.roman).toBe("am");
  });

  it("without a word is left to the browser", () => {
    expect(backspace({ text: "আমি", caret: 3 }, null)).toBeNull();
    expect(backspace({ text: "আমি ", caret: 4 }, null)).toBeNull();
  });

  it("after the space opens the word again", () => {
    const step = pressBackspace(typeByLetter(START, "ami "));
    expect(step.field.text).toBe("আমি");
    expect(pressBackspace(step).field.text).toBe("আম");
  });

  it("often enough leaves an empty field", () => {
    fc.assert(
      fc.property(MESSAGE, (text) => {
        let step = typeByLetter(START, text);
        for (let key = 0; key < text.length * 4; key += 1) step = pressBackspace(step);
        expect(step).toEqual(START);
      }),
    );
  });

  it("undoes each letter of a word exactly", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z:^,.]{2,12}$/), (word) => {
        expect(pressBackspace(typeByLetter(START, word))).toEqual(
          typeByLetter(START, word.slice(0, -1)),
        );
      }),
    );
  });
});

describe("roman letters come back", () => {
  it("by Escape, for the word being typed, which then stays roman", () => {
    const { field, composition } = typeByLetter(START, "ami office");
    const step = showRoman(field, composition);
    expect(step?.field.text).toBe("আমি office");
    expect(step && typeByLetter(step, "s e").field.text).toBe("আমি offices এ");
    expect(showRoman(field, null)).toBeNull();
  });

  it("by undoLast, for the word a space has ended", () => {
    const { field, ended } = typeByLetter(START, "ami office ");
    expect(undoLast(field, ended)?.field).toEqual({ text: "আমি office ", caret: 11 });
    expect(undoLast({ ...field, caret: 2 }, ended)).toBeNull();
    expect(undoLast(field, null)).toBeNull();
  });
});

describe("a mobile keyboard", () => {
  it("replaces the word as it composes", () => {
    let step = START;
    for (const word of ["k", "ke", "kem", "kemon"])
      step = recompose(step.field, step.composition, word);
    expect(step.field).toEqual({ text: "কেমন", caret: 4 });
    step = recompose(step.field, step.composition, "kemon ");
    expect(step).toEqual({ ...at("কেমন "), ended: { start: 0, roman: "kemon", shown: "কেমন" } });
    expect(recompose(type(START, "ke").field, type(START, "ke").composition, "")).toEqual(START);
  });

  it.each([
    ["types a letter", { text: "কেমa", caret: 4 }, "কেমা", "kema"],
    ["replaces the word", { text: "kemon", caret: 5 }, "কেমন", "kemon"],
    ["deletes a letter", { text: "কে", caret: 2 }, "কে", "ke"],
    ["deletes the word", { text: "", caret: 0 }, "", undefined],
    ["edits elsewhere", { text: "xকেম", caret: 1 }, "xকেম", undefined],
  ])("which %s by itself is followed", (_, after, text, roman) => {
    const { field, composition } = typeByLetter(START, "kem");
    const step = follow(field, composition, after);
    expect(step.field.text).toBe(text);
    expect(step.composition?.roman).toBe(roman);
  });
});
