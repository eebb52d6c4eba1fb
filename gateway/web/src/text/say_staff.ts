/** Texts about moderation: most readers never need them, so they are no part of the first visit. */
import { catalogues } from "./catalogue.svelte.ts";
import { fill, formatter, number, type Fillings } from "./say.ts";
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

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const durations = {
  day: unit("day"),
  hour: unit("hour"),
  minute: unit("minute"),
  second: unit("second"),
};

function unit(unit: string): () => Intl.NumberFormat {
  return formatter(
    (locale) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }),
  );
}

/** How long something takes, in the largest unit of which there are two or more. */
export function duration(seconds: number): string {
  const found = UNITS.find(([, size]) => seconds >= 2 * size);
  const [unit, size] = found ?? (["second", 1] as const);
  return durations[unit]().format(Math.max(1, Math.ceil(seconds / size)));
}
