/** Texts, numbers and times in the reader's language. Components that call these follow a switch. */
import type { Language } from "../storage/preferences.ts";
import type { TextKey } from "./bn.ts";
import { catalogues } from "./catalogue.svelte.ts";
import { dayNumber } from "./days.ts";

export type { TextKey } from "./bn.ts";

const LOCALES: Readonly<Record<Language, string>> = { bn: "bn-BD", en: "en-GB" };

/** Numbers are written in the language's digits, texts as they are. */
export type Fillings = Readonly<Record<string, string | number>>;

/** The text for `key` in the reader's language. */
export function say(key: TextKey, fillings: Fillings = {}): string {
  return fill(catalogues.shown.texts[key], fillings, number);
}

/** `text` with each `{name}` filled in; what is filled in is never read again. */
export function fill(text: string, fillings: Fillings, digits: (value: number) => string): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = fillings[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? digits(value) : value;
  });
}

/** Making a formatter costs more than a hundred uses: one for each kind and language. */
export function formatter<T>(make: (locale: string) => T): () => T {
  const made: Partial<Record<Language, T>> = {};
  return () => {
    const { language } = catalogues.shown;
    return (made[language] ??= make(LOCALES[language]));
  };
}

const numbers = formatter((locale) => new Intl.NumberFormat(locale));
const clocks = formatter((locale) => new Intl.DateTimeFormat(locale, timeOfDay(locale, false)));
const exactClocks = formatter((locale) => new Intl.DateTimeFormat(locale, timeOfDay(locale, true)));
const dates = formatter((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "full" }));
const days = formatter(
  (locale) => new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }),
);
const daysOfOtherYears = formatter(
  (locale) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" }),
);
const relatives = formatter(
  (locale) => new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" }),
);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** With the digits and the grouping of the language: ১,২৩,৪৫৬. */
export function number(value: number): string {
  return numbers().format(value);
}

/** How long ago within the last hour, else the time of day. Milliseconds since 1970. */
export function shortTime(time: number, now: number): string {
  const ago = now - time;
  if (ago < MINUTE && ago > -MINUTE) return say("time.now");
  if (ago > 0 && ago < HOUR) return relatives().format(-Math.floor(ago / MINUTE), "minute");
  return clock(clocks(), time);
}

/** To the second, with the date. */
export function exactTime(time: number): string {
  return `${dates().format(time)}, ${clock(exactClocks(), time)}`;
}

export function dayName(time: number, now: number): string {
  const distance = dayNumber(now) - dayNumber(time);
  if (distance === 0) return say("history.today");
  if (distance === 1) return say("history.yesterday");
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? days() : daysOfOtherYears()).format(time);
}

/** Bangla says which part of the day it is, where others have AM and PM. */
function timeOfDay(locale: string, seconds: boolean): Intl.DateTimeFormatOptions {
  return {
    hour: "numeric",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    ...(locale.startsWith("bn") ? { dayPeriod: "short" } : {}),
  };
}

/** সন্ধ্যা ৬:০৫: the part of the day goes first, where Intl puts it last. */
function clock(format: Intl.DateTimeFormat, time: number): string {
  const parts = format.formatToParts(time);
  const period = parts.find(({ type }) => type === "dayPeriod")?.value;
  const rest = parts.filter(({ type }) => type !== "dayPeriod").map(({ value }) => value);
  const digits = rest.join("").trim();
  return period === undefined ? digits : `${period} ${digits}`;
}
