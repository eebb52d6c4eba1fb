/** localStorage where it may be used, else memory: in private windows and full disks too it works. */
/** Keeps texts by key, such as localStorage. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, text: string): void;
  removeItem(key: string): void;
}

/** One that can be cleared by what keys begin with. */
interface WholeShelf extends Shelf {
  forget(beginning: string): void;
}

export const PREFIX = "adda:";

class MemoryShelf implements WholeShelf {
  #texts = new Map<string, string>();

  getItem(key: string): string | null {
    return this.#texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.#texts.set(key, text);
  }

  removeItem(key: string): void {
    this.#texts.delete(key);
  }

  forget(beginning: string): void {
    for (const key of [...this.#texts.keys()]) {
      if (key.startsWith(beginning)) this.removeItem(key);
    }
  }
}

/** Falls back to memory for what the browser refuses to keep; nothing is lost in this tab. */
class BrowserShelf implements WholeShelf {
  #overflow = new MemoryShelf();

  constructor(private readonly storage: Storage) {}

  getItem(key: string): string | null {
    return this.#overflow.getItem(key) ?? this.storage.getItem(PREFIX + key);
  }

  setItem(key: string, text: string): void {
    try {
      this.storage.setItem(PREFIX + key, text);
      this.#overflow.removeItem(key);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // QuotaExceededError by its many names
      this.storage.removeItem(PREFIX + key); // or the old text would come back after a reload
      this.#overflow.setItem(key, text);
    }
  }

  removeItem(key: string): void {
    this.#overflow.removeItem(key);
    this.storage.removeItem(PREFIX + key);
  }

  forget(beginning: string): void {
    this.#overflow.forget(beginning);
    const keys = Array.from({ length: this.storage.length }, (_, at) => this.storage.key(at) ?? "");
    for (const key of keys) {
      if (key.startsWith(PREFIX + beginning)) this.storage.removeItem(key);
    }
  }
}

function shelf(open: () => Storage): WholeShelf {
  try {
    return new BrowserShelf(open());
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // SecurityError: storage is forbidden here
    return new MemoryShelf();
  }
}

/** Shared by all tabs, kept over restarts. */
export const lasting: WholeShelf = shelf(() => localStorage);
/** Of this tab, kept over reloads. */
export const ofTab: WholeShelf = shelf(() => sessionStorage);

/** Forgets what a reader has written and was reading here, in all rooms. */
export function forgetWritten(): void {
  lasting.forget("outbox:");
  lasting.forget("draft:");
  ofTab.forget("place:");
}

/** Tells when another tab changes what is kept under `key`; the answer ends it. */
export function onOtherTab(key: string, tell: (text: string | null) => void): () => void {
  const listen = (event: StorageEvent): void => {
    if (event.key === PREFIX + key) tell(event.newValue);
  };
  addEventListener("storage", listen);
  return () => {
    removeEventListener("storage", listen);
  };
}
