/** A value that components react to, kept in the browser and the same in all tabs. */
import { lasting, onOtherTab } from "./shelf.ts";

export class Kept<T> {
  #value = $state.raw() as T;

  /** `read` makes a value of what was kept, which may be of an older version: null for none. */
  constructor(
    private readonly key: string,
    fallback: T,
    read: (kept: unknown) => T | null,
  ) {
    const parse = (text: string | null): T => {
      try {
        return read(JSON.parse(text ?? "null")) ?? fallback;
      } catch (error) {
        if (error instanceof SyntaxError) return fallback;
        throw error;
      }
    };
    this.#value = parse(lasting.getItem(key));
    onOtherTab(key, (text) => {
      this.#value = parse(text);
    });
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    this.#value = value;
    lasting.setItem(this.key, JSON.stringify(value));
  }
}

/** Reads one of `choices`. */
export function oneOf<T extends string>(choices: readonly T[]): (kept: unknown) => T | null {
  return (kept) => choices.find((choice) => choice === kept) ?? null;
}

export function yesOrNo(kept: unknown): boolean | null {
  return typeof kept === "boolean" ? kept : null;
}
