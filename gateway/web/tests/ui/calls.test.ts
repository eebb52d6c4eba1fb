import "../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { notifications, sound } from "../../src/storage/preferences.ts";
import { switchNotifications, tell } from "../../src/ui/calls.ts";
import { settled } from "../by_hand.ts";
import { message, ROOM } from "../samples.ts";

/** The browser's own question is answered with `permission`. */
function browserAnswers(permission: NotificationPermission): void {
  vi.stubGlobal("Notification", {
    permission,
    requestPermission: () => Promise.resolve(permission),
  });
}

/** The browser's locks, which all its tabs share, as far as `ifAvailable` goes. */
class Locks {
  readonly #held = new Set<string>();

  async request(
    name: string,
    _options: { ifAvailable: true },
    work: (lock: object | null) => Promise<void>,
  ): Promise<void> {
    if (this.#held.has(name)) return work(null);
    this.#held.add(name);
    await work({ name });
    this.#held.delete(name);
  }
}

let rings: number;

/** Counts, and makes no sound. */
class SilentAudio {
  currentTime = 0;
  destination = {};

  constructor() {
    rings++;
  }

  createGain(): object {
    const gain = { setValueAtTime: vi.fn(), exponentialRampToValueAtTime: vi.fn() };
    return { gain, connect: vi.fn() };
  }

  createOscillator(): object {
    return { frequency: {}, connect: vi.fn(), start: vi.fn(), stop: vi.fn() };
  }
}

/** A tab in which a call is heard: one that is read, one beside another window, or a hidden one. */
async function hears(tab: "read" | "beside" | "hidden", seq = 1): Promise<void> {
  vi.stubGlobal("document", { hidden: tab === "hidden", hasFocus: () => tab === "read" });
  void tell(ROOM, message(seq));
  await settled();
}

beforeEach(() => {
  rings = 0;
  notifications.value = false;
  sound.value = true;
  vi.useFakeTimers();
  vi.stubGlobal("AudioContext", SilentAudio);
  vi.stubGlobal("navigator", { locks: new Locks() });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a call", () => {
  it("rings once in tabs that nobody reads", async () => {
    await hears("hidden");
    await hears("beside");
    await hears("hidden");
    expect(rings).toBe(1);
  });

  it("rings nowhere while a tab with it is read", async () => {
    await hears("read");
    await hears("hidden");
    expect(rings).toBe(0);
  });

  it("is still known to be read when slow tabs hear it", async () => {
    await hears("read");
    await vi.advanceTimersByTimeAsync(1_500);
    await hears("hidden");
    expect(rings).toBe(0);
  });

  it("silences no other call", async () => {
    await hears("read", 1);
    await hears("hidden", 2);
    expect(rings).toBe(1);
  });

  it("rings in hidden tabs only, where the browser has no locks", async () => {
    vi.stubGlobal("navigator", {});
    await hears("read");
    expect(rings).toBe(0);
    await hears("hidden");
    expect(rings).toBe(1);
  });
});

describe("the switch of notifications", () => {
  it("goes back where the browser denies them", async () => {
    browserAnswers("denied");
    const box = { checked: true };
    expect(await switchNotifications(box)).toBe(true);
    expect(box.checked).toBe(false);
    expect(notifications.value).toBe(false);
  });

  it("stays on where the browser grants them", async () => {
    browserAnswers("granted");
    const box = { checked: true };
    expect(await switchNotifications(box)).toBe(false);
    expect(box.checked).toBe(true);
    expect(notifications.value).toBe(true);
  });

  it("goes off without a question", async () => {
    notifications.value = true;
    const box = { checked: false };
    expect(await switchNotifications(box)).toBe(false);
    expect(notifications.value).toBe(false);
  });
});
