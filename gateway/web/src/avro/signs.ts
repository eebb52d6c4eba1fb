/** What is no letter: digits, and the punctuation to which Avro gives a meaning. */

import { CHANDRABINDU, DARI, DIGITS, HASANTA, TAKA, VISARGA, ZWNJ } from "./rules.ts";

/** A piece of the input and what is written for it. */
export interface Sign {
  roman: string;
  bangla: string;
}

const DIGIT = /^[0-9]$/;
/** The backtick and the caret are letters too: a`: and da^R are one word each. */
export const PART_OF_WORD = /^[a-zA-Z`^]$/;

/**
 * Reads the sign at a place of the input.
 *
 * @param afterConsonant - whether a hasanta has something to stand below
 */
export function signAt(input: string, at: number, afterConsonant: boolean): Sign {
  const sign = input.charAt(at);
  if (DIGIT.test(sign)) return { roman: sign, bangla: DIGITS.charAt(Number(sign)) };
  if (".:^$".includes(sign) && input.charAt(at + 1) === "`") {
    return { roman: `${sign}\``, bangla: sign };
  }
  const run = runAt(input, at);
  if (sign === ".") return { roman: run, bangla: dots(run, input, at) };
  if (sign === ",") return { roman: run, bangla: commas(run, afterConsonant) };
  if (sign === "$") return { roman: sign, bangla: TAKA };
  const inWord = PART_OF_WORD.test(input.charAt(at - 1));
  if (sign === ":") return { roman: run, bangla: inWord && run === ":" ? VISARGA : run };
  if (sign === "^") return { roman: run, bangla: inWord && run === "^" ? CHANDRABINDU : run };
  return { roman: sign, bangla: sign };
}

/** The same character as often as it stands here. */
function runAt(input: string, at: number): string {
  let end = at + 1;
  while (input.charAt(end) === input.charAt(at)) end += 1;
  return input.slice(at, end);
}

/** A full stop is a dari; but in 1.5 it is a point, and three are an ellipsis. */
function dots(run: string, input: string, at: number): string {
  const inNumber = DIGIT.test(input.charAt(at - 1)) && DIGIT.test(input.charAt(at + 1));
  return inNumber || run.length > 2 ? run : DARI.repeat(run.length);
}

/** Two commas below a consonant are a hasanta; a row of them is how people pause. */
function commas(run: string, afterConsonant: boolean): string {
  return afterConsonant && run === ",," ? HASANTA + ZWNJ : run;
}
