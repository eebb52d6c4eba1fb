/** Colours that people choose, made readable on our surfaces. Pure. */

/** The least contrast of text (WCAG 2.2, success criterion 1.4.3, level AA), with some reserve. */
const LEAST_CONTRAST = 4.7;
const LIGHT_SURFACE = 0xf7e4c6;
const DARK_SURFACE = 0x4a321d;
const STEPS = 20;

const known = new Map<string, string>();
const MOST_KNOWN = 2_000;

/** `color` (#rrggbb), as much darker or lighter as the darkest or lightest bubble demands. */
export function readable(color: string, dark: boolean): string {
  const key = `${color}${dark ? "d" : "l"}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const made = adjusted(Number.parseInt(color.slice(1), 16) || 0, dark);
  known.set(key, made);
  return made;
}

function adjusted(color: number, dark: boolean): string {
  const surface = dark ? DARK_SURFACE : LIGHT_SURFACE;
  const towards = dark ? 0xffffff : 0x000000;
  for (let step = 0; step <= STEPS; step++) {
    const mixed = mix(color, towards, step / STEPS);
    if (contrast(mixed, surface) >= LEAST_CONTRAST) return css(mixed);
  }
  return css(towards);
}

/** Contrast ratio of two colours (WCAG 2.2, "contrast ratio"): 1 to 21. */
export function contrast(one: number, other: number): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [
    number,
    number,
  ];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: number): number {
  const [red, green, blue] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(color: number, other: number, share: number): number {
  const to = channels(other);
  return channels(color).reduce(
    (sum, value, at) => sum * 256 + Math.round(value + ((to[at] ?? 0) - value) * share),
    0,
  );
}

function channels(color: number): [number, number, number] {
  return [(color >> 16) & 255, (color >> 8) & 255, color & 255];
}

function css(color: number): string {
  return `#${color.toString(16).padStart(6, "0")}`;
}
