/** What the reader has chosen. */
import { Kept, oneOf, yesOrNo } from "./kept.svelte.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const LANGUAGES = ["bn", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

export const theme = new Kept<Theme>("theme", "system", oneOf(THEMES));
export const language = new Kept<Language>("language", "bn", oneOf(LANGUAGES));
/** Avro phonetic typing. */
export const phonetic = new Kept<boolean>("phonetic", false, yesOrNo);
export const notifications = new Kept<boolean>("notifications", false, yesOrNo);
export const sound = new Kept<boolean>("sound", false, yesOrNo);
