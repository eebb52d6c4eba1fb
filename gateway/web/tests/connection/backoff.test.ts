import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { backoffSeconds } from "../../src/connection/backoff.ts";

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the wait before the next attempt", () => {
  it("has a bound that doubles, up to twenty seconds", () => {
    const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 1_000, 1e9].map((attempt) =>
      backoffSeconds(attempt, 1),
    );
    expect(bounds).toEqual([0.5, 1, 2, 4, 8, 16, 20, 20, 20, 20]);
  });

  it("is anything up to the bound, so that not all come back at once", () => {
    expect(backoffSeconds(4, 0)).toBe(0);
    expect(backoffSeconds(4, 0.25)).toBe(2);
  });

  it("is never less than the server asked for, and spread above it", () => {
    fc.assert(
      fc.property(fc.nat(), chance, fc.nat(600), (attempt, by, atLeast) => {
        const seconds = backoffSeconds(attempt, by, atLeast);
        expect(seconds).toBeGreaterThanOrEqual(atLeast);
        expect(seconds).toBeLessThanOrEqual(atLeast + 20);
      }),
    );
  });
});
