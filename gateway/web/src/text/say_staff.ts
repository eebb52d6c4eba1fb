/** Texts about moderation: most readers never need them, so they are no part of the first visit. */
import { catalogues } from "./catalogue.svelte.ts";
import { fill, number, type Fillings } from "./say.ts";
import { staffBn, type StaffKey } from "./staff_bn.ts";
import { staffEn } from "./staff_en.ts";

export type { StaffKey } from "./staff_bn.ts";

const TEXTS = { bn: staffBn, en: staffEn } as const;

/** The text for `key` in the reader's language. */
export function sayStaff(key: StaffKey, fillings: Fillings = {}): string {
  return fill(TEXTS[catalogues.shown.language][key], fillings, number);
}

/** What somebody of the staff did, by the name of the deed. */
export function deedText(action: string): string {
  const key = `log.did_${action}`;
  return sayStaff(key in staffBn ? (key as StaffKey) : "log.did_other");
}

/** As what somebody acted: of `owner:0199…` the owner. */
export function madeBy(actor: string): string {
  const key = `log.by_${actor.split(":")[0] ?? ""}`;
  return sayStaff(key in staffBn ? (key as StaffKey) : "log.by_admin");
}
