/** Texts that show nothing, and names that would deceive; as the server judges them. Pure. */

/** White space, controls and what every font draws as nothing (shared/domain/text.py). */
const INVISIBLE =
  /^[\s\p{White_Space}\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]*$/u;
/** Controls, line separators, halves of pairs, and what turns the direction of writing. */
const NEVER_IN_NAMES = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** The server takes no message that shows nothing. */
export function isBlank(text: string): boolean {
  return INVISIBLE.test(text);
}

/** The name without what the server refuses and nobody sees, its spaces single. */
export function cleanName(raw: string): string {
  const name = raw
    .replace(/[\t\n\r]/g, " ")
    .replace(NEVER_IN_NAMES, "")
    .normalize("NFC")
    .replace(/\s+/gu, " ")
    .trim();
  return isBlank(name) ? "" : name;
}
