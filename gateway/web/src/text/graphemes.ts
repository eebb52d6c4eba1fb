/** Letters as people see them, counted as the server does (UAX #29). */

const segmenter =
  // Missing in Firefox before 125: then code points are counted, which are never fewer.
  "Segmenter" in Intl ? new Intl.Segmenter("bn", { granularity: "grapheme" }) : null;
const encoder = new TextEncoder();

export function graphemeCount(text: string): number {
  if (segmenter === null) return [...text].length;
  let count = 0;
  for (const _ of segmenter.segment(text)) count++;
  return count;
}

export function byteCount(text: string): number {
  return encoder.encode(text).length;
}

/** The first `most` graphemes of `text`. */
export function firstGraphemes(text: string, most: number): string {
  if (text.length <= most) return text;
  if (segmenter === null) return [...text].slice(0, most).join("");
  let count = 0;
  for (const { index } of segmenter.segment(text)) {
    if (count === most) return text.slice(0, index);
    count++;
  }
  return text;
}
