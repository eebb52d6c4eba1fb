/**
 * Avro as an input method: what a key does to a field and to the word being typed in it.
 *
 * The roman letters of that word are kept beside the field, which shows their Bangla; each key
 * changes the roman letters, and the whole word is read anew. All functions are pure and know
 * nothing of the browser: the caller writes the field they return, and keeps the rest.
 */

import { endsInCode, toBangla } from "./protect.ts";

/** A field of text; a selection was replaced or collapsed by the caller. */
export interface Field {
  readonly text: string;
  /** In UTF-16 code units, as `selectionStart` counts. */
  readonly caret: number;
}

/** The word being typed: it stands in the field at `start` as `shown`, which ends at the caret. */
export interface Composition {
  readonly start: number;
  readonly roman: string;
  readonly shown: string;
}

/** What a key has made of the field. */
export interface Step {
  readonly field: Field;
  readonly composition: Composition | null;
  /** The word that white space ended just before the caret; `backspace` takes it up again. */
  readonly ended: Composition | null;
}

/** What a bubble below the caret shows. */
export interface Preview {
  readonly roman: string;
  readonly bangla: string;
}

// A run of what may belong to a word, a link or a smiley; or a character that does not. The digit
// of a keycap emoji belongs to the emoji.
const PIECES = /(?:[!-~](?!\ufe0f?\u20e3))+|[!-~]\ufe0f?\u20e3|[^!-~]/gu;
const TYPABLE = /^[!-~]+$/;
// Letters that stay roman: typed with Avro off, or given back by `undoLast`.
const ROMAN_WORD = /(?:[a-zA-Z][!-~]*|(?<!\S)[@#][\p{L}\p{M}\p{N}_]*)$/u;

/**
 * Types characters at the caret: one by a key, or many by a swipe or a suggestion.
 *
 * White space and all that no key of a roman keyboard writes end the word. A word that stands there
 * in roman letters already is continued in roman letters.
 */
export function typeText(field: Field, composition: Composition | null, inserted: string): Step {
  let step: Step = { field, composition: standing(field, composition), ended: null };
  for (const [piece] of inserted.matchAll(PIECES)) step = typePiece(step, piece);
  return step;
}

/**
 * Takes back the last roman letter: ami is আমি, and after this আম.
 *
 * @param ended - as the last step told: a space just typed goes, and its word is open again
 * @returns null where the browser's own deletion is to act
 */
export function backspace(
  field: Field,
  composition: Composition | null,
  ended: Composition | null = null,
): Step | null {
  const current = standing(field, composition);
  if (current !== null)
    return rewrite(field, current, Array.from(current.roman).slice(0, -1).join(""));
  if (ended === null || spaceAfter(field, ended)?.length !== 1) return null;
  return {
    field: replace(field, field.caret - 1, field.caret, ""),
    composition: ended,
    ended: null,
  };
}

/** Escape: shows the roman letters instead, and ends the word. Null without a word. */
export function showRoman(field: Field, composition: Composition | null): Step | null {
  const current = standing(field, composition);
  if (current === null) return null;
  const text = replace(field, current.start, field.caret, current.roman);
  return { field: text, composition: null, ended: null };
}

/** Turns the word that a space just ended back to roman letters. Null if it is not there any more. */
export function undoLast(field: Field, ended: Composition | null): Step | null {
  const space = ended === null ? null : spaceAfter(field, ended);
  if (ended === null || space === null) return null;
  const text = replace(field, ended.start, field.caret, ended.roman + space);
  return { field: text, composition: null, ended: null };
}

/**
 * Replaces the roman letters of the word, as Gboard does on each key and by its suggestions.
 *
 * Without a word it begins one; white space in the letters ends it, as typed.
 */
export function recompose(field: Field, composition: Composition | null, romanWord: string): Step {
  const current = standing(field, composition);
  if (current === null) return typeText(field, null, romanWord);
  const emptied = replace(field, current.start, field.caret, "");
  const empty: Composition = { start: current.start, roman: "", shown: "" };
  const step = typeText(emptied, empty, romanWord);
  return romanWord === "" ? { ...step, composition: null } : step;
}

/**
 * Follows an edit that the browser has made already, as on keyboards that let nothing prevent it.
 *
 * @param field - as it was before
 * @param after - what the browser made of it
 */
export function follow(field: Field, composition: Composition | null, after: Field): Step {
  const current = standing(field, composition);
  const { from, to, inserted } = difference(field, after);
  const accepted: Step = { field: after, composition: null, ended: null };
  if (to !== field.caret) return accepted;
  if (from === to) return typeText(field, current, inserted);
  if (current === null || from < current.start) return accepted;
  const aKey = inserted === "" && (from > current.start || to - from === 1);
  if (aKey) return backspace(field, current) ?? accepted;
  return from === current.start ? recompose(field, current, inserted) : accepted;
}

/** What the bubble below the caret shows of the word; null without one. */
export function preview(composition: Composition | null): Preview | null {
  return composition && { roman: composition.roman, bangla: composition.shown };
}

/** The word, if it still stands where it was and the caret at its end: the user may have moved. */
function standing(field: Field, composition: Composition | null): Composition | null {
  if (composition === null) return null;
  const end = composition.start + composition.shown.length;
  const there =
    field.caret === end && field.text.slice(composition.start, end) === composition.shown;
  return there ? composition : null;
}

function typePiece(step: Step, piece: string): Step {
  const { field, composition } = step;
  const inCode = composition !== null && piece !== "\n" && endsInCode(composition.roman);
  if (inCode || TYPABLE.test(piece)) {
    if (composition !== null) return rewrite(field, composition, composition.roman + piece);
    const staysRoman = ROMAN_WORD.test(field.text.slice(0, field.caret));
    if (!staysRoman) return rewrite(field, { start: field.caret, roman: "", shown: "" }, piece);
  }
  const typed = replace(field, field.caret, field.caret, piece);
  const ended = /\s/.test(piece) && composition?.roman ? composition : null;
  return { field: typed, composition: null, ended };
}

/** Shows other roman letters in place of the word's. */
function rewrite(field: Field, { start }: Composition, roman: string): Step {
  const shown = toBangla(roman);
  const text = replace(field, start, field.caret, shown);
  return { field: text, composition: roman === "" ? null : { start, roman, shown }, ended: null };
}

/** The white space between a word that was ended and the caret; null if anything else is there. */
function spaceAfter(field: Field, ended: Composition): string | null {
  const end = ended.start + ended.shown.length;
  const space = field.text.slice(end, field.caret);
  return field.text.slice(ended.start, end) === ended.shown && /^\s+$/.test(space) ? space : null;
}

/** Puts text in place of a range, and the caret behind it. */
function replace(field: Field, from: number, to: number, text: string): Field {
  return {
    text: field.text.slice(0, from) + text + field.text.slice(to),
    caret: from + text.length,
  };
}

/** The range of the field that an edit replaced, and by what; an edit leaves the caret behind it. */
function difference(field: Field, after: Field): { from: number; to: number; inserted: string } {
  const rest = after.text.length - after.caret;
  const to = Math.max(field.text.length - rest, 0);
  const most = Math.min(to, after.caret);
  let from = 0;
  while (from < most && field.text[from] === after.text[from]) from += 1;
  return { from, to, inserted: after.text.slice(from, after.caret) };
}
