import "../browser_globals.ts";

import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { COLORS } from "../../src/storage/identity.ts";
import { contrast, readable } from "../../src/ui/color.ts";

/** WCAG 2.2, success criterion 1.4.3, level AA. */
const LEAST = 4.5;

const tokens = readFileSync(new URL("../../src/style/tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = tokens.split('[data-theme="dark"]');

/** Others speak on the surface, the reader on their own. */
function surfaces(theme: string): number[] {
  return ["surface", "own"].map((name) => {
    const [, hex] = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(theme) ?? [];
    if (hex === undefined) throw new Error(`tokens.css has no --${name}`);
    return Number.parseInt(hex, 16);
  });
}

function hex(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}

function leastContrast(color: string, isDark: boolean): number {
  const made = Number.parseInt(readable(color, isDark).slice(1), 16);
  return Math.min(...surfaces(isDark ? dark : light).map((surface) => contrast(made, surface)));
}

describe("contrast", () => {
  it("is that of WCAG", () => {
    expect(contrast(0x000000, 0xffffff)).toBeCloseTo(21);
    expect(contrast(0xffffff, 0xffffff)).toBe(1);
    expect(contrast(0x777777, 0xffffff)).toBeCloseTo(4.478, 3);
    expect(contrast(0xffffff, 0x777777)).toBeCloseTo(4.478, 3);
  });
});

describe("a colour that somebody chose", () => {
  it.each([true, false])("can be read on every bubble (dark: %s)", (isDark) => {
    const any = fc.integer({ min: 0, max: 0xffffff }).map(hex);
    fc.assert(
      fc.property(any, (color) => {
        expect(readable(color, isDark)).toMatch(/^#[0-9a-f]{6}$/);
        expect(leastContrast(color, isDark)).toBeGreaterThanOrEqual(LEAST);
      }),
      { numRuns: 2_500 },
    );
  });

  it.each([true, false])("can be read at the edges of all colours (dark: %s)", (isDark) => {
    const steps = [0, 51, 102, 153, 204, 255];
    for (const red of steps)
      for (const green of steps)
        for (const blue of steps) {
          const color = hex((red << 16) | (green << 8) | blue);
          expect(leastContrast(color, isDark), color).toBeGreaterThanOrEqual(LEAST);
        }
  });

  it("stays as it is where it can be read already", () => {
    expect(readable("#000000", false)).toBe("#000000");
    expect(readable("#ffffff", true)).toBe("#ffffff");
    expect(readable("#a91d3a", false)).toBe("#a91d3a");
  });

  it("is the same each time, and another in the other theme", () => {
    for (const color of COLORS) {
      expect(readable(color, true)).toBe(readable(color, true));
      expect(readable(color, true)).not.toBe(readable(color, false));
    }
  });

  it("is one also where it is none", () => {
    for (const color of ["", "red", "#xyz", "#", "url(x)"]) {
      expect(leastContrast(color, false)).toBeGreaterThanOrEqual(LEAST);
      expect(leastContrast(color, true)).toBeGreaterThanOrEqual(LEAST);
    }
  });
});
