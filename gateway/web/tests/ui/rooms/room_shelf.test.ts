import { page as tab } from "../../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { RoomShelf } from "../../../src/ui/rooms/room_shelf.svelte.ts";

const PAGE = 2;
const REFRESH_MILLISECONDS = 10_000;

/** The service, with few rooms on a page; all of them have as many people as it says. */
class Service {
  ids: string[];
  online = 1;
  /** Answers wait for `letGo` while this is set. */
  slow = false;
  readonly asked: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, at) => `r${String(at)}`);
  }

  answer = async (path: string, { signal }: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(path, "https://adda.example");
    const query = searchParams.get("search");
    const cursor = searchParams.get("cursor");
    this.asked.push(query === null ? `list ${cursor ?? ""}`.trim() : `search ${query}`);
    if (this.slow) await this.#turn(signal ?? null);
    return Response.json(
      pathname === "/api/rooms/" ? this.#search() : this.#list(Number(cursor ?? 0)),
    );
  };

  letGo(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  #turn(signal: AbortSignal | null): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      signal?.addEventListener("abort", () => {
        reject(new DOMException("stopped", "AbortError"));
      });
    });
  }

  #list(from: number): object {
    const next = from + PAGE < this.ids.length ? String(from + PAGE) : null;
    const rooms = this.ids.slice(from, from + PAGE).map((id) => ({
      ...{ id, name: id, description: null },
      ...{ online_users: this.online, total_messages: 0 },
    }));
    return { rooms, next_cursor: next };
  }

  #search(): object {
    const results = this.ids.slice(0, 1).map((id) => ({
      ...{ id, name: id, description: null },
      ...{ online_users_count: this.online, total_messages_count: 0 },
    }));
    return { results };
  }
}

let service: Service;
let shelf: RoomShelf;
let stop: () => void;

/** What the network and its answers need; the clock stands still. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds);
  await settled();
}

function shown(): string {
  return shelf.rooms?.map(({ id, online }) => `${id}:${String(online)}`).join(" ") ?? "nothing";
}

/** As the effect of the list does when somebody types. */
async function type(query: string): Promise<void> {
  shelf.query = query;
  stop();
  stop = shelf.keepFresh();
  await settled();
}

async function open(rooms: number, pages = 1): Promise<void> {
  service = new Service(rooms);
  vi.stubGlobal("fetch", service.answer);
  shelf = new RoomShelf();
  stop = shelf.keepFresh();
  await pass(0);
  for (let more = 1; more < pages; more++) await shelf.loadMore();
  service.asked.length = 0;
}

beforeEach(() => {
  tab.hidden = false;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the list of rooms", () => {
  it("has live counts, page by page", async () => {
    await open(5);
    expect(shown()).toBe("r0:1 r1:1");
    expect(shelf.more).toBe(true);
    service.online = 2;
    await pass(REFRESH_MILLISECONDS);
    expect(shown()).toBe("r0:2 r1:2");
    expect(service.asked).toEqual(["list"]);
  });

  it("has live counts also on the pages that were asked for", async () => {
    await open(7, 3);
    expect(shown()).toBe("r0:1 r1:1 r2:1 r3:1 r4:1 r5:1");
    service.online = 2;
    await pass(REFRESH_MILLISECONDS);
    expect(shown()).toBe("r0:2 r1:2 r2:2 r3:2 r4:2 r5:2");
    await shelf.loadMore();
    expect(service.asked).toEqual(["list", "list 2", "list 4", "list 6"]);
    expect(shown()).toMatch(/ r5:2 r6:2$/);
    expect(shelf.more).toBe(false);
  });

  it("asks for four pages at most, and keeps what lies behind them", async () => {
    await open(13, 6);
    service.online = 2;
    await pass(REFRESH_MILLISECONDS);
    expect(service.asked).toEqual(["list", "list 2", "list 4", "list 6"]);
    expect(shown()).toBe(
      "r0:2 r1:2 r2:2 r3:2 r4:2 r5:2 r6:2 r7:2 r8:1 r9:1 r10:1 r11:1", // r12 is on the next one
    );
    await shelf.loadMore();
    expect(service.asked.at(-1)).toBe("list 12");
  });

  it("grows shorter with what is there", async () => {
    await open(7, 3);
    service.ids = ["r0", "r6"];
    await pass(REFRESH_MILLISECONDS);
    expect(shown()).toBe("r0:1 r6:1");
    expect(shelf.more).toBe(false);
    await pass(REFRESH_MILLISECONDS);
    expect(service.asked).toEqual(["list", "list"]);
  });

  it("asks for nothing while nobody sees it", async () => {
    await open(5, 2);
    tab.hidden = true;
    await pass(REFRESH_MILLISECONDS);
    expect(service.asked).toEqual([]);
  });
});

describe("more rooms", () => {
  it("come although it is time for a refresh meanwhile", async () => {
    await open(5);
    service.slow = true;
    const more = shelf.loadMore();
    await pass(REFRESH_MILLISECONDS);
    expect(service.asked).toEqual(["list 2"]);
    expect(shelf.loading).toBe(true);
    service.letGo();
    await more;
    expect(shown()).toBe("r0:1 r1:1 r2:1 r3:1");
    expect(shelf.loading).toBe(false);
    service.slow = false;
    await pass(REFRESH_MILLISECONDS);
    expect(service.asked).toEqual(["list 2", "list", "list 2"]);
  });

  it("do not come for who searches meanwhile", async () => {
    await open(5);
    service.slow = true;
    const more = shelf.loadMore();
    await type("r");
    await more;
    service.slow = false;
    await pass(300);
    expect(service.asked).toEqual(["list 2", "search r"]);
    expect(shown()).toBe("r0:1");
  });
});

describe("a search", () => {
  it("stays live after more rooms were asked for", async () => {
    await open(5, 2);
    await type("r");
    await pass(300);
    expect(shown()).toBe("r0:1");
    service.online = 2;
    await pass(REFRESH_MILLISECONDS);
    expect(shown()).toBe("r0:2");
  });

  it("begins the list anew for who ends it", async () => {
    await open(5, 2);
    await type("r");
    await pass(300);
    await type("");
    await pass(300);
    expect(shown()).toBe("r0:1 r1:1");
    expect(shelf.more).toBe(true);
  });

  it("that ends a refresh of the list tells of no problem, and offers no more rooms", async () => {
    await open(5);
    service.slow = true;
    const late = shelf.refresh();
    await type("r");
    await late;
    service.slow = false;
    await pass(300);
    expect(shelf.loading).toBe(false);
    expect(shelf.more).toBe(false);
    expect(shelf.problem).toBeNull();
  });
});
