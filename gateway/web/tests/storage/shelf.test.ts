import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { MapStorage } from "../by_hand.ts";

type Listen = (event: { key: string | null; newValue: string | null }) => void;

let listeners: Set<Listen>;

beforeEach(() => {
  listeners = new Set();
  vi.resetModules();
  vi.stubGlobal("localStorage", new MapStorage());
  vi.stubGlobal("sessionStorage", new MapStorage());
  vi.stubGlobal("addEventListener", (_: string, listen: Listen) => listeners.add(listen));
  vi.stubGlobal("removeEventListener", (_: string, listen: Listen) => listeners.delete(listen));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function load(): Promise<typeof import("../../src/storage/shelf.ts")> {
  return import("../../src/storage/shelf.ts");
}

class FullStorage extends MapStorage {
  full = false;

  override setItem(key: string, text: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    super.setItem(key, text);
  }
}

describe("the shelf", () => {
  it("keeps texts under a name of ours", async () => {
    const storage = new MapStorage();
    vi.stubGlobal("localStorage", storage);
    const { lasting, PREFIX } = await load();
    lasting.setItem("a", "1");
    expect([...storage.texts]).toEqual([[`${PREFIX}a`, "1"]]);
    expect(lasting.getItem("a")).toBe("1");
    lasting.removeItem("a");
    expect([lasting.getItem("a"), storage.texts.size]).toEqual([null, 0]);
  });

  it("forgets all that was written, and nothing else, be the disk full or not", async () => {
    const [storage, own] = [new FullStorage(), new MapStorage()];
    vi.stubGlobal("localStorage", storage);
    vi.stubGlobal("sessionStorage", own);
    const { lasting, ofTab, forgetWritten } = await load();
    for (const key of ["outbox:a", "draft:a", "outbox:b", "theme"]) lasting.setItem(key, "1");
    ofTab.setItem("place:a", "7");
    storage.full = true;
    lasting.setItem("draft:b", "2");
    forgetWritten();
    expect([...storage.texts.keys(), ...own.texts.keys()]).toEqual(["adda:theme"]);
    expect(lasting.getItem("draft:b")).toBeNull();
  });

  it("has one place for all tabs and one for each", async () => {
    const { lasting, ofTab } = await load();
    lasting.setItem("a", "1");
    expect(ofTab.getItem("a")).toBeNull();
  });

  it("keeps in memory what a full disk does not take, and the newest counts", async () => {
    const storage = new FullStorage();
    vi.stubGlobal("localStorage", storage);
    const { lasting } = await load();
    lasting.setItem("a", "1");
    storage.full = true;
    lasting.setItem("a", "2");
    expect(lasting.getItem("a")).toBe("2");
    storage.full = false;
    lasting.setItem("a", "3");
    expect(lasting.getItem("a")).toBe("3");
    storage.full = true;
    lasting.setItem("a", "4");
    lasting.removeItem("a");
    expect(lasting.getItem("a")).toBeNull();
  });

  it("works where storage is forbidden", async () => {
    Object.defineProperty(globalThis, "localStorage", {
      configurable: true,
      get: () => {
        throw new DOMException("forbidden", "SecurityError");
      },
    });
    const { lasting } = await load();
    lasting.setItem("a", "1");
    expect(lasting.getItem("a")).toBe("1");
    lasting.removeItem("a");
    expect(lasting.getItem("a")).toBeNull();
  });

  it("hides no mistake of ours", async () => {
    const storage = new MapStorage();
    storage.setItem = () => {
      throw new TypeError("ours");
    };
    vi.stubGlobal("localStorage", storage);
    const { lasting } = await load();
    expect(() => {
      lasting.setItem("a", "1");
    }).toThrow(TypeError);
  });
});

describe("another tab", () => {
  it("is heard when it writes what is asked about, until the end", async () => {
    const { onOtherTab, PREFIX } = await load();
    const told: (string | null)[] = [];
    const end = onOtherTab("a", (text) => told.push(text));
    const write = (key: string | null, newValue: string | null): void => {
      for (const listen of listeners) listen({ key, newValue });
    };
    write(`${PREFIX}a`, "1");
    write(`${PREFIX}b`, "2");
    write("a", "3");
    write(`${PREFIX}a`, null);
    expect(told).toEqual(["1", null]);
    end();
    expect(listeners.size).toBe(0);
  });
});
