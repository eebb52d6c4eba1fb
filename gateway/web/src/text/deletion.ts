/** What Backspace takes away, letter by letter as readers of Bangla see them. Pure. */

const NUKTA = "\u09bc";
const HASANTA = "\u09cd";
const JOINERS = /[\u200c\u200d]/;
const BANGLA = /\p{Script=Bengali}/u;
/** A Bangla letter with its signs, and the conjunct that leads to it: browsers differ about that. */
const LETTER =
  /(?:[\u0995-\u09b9\u09dc-\u09df\u09f0\u09f1]\u09bc?\u200d?\u09cd\u200d?(?=[\u0995-\u09b9\u09dc-\u09df\u09f0\u09f1]))*\p{Script=Bengali}[\p{M}\u200c\u200d]*$/u;

const segmenter = "Segmenter" in Intl ? new Intl.Segmenter("bn") : null;

/** What Backspace does before the caret: the grapheme from `start` on becomes `rest`. */
export interface Deletion {
  readonly start: number;
  readonly rest: string;
}

/**
 * Deletes so that what is left before `caret` ends in a whole letter.
 *
 * Browsers delete one code point of Bangla: ড় loses its dot, ক্ষ keeps a hasanta that nobody typed.
 * Here a letter goes with its dot, and a hasanta with the letter it led to; vowel signs go alone,
 * as on paper. Of other scripts and emoji the whole grapheme goes.
 */
export function deletion(text: string, caret: number): Deletion {
  const start = graphemeStart(text, caret);
  const grapheme = text.slice(start, caret);
  if (!BANGLA.test(grapheme)) return { start, rest: "" };
  const points = Array.from(grapheme);
  const last = points.pop();
  if (last === NUKTA) points.pop();
  while (points.length > 0 && isLink(points.at(-1) ?? "")) points.pop();
  return { start, rest: points.join("") };
}

function isLink(point: string): boolean {
  return point === HASANTA || JOINERS.test(point);
}

function graphemeStart(text: string, caret: number): number {
  // Far enough back for any grapheme, so that long texts cost nothing.
  const from = Math.max(0, caret - 64);
  const before = text.slice(from, caret);
  const last =
    LETTER.exec(before)?.[0] ??
    (segmenter === null ? Array.from(before).at(-1) : lastSegment(before));
  return caret - (last?.length ?? 0);
}

function lastSegment(text: string): string | undefined {
  let last: string | undefined;
  for (const { segment } of segmenter?.segment(text) ?? []) last = segment;
  return last;
}
