/** What in a message is no Bangla in roman letters, and stays as it was typed. */

import { transliterate } from "./engine.ts";

// A span of code runs to its closing backtick, or to the end of the line while it is being typed.
// It opens at the beginning of a word only: in t`` the backticks belong to Avro.
const CODE_BLOCK = "(?<![`a-zA-Z0-9])```[^]*?(?:```|$)";
const CODE_SPAN = "(?<![`a-zA-Z0-9])`[^`\\n]+(?:`|$|(?=\\n))";
const ADDRESS = "(?<![a-zA-Z0-9])[a-zA-Z0-9][\\w.+-]*@\\w[\\w-]*(?:\\.[\\w-]+)+";
const LINK = "(?<![a-zA-Z0-9])(?:https?:\\/\\/|www\\.)[!-~]*";
const DOMAIN =
  "(?<![a-zA-Z0-9.@-])(?:[a-z0-9][a-z0-9-]*\\.)+(?:com|net|org|info|edu|gov|io|app|dev)(?:\\.bd)?" +
  "(?![a-zA-Z0-9-])(?:[:/?#][!-~]*)?";
const NAME_OR_TAG = "(?<![a-zA-Z0-9_`])[@#][\\p{L}\\p{M}\\p{N}_]+(?:[.-][\\p{L}\\p{M}\\p{N}_]+)*";
const SHORTCODE = "(?<![a-zA-Z0-9:]):[a-z][a-z0-9_+-]*:";
// A digit with a frame around it is one emoji: its digit is not to become a Bangla one.
const KEYCAP = "[0-9#*]\\ufe0f?\\u20e3";
const BANGLA = "[\\u0980-\\u09ff\\u200c\\u200d]+";

// Made of signs only: these may touch the word before them, as in bhalo:)
const SIGN_FACE =
  "[:;=]['^]?-?[()\\[\\]|\\\\/*{}]+|[:;]-?[)(]|\\^[_.-]*\\^|-_+-|<\\/?3+(?![0-9])|>[_.]+<";
// With a letter, which must not be the beginning of a word: xD, but not xDin.
const LETTER_FACE =
  "[:;=]-?[DPp](?![a-zA-Z`])|(?<![a-zA-Z0-9])(?:[:;=]-?[oO3Xx]|[xX]D+|[oO][_.]+[oO]|T_+T)(?![a-zA-Z0-9`])";

const UNTOUCHED = new RegExp(
  [
    CODE_BLOCK,
    CODE_SPAN,
    ADDRESS,
    LINK,
    DOMAIN,
    NAME_OR_TAG,
    SHORTCODE,
    KEYCAP,
    BANGLA,
    SIGN_FACE,
    LETTER_FACE,
  ].join("|"),
  "gu",
);
const OPEN_CODE = /(?<![`a-zA-Z0-9])(?:```(?:(?!```)[^])*|`[^`\n]*)$/u;

/**
 * The Bangla of a word or a message, without what must stay roman.
 *
 * Links, e-mail addresses, @names, #tags, smileys, :shortcodes:, `code` and Bangla itself come out
 * byte for byte as they went in; so does everything that is not ASCII.
 *
 * @param text - as it was typed
 */
export function toBangla(text: string): string {
  let bangla = "";
  let done = 0;
  for (const kept of text.matchAll(UNTOUCHED)) {
    bangla += transliterate(text.slice(done, kept.index)) + kept[0];
    done = kept.index + kept[0].length;
  }
  return bangla + transliterate(text.slice(done));
}

/** Whether a text ends within a span of code, so that a space does not end what is being typed. */
export function endsInCode(text: string): boolean {
  return OPEN_CODE.test(text);
}
