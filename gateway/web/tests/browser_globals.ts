/**
 * What modules ask of the browser while they are loaded. Import it before them: vi.stubGlobal in a
 * test comes too late for those.
 */
import { MapStorage } from "./by_hand.ts";

export interface StorageNews {
  readonly key: string | null;
  readonly newValue: string | null;
}

const listeners = new Map<string, Set<(event: unknown) => void>>();

export const kept = new MapStorage();
export const keptOfTab = new MapStorage();
export const page = { hidden: false };

Object.defineProperties(globalThis, {
  localStorage: { value: kept, configurable: true, writable: true },
  sessionStorage: { value: keptOfTab, configurable: true, writable: true },
  document: { value: page, configurable: true, writable: true },
  location: { value: { origin: "https://adda.example" }, configurable: true, writable: true },
  addEventListener: {
    value: (type: string, listener: (event: unknown) => void) => {
      const known = listeners.get(type) ?? new Set();
      listeners.set(type, known.add(listener));
    },
    configurable: true,
    writable: true,
  },
  removeEventListener: {
    value: (type: string, listener: (event: unknown) => void) => {
      listeners.get(type)?.delete(listener);
    },
    configurable: true,
    writable: true,
  },
});

/** Another tab has written to localStorage, or this test does as if. */
export function otherTabWrites(news: StorageNews): void {
  for (const listener of listeners.get("storage") ?? []) listener(news);
}
