/**
 * Avro phonetic, as one would explain it to somebody who reads Bangla.
 *
 * Everything here is data: which roman letters stand for which Bangla letter, and which Bangla
 * letters join. How a word is read with these tables stands in `engine.ts`.
 */

export const HASANTA = "\u09cd";
export const CHANDRABINDU = "\u0981";
export const ANUSVARA = "\u0982";
export const VISARGA = "\u0983";
export const DARI = "\u0964";
export const TAKA = "\u09f3";
/** After a hasanta: it is shown, and joins nothing. */
export const ZWNJ = "\u200c";
/** Before a ya-fola: র‍্য, instead of a reph on য. */
export const ZWJ = "\u200d";

// The three letters with a dot below are two code points in NFC, the form the server stores.
const RRA = "\u09a1\u09bc"; // ড়
const RHA = "\u09a2\u09bc"; // ঢ়
export const YYA = "\u09af\u09bc"; // য়

/** Capitals which mean something else than the small letter; all others are read as small. */
export const MEANINGFUL_CAPITALS = "OIUDGNRSTYZ";

/** Roman vowel: as a letter of its own, and as the sign on a consonant. */
export const VOWELS: ReadonlyMap<string, readonly [letter: string, sign: string]> = new Map([
  ["o", ["অ", ""]],
  ["a", ["আ", "া"]],
  ["i", ["ই", "ি"]],
  ["I", ["ঈ", "ী"]],
  ["ee", ["ঈ", "ী"]],
  ["u", ["উ", "ু"]],
  ["oo", ["উ", "ু"]],
  ["U", ["ঊ", "ূ"]],
  ["rri", ["ঋ", "ৃ"]],
  ["aZ", ["অ্যা", "ায"]],
  ["aZa", ["অ্যা", "াযা"]],
  ["e", ["এ", "ে"]],
  ["OI", ["ঐ", "ৈ"]],
  ["O", ["ও", "ো"]],
  ["OU", ["ঔ", "ৌ"]],
]);

/** Roman consonant: its Bangla letter. */
export const CONSONANTS: ReadonlyMap<string, string> = pairs(
  "k ক  q ক  kh খ  g গ  G গ  gh ঘ  Gh ঘ  Ng ঙ",
  "c চ  ch ছ  j জ  jh ঝ  NG ঞ",
  "T ট  Th ঠ  D ড  Dh ঢ  N ণ",
  "t ত  th থ  d দ  dh ধ  n ন",
  "p প  f ফ  ph ফ  b ব  v ভ  bh ভ  m ম",
  "z য  Z য  r র  l ল  sh শ  S শ  Sh ষ  s স  h হ",
  `R ${RRA}  Rh ${RHA}  y ${YYA}  Y ${YYA}`,
  // Conjuncts with a spelling that does not tell their parts.
  "kkh ক্ষ  kx ক্ষ  x ক্স  gg জ্ঞ  GG জ্ঞ  ngh ঙ্ঘ  mpl মপ্ল",
);

/** What no word begins with is read as its neighbour there, so that Rakib and Yusuf are names. */
export const AT_WORD_START: ReadonlyMap<string, string> = pairs(
  `x এক্স  y ই${YYA}  Y ই${YYA}  R র  N ন`,
);

/** What hangs on the consonant before it; elsewhere these are letters. */
export const FOLAS: ReadonlyMap<string, string> = new Map([
  ["r", `${HASANTA}র`],
  ["y", `${HASANTA}য`],
  ["Z", `${HASANTA}য`],
  ["w", `${HASANTA}ব`],
]);

/** Letters that carry no ra-fola: azrail, moyra and kaNgru keep their র whole. */
export const WITHOUT_RA_FOLA: ReadonlySet<string> = new Set([
  "য",
  "র",
  RRA,
  RHA,
  YYA,
  "ঙ",
  "ঞ",
  "ক্স",
]);

/** A letter or conjunct, and all that join it as the next. */
const JOINING: readonly (readonly [first: string, seconds: string])[] = [
  ["ক", "ক ট ত ল ষ স"],
  ["গ", "ণ ধ ন ম ল"],
  ["ঘ", "ন"],
  ["ঙ", "ক খ গ ঘ ম ক্ষ"],
  ["চ", "চ ছ ঞ"],
  ["জ", "জ ঝ ঞ"],
  ["ঞ", "চ ছ জ ঝ"],
  ["ট", "ট ম"],
  ["ড", "ড"],
  ["ণ", "ট ঠ ড ঢ ণ ন ম"],
  ["ত", "ত থ ন ম"],
  ["দ", "গ ঘ দ ধ ভ ম"],
  ["ধ", "ন ম"],
  ["ন", "ট ঠ ড ত থ দ ধ ন ম স"],
  ["প", "ট ত ন প ল স"],
  ["ফ", "ল"],
  ["ব", "জ দ ধ ব ল"],
  ["ভ", "ল"],
  ["ম", "থ ন প ফ ব ভ ম ল"],
  ["ল", "ক গ ট ড ধ প ব ভ ম ল"],
  ["শ", "চ ছ ত ন ম ল"],
  ["ষ", "ক ট ঠ ণ প ফ ম"],
  ["স", "ক খ ট ত থ ন প ফ ম ল"],
  ["হ", "ণ ন ম ল"],
  [RRA, "গ"],
  // Of three letters; folas come on top of these too.
  ["ঙ্ক", "ষ"],
  ["ক্ষ", "ণ ম"],
  ["স্ক", "ল"],
  ["স্প", "ল"],
];

/** All conjuncts as they are written: ক্ত, ক্ষ্ম, … */
export const CONJUNCTS: ReadonlySet<string> = new Set(
  JOINING.flatMap(([first, seconds]) =>
    seconds.split(" ").map((second) => first + HASANTA + second),
  ),
);

/** The nasal which `n` is before a letter of another row: nk is ঙ্ক, nc is ঞ্চ. */
export const NASALS: ReadonlyMap<string, string> = pairs(
  "ক ঙ  খ ঙ  ঘ ঙ  ক্ষ ঙ",
  "চ ঞ  ছ ঞ  জ ঞ  ঝ ঞ",
);

/** Khanda ta has two backticks, so that one alone stays what it is. */
export const KHANDA_TA = { roman: "t``", bangla: "ৎ" };

/** The Bangla digits, from zero. */
export const DIGITS = "০১২৩৪৫৬৭৮৯";

function pairs(...rows: string[]): ReadonlyMap<string, string> {
  const cells = rows.flatMap((row) => row.split("  ").map((cell) => cell.split(" ")));
  return new Map(cells.map(([from = "", to = ""]) => [from, to]));
}
