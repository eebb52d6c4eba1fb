import "../browser_globals.ts";

import { beforeEach, describe, expect, it } from "vitest";

import { catalogues } from "../../src/text/catalogue.svelte.ts";
import { dayName, exactTime, fill, number, say, shortTime } from "../../src/text/say.ts";

const NOW = new Date(2026, 10, 23, 18, 30).getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

beforeEach(async () => {
  await catalogues.show("bn");
});

describe("texts", () => {
  it("are in the reader's language", async () => {
    expect(say("app.name")).toBe("আড্ডা");
    await catalogues.show("en");
    expect(say("app.name")).toBe("Adda");
    await catalogues.show("bn");
    expect(say("app.name")).toBe("আড্ডা");
  });

  it("have numbers in the digits of the language, and names as they are", async () => {
    expect(say("rooms.online", { count: 123_456 })).toBe("১,২৩,৪৫৬ জন আছেন");
    expect(say("typing.many", { name: "Tareq2", count: 3 })).toBe("Tareq2 এবং আরও ৩ জন লিখছেন…");
    await catalogues.show("en");
    expect(say("rooms.online", { count: 123_456 })).toBe("123,456 here");
  });

  it("never read again what was filled in", () => {
    expect(say("history.announce", { name: "{text}", text: "$& $1 {name}" })).toBe(
      "{text} বলেছেন: $& $1 {name}",
    );
  });

  it("show what nobody filled in", () => {
    expect(fill("{a} {b}", { a: 1 }, String)).toBe("1 {b}");
    expect(fill("{a}{a} {}", { a: 0 }, String)).toBe("00 {}");
  });
});

describe("numbers", () => {
  it("are grouped as in the language", async () => {
    expect(number(1_234_567)).toBe("১২,৩৪,৫৬৭");
    await catalogues.show("en");
    expect(number(1_234_567)).toBe("1,234,567");
  });
});

describe("times", () => {
  it("are words within the last hour, then the time of day", async () => {
    await catalogues.show("en");
    expect(shortTime(NOW, NOW)).toBe("just now");
    expect(shortTime(NOW - MINUTE + 1, NOW)).toBe("just now");
    expect(shortTime(NOW - MINUTE, NOW)).toMatch(/^1 min/);
    expect(shortTime(NOW - HOUR + 1, NOW)).toMatch(/^59 min/);
    expect(shortTime(NOW - HOUR, NOW)).toBe("17:30");
  });

  it("forgive a clock that is behind the server's", async () => {
    await catalogues.show("en");
    expect(shortTime(NOW + MINUTE - 1, NOW)).toBe("just now");
    expect(shortTime(NOW + 5 * MINUTE, NOW)).toBe("18:35");
  });

  it("are in Bangla digits in Bangla", () => {
    expect(shortTime(NOW - HOUR, NOW)).toMatch(/৩০/);
    expect(shortTime(NOW - 5 * MINUTE, NOW)).toMatch(/৫/);
    expect(exactTime(NOW)).toMatch(/২০২৬/);
    expect(exactTime(NOW)).not.toMatch(/[0-9]/);
  });

  it("have a date where it is exact", async () => {
    await catalogues.show("en");
    expect(exactTime(NOW)).toMatch(/23 November 2026.*18:30:00/);
  });
});

describe("days", () => {
  it("are today, yesterday, then a date, with the year if it is another one", async () => {
    expect(dayName(NOW - 18 * HOUR, NOW)).toBe("আজ");
    expect(dayName(NOW - 19 * HOUR, NOW)).toBe("গতকাল");
    await catalogues.show("en");
    expect(dayName(NOW - 2 * DAY, NOW)).toMatch(/Saturday.*21 November/);
    expect(dayName(NOW - 2 * DAY, NOW)).not.toMatch(/2026/);
    expect(dayName(NOW - 400 * DAY, NOW)).toMatch(/2025/);
    expect(dayName(NOW + DAY, NOW)).toMatch(/24 November/);
  });
});

describe("the time of day", () => {
  it("has its part of the day in front, in Bangla", async () => {
    const evening = new Date(2026, 10, 20, 18, 5).getTime();
    expect(shortTime(evening, NOW)).toBe("সন্ধ্যা ৬:০৫");
    expect(exactTime(evening)).toMatch(/২০২৬, সন্ধ্যা ৬:০৫:০০$/);
    await catalogues.show("en");
    expect(shortTime(evening, NOW)).toBe("18:05");
  });
});
