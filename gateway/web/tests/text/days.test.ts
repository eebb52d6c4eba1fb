import { describe, expect, it } from "vitest";

import { dayNumber } from "../../src/text/days.ts";

const DAY = 86_400_000;

function midnight(year: number, month: number, day: number): number {
  return new Date(year, month, day).getTime();
}

describe("the days of the reader", () => {
  it("begin at their midnight", () => {
    const begin = midnight(2026, 10, 23);
    expect(dayNumber(begin) - dayNumber(begin - 1)).toBe(1);
    expect(dayNumber(begin + DAY - 1)).toBe(dayNumber(begin));
  });

  it("have consecutive numbers, over months, years and changes of the clock", () => {
    for (let day = 0; day < 800; day++) {
      const [one, next] = [midnight(2026, 0, day), midnight(2026, 0, day + 1)];
      expect(dayNumber(next) - dayNumber(one)).toBe(1);
    }
  });

  it("are also before 1970", () => {
    expect(dayNumber(midnight(1969, 11, 31)) - dayNumber(midnight(1969, 11, 30))).toBe(1);
  });
});
