/** Reads roman letters as Avro phonetic: the longest spelling first, from left to right. */

import {
  ANUSVARA,
  AT_WORD_START,
  CONJUNCTS,
  CONSONANTS,
  FOLAS,
  HASANTA,
  KHANDA_TA,
  MEANINGFUL_CAPITALS,
  NASALS,
  VOWELS,
  WITHOUT_RA_FOLA,
  YYA,
  ZWJ,
} from "./rules.ts";
import { PART_OF_WORD, signAt } from "./signs.ts";

/** What is written so far, and what of it the next letters depend on. */
interface Page {
  text: string;
  /** The consonant, conjunct or fola at the end, which takes signs and folas and joins; or "". */
  tail: string;
  /** The roman vowel at the end; or "". */
  vowel: string;
}

const LETTER = /[a-zA-Z]/;
const VOWEL = /[aeiouIOU]/;
const LONGEST = 3;
const SPELLINGS: ReadonlySet<string> = new Set([
  ...VOWELS.keys(),
  ...CONSONANTS.keys(),
  ...["ng", KHANDA_TA.roman],
]);

/**
 * The Bangla of roman letters, as Avro phonetic reads them.
 *
 * All but ASCII letters, digits and the signs of Avro passes unchanged. It knows nothing of links,
 * names and smileys: `toBangla` is for text that may hold them.
 *
 * @param roman - what was typed
 * @returns Bangla, in NFC
 */
export function transliterate(roman: string): string {
  const input = foldCase(roman);
  const page: Page = { text: "", tail: "", vowel: "" };
  let at = 0;
  while (at < input.length) at += writeNext(page, input, at);
  // The one pair of signs that NFC writes as one: e`a`
  return page.text.replaceAll("\u09c7\u09be", "\u09cb");
}

function foldCase(roman: string): string {
  return roman.replace(/[A-Z]/g, (capital) =>
    MEANINGFUL_CAPITALS.includes(capital) ? capital : capital.toLowerCase(),
  );
}

/** Writes what the spelling here stands for; says how many characters it took. */
function writeNext(page: Page, input: string, at: number): number {
  if (!LETTER.test(input.charAt(at))) return writeSign(page, input, at);
  if (isReph(page, input, at)) {
    write(page, "র" + HASANTA);
    return "rr".length;
  }
  const spelling = spellingAt(input, at);
  const next = input.charAt(at + spelling.length);
  if (VOWELS.has(spelling)) return spelling.length + writeVowel(page, spelling, next);
  if (spelling === KHANDA_TA.roman) write(page, KHANDA_TA.bangla);
  else if (spelling === "ng") writeNg(page, next);
  else if (carries(page, spelling)) writeFola(page, spelling);
  else if (spelling === "w") writeW(page, next);
  else writeConsonant(page, spelling, startsWord(input, at, next));
  return spelling.length;
}

/** rr is a reph, if a consonant follows that can carry it and no ra-fola is meant: dhorrmo. */
function isReph(page: Page, input: string, at: number): boolean {
  if (page.tail !== "" || !input.startsWith("rr", at)) return false;
  const next = spellingAt(input, at + 2);
  return CONSONANTS.has(next) && !FOLAS.has(next);
}

/** Capitals stand for their neighbour only where more of a word follows: R alone is still ড়. */
function startsWord(input: string, at: number, next: string): boolean {
  const alone = /[A-Z]/.test(input.charAt(at)) && !LETTER.test(next);
  return !alone && !PART_OF_WORD.test(input.charAt(at - 1));
}

function spellingAt(input: string, at: number): string {
  for (let length = LONGEST; length > 1; length -= 1) {
    const candidate = input.slice(at, at + length);
    if (SPELLINGS.has(candidate)) return candidate;
  }
  return input.charAt(at);
}

/** Puts text at the end; what is not told, the next letters do not depend on. */
function write(page: Page, text: string, tail = "", vowel = ""): void {
  page.text += text;
  page.tail = tail;
  page.vowel = vowel;
}

function writeSign(page: Page, input: string, at: number): number {
  const sign = signAt(input, at, page.tail !== "");
  // A chandrabindu does not part a vowel from the য় after it.
  write(page, sign.bangla, "", sign.roman === "^" ? page.vowel : "");
  return sign.roman.length;
}

/** Says how many of the characters after the vowel belong to it. */
function writeVowel(page: Page, spelling: string, next: string): number {
  const [letter = "", sign = ""] = VOWELS.get(spelling) ?? [];
  const forced = next === "`"; // a` is the sign, whatever stands before it
  const whole = afterVowel(page.vowel, spelling) ?? letter;
  write(page, forced || page.tail !== "" ? sign : whole, "", spelling);
  return forced ? "`".length : 0;
}

/** Two vowels that Bangla parts by a letter: ia is ইয়া, ao is আও. */
function afterVowel(before: string, spelling: string): string | undefined {
  if (spelling === "a" && before !== "" && before !== "a") return `${YYA}া`;
  if (spelling === "o" && before !== "" && !before.endsWith("o")) return "ও";
  return undefined;
}

/** ng is ঙ্গ before what a consonant carries, otherwise ং. */
function writeNg(page: Page, next: string): void {
  if (/[aeiouyIOUZ]/.test(next)) write(page, "ঙ্গ", "ঙ্গ");
  else write(page, ANUSVARA);
}

/** w is ও, and ওয় before a vowel: wala, dewa, jaw. */
function writeW(page: Page, next: string): void {
  if (VOWEL.test(next)) write(page, `ও${YYA}`, YYA);
  else write(page, "ও", "", "O");
}

function writeFola(page: Page, spelling: string): void {
  const fola = FOLAS.get(spelling) ?? "";
  write(page, page.tail === "র" && spelling !== "w" ? ZWJ + fola : fola, fola);
}

function writeConsonant(page: Page, spelling: string, atStart: boolean): void {
  const letter = CONSONANTS.get(spelling) ?? spelling;
  const first = atStart ? AT_WORD_START.get(spelling) : undefined;
  if (first === undefined) join(page, letter);
  else write(page, first, first.endsWith(letter) ? letter : first);
}

/** Whether a letter is written as a fola of what stands before it. */
function carries({ tail, text }: Page, letter: string): boolean {
  if (!FOLAS.has(letter)) return false;
  if (letter === "Z" && /[অএ]$/.test(text)) return true; // oZa, eZa
  if (tail === "" || tail === FOLAS.get("y")) return false;
  if (letter === "r") return !tail.startsWith(HASANTA) && !WITHOUT_RA_FOLA.has(tail);
  return tail !== FOLAS.get(letter);
}

/** Below or beside what stands there, if the two are a conjunct; otherwise as the next letter. */
function join(page: Page, letter: string): void {
  const tail = page.tail === "ন" ? (NASALS.get(letter) ?? "ন") : page.tail;
  const conjunct = tail + HASANTA + letter;
  if (!CONJUNCTS.has(conjunct)) {
    write(page, letter, letter);
    return;
  }
  page.text = page.text.slice(0, page.text.length - tail.length);
  write(page, conjunct, conjunct);
}
