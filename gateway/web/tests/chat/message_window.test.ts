import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  KEPT_FOLLOWED,
  MessageWindow,
  MOST_ASIDE,
  MOST_FOLLOWED,
  MOST_READ,
} from "../../src/chat/message_window.ts";
import type { Revision } from "../../src/chat/timeline.ts";
import type { MessageEvent } from "../../src/wire/contract.ts";
import { deletedMessage, message, messages, removed, run, seqs, updated } from "../samples.ts";

const sample = message(1);

/** Many, made cheaply. */
function many(first: number, last: number): MessageEvent[] {
  return run(first, last).map((seq) => ({ ...sample, seq, message: `m${String(seq)}` }));
}

/** Holds the messages from `first` to `last`, the newest. */
function following(first: number, last: number): MessageWindow {
  const window = new MessageWindow();
  window.restart(many(first, last), { hasOlder: first > 1 });
  return window;
}

function held(window: MessageWindow): number[] {
  return seqs(window.messages);
}

describe("the held history that follows", () => {
  it("begins empty", () => {
    const window = new MessageWindow();
    expect([window.first, window.last, window.hasOlder, window.hasNewer]).toEqual([
      undefined,
      undefined,
      false,
      false,
    ]);
  });

  it("holds what comes live", () => {
    const window = following(5, 8);
    expect(window.append(messages(9, 10))).toEqual(messages(9, 10));
    expect(held(window)).toEqual(run(5, 10));
    expect(window.hasOlder).toBe(true);
  });

  it("shows no deleted message", () => {
    const window = new MessageWindow();
    window.restart([message(1), deletedMessage(2), message(3)], { hasOlder: false });
    window.append([deletedMessage(4), message(5)]);
    expect(held(window)).toEqual([1, 3, 5]);
  });

  it("takes nothing twice", () => {
    const window = following(5, 8);
    window.append(messages(7, 9));
    window.prepend(messages(3, 6), true);
    expect(held(window)).toEqual(run(3, 9));
  });

  it("puts older pages before, and knows when there are no more", () => {
    const window = following(5, 8);
    window.prepend(messages(3, 4), true);
    expect([held(window), window.hasOlder]).toEqual([run(3, 8), true]);
    window.prepend(messages(1, 2), false);
    expect([held(window), window.hasOlder]).toEqual([run(1, 8), false]);
  });

  it("lets the oldest go, some at a time", () => {
    const window = following(1, MOST_FOLLOWED);
    expect(window.trim()).toBe(false);
    window.append([message(MOST_FOLLOWED + 1)]);
    expect(window.trim()).toBe(true);
    expect(window.messages.length).toBe(KEPT_FOLLOWED);
    expect([window.last?.seq, window.hasOlder]).toEqual([MOST_FOLLOWED + 1, true]);
  });

  it("lets nothing go while it is read further back", () => {
    const window = following(1, MOST_FOLLOWED + 1);
    window.detach();
    expect(window.trim()).toBe(false);
  });

  it("finds a message by its number, with holes of deleted ones", () => {
    const window = new MessageWindow();
    window.restart(
      [1, 4, 5, 9].map((seq) => message(seq)),
      { hasOlder: false },
    );
    expect([1, 4, 5, 9].map((seq) => window.indexOf(seq))).toEqual([0, 1, 2, 3]);
    expect([0, 2, 6, 10].map((seq) => window.indexOf(seq))).toEqual([-1, -1, -1, -1]);
  });
});

describe("a change", () => {
  it("takes the place of what it changes", () => {
    const window = following(1, 3);
    expect(window.revise(updated(2))).toBe(true);
    expect(window.messages[1]).toMatchObject({ type: "message", seq: 2, message: "m2'1" });
  });

  it("takes a deleted message away", () => {
    const window = following(1, 3);
    expect(window.revise(removed(2))).toBe(true);
    expect(window.revise(updated(3, 1, { deleted: true }))).toBe(true);
    expect(held(window)).toEqual([1]);
  });

  it("that is older than what is held is nothing new", () => {
    const window = following(1, 3);
    window.revise(updated(2, 2));
    window.revise(updated(2, 1));
    expect(window.messages[1]?.message).toBe("m2'2");
  });

  it("of a message that is not held changes nothing", () => {
    const window = following(5, 8);
    expect(window.revise(updated(2))).toBe(false);
    expect(window.revise(removed(9))).toBe(false);
    expect(held(window)).toEqual(run(5, 8));
  });

  it("is not lost on what is kept aside: a deleted message does not come back", () => {
    const window = following(5, 8);
    window.detach();
    window.append(messages(9, 11));
    window.revise(updated(10));
    window.revise(removed(11));
    window.extend([message(9)], false);
    expect(held(window)).toEqual(run(5, 10));
    expect(window.messages.at(-1)?.message).toBe("m10'1");
  });

  it("is not lost on a page that was read before it", () => {
    const window = following(5, 8);
    window.revise(removed(3));
    window.revise(updated(4));
    window.prepend(messages(3, 4), true);
    expect(held(window)).toEqual(run(4, 8));
    expect(window.messages[0]?.message).toBe("m4'1");
  });

  it("of one life of the room is not one of the next", () => {
    const window = following(5, 8);
    window.revise(removed(2));
    window.restart(messages(1, 3), { hasOlder: false });
    expect(held(window)).toEqual(run(1, 3));
  });
});

describe("the held history of a reader who is far back", () => {
  it("does not hold what comes live, until pages lead there", () => {
    const window = following(1, 10);
    window.detach();
    expect(window.append(messages(16, 17))).toEqual([]);
    expect([held(window), window.hasNewer]).toEqual([run(1, 10), true]);
    window.extend(messages(11, 13), true);
    expect(window.hasNewer).toBe(true);
    window.extend(messages(14, 16), false);
    expect([held(window), window.hasNewer]).toEqual([run(1, 17), false]);
  });

  it("joins what came live after the last page was read", () => {
    const window = following(1, 10);
    window.detach();
    window.append(messages(12, 13));
    window.extend([message(11)], false); // read before 12 was there
    expect([held(window), window.hasNewer]).toEqual([run(1, 13), false]);
  });

  it("is at the live end when a page says so, also where nobody speaks", () => {
    const window = following(1, 10);
    window.detach();
    window.extend(messages(11, 13), false);
    expect([held(window), window.hasNewer]).toEqual([run(1, 13), false]);
  });

  it("jumps to the newest where nobody speaks", () => {
    const window = following(1, 10);
    window.detach();
    window.reset(messages(21, 30), { hasOlder: true });
    expect([held(window), window.hasNewer]).toEqual([run(21, 30), false]);
  });

  it("begins anew in the middle, as after a reload", () => {
    const window = following(91, 100);
    window.detach();
    window.reset(messages(31, 40), { hasOlder: true, hasNewer: true });
    expect([held(window), window.hasOlder, window.hasNewer]).toEqual([run(31, 40), true, true]);
  });

  it("keeps a part of what comes live, and does not take that for all", () => {
    const window = following(1, 10);
    window.detach();
    const last = 10 + MOST_ASIDE + 50;
    window.append(many(11, last));
    window.extend(messages(11, 20), false); // read when 20 was the newest
    expect([held(window), window.hasNewer]).toEqual([run(1, 20), true]);
    window.extend(many(21, 70), false);
    expect([held(window), window.hasNewer]).toEqual([run(1, last), false]);
  });

  it("lets the newest go when too much is held, and finds back to them", () => {
    const window = following(41, MOST_READ + 39);
    window.prepend(messages(31, 40), true);
    expect([window.messages.length, window.last?.seq]).toEqual([MOST_READ, MOST_READ + 30]);
    expect(window.hasNewer).toBe(true);
    window.append([message(MOST_READ + 40)]);
    window.extend(many(MOST_READ + 31, MOST_READ + 39), false);
    expect([window.last?.seq, window.hasNewer]).toEqual([MOST_READ + 40, false]);
  });

  it("stops to follow when too much comes at once, and has no hole after", () => {
    const window = following(1, MOST_READ - 1);
    expect(window.append(messages(MOST_READ, MOST_READ + 1))).toEqual([]);
    expect(window.hasNewer).toBe(true);
    window.extend(messages(MOST_READ, MOST_READ + 1), false);
    expect([window.last?.seq, window.messages.length]).toEqual([MOST_READ + 1, MOST_READ]);
    expect(window.hasNewer).toBe(false);
    expect([window.first?.seq, window.hasOlder]).toEqual([2, true]);
  });
});

// ---------------------------------------------------------------------- by a model

type Act =
  | { readonly do: "post"; readonly count: number }
  | { readonly do: "delete" | "edit"; readonly back: number }
  | { readonly do: "hear" | "older" | "newer" | "newest" | "place" | "read" | "arrive" }
  | { readonly do: "trim" | "away" | "anew" };

type Ask = "older" | "newer" | "newest" | "place";

interface Page {
  readonly ask: Ask;
  readonly edge: number;
  found: { readonly messages: MessageEvent[]; readonly more: boolean } | null;
}

const PAGE = 4;
const START = 20;

/** The server of one room, what is under way, and a reader who does as RoomSession does. */
class Play {
  readonly window = new MessageWindow();
  #room = many(1, START);
  #deleted = new Set<number>();
  #revisions = new Map<number, number>();
  #stream: (MessageEvent[] | Revision)[] = [];
  #heard = START;
  #heardDeleted = new Set<number>();
  #heardRevisions = new Map<number, number>();
  #page: Page | null = null;

  constructor() {
    const newest = this.#between(START - PAGE, START + 1);
    this.window.restart(newest, { hasOlder: true });
  }

  act(act: Act): void {
    if (act.do === "post") this.#post(act.count);
    else if (act.do === "delete" || act.do === "edit") this.#change(act.do, act.back);
    else if (act.do === "hear") this.#hear();
    else if (act.do === "read") this.#read();
    else if (act.do === "arrive") this.#arrive();
    else if (act.do === "trim") this.window.trim();
    else if (act.do === "away" || act.do === "anew") this.#missMuch(act.do === "away");
    else this.#ask(act.do);
  }

  /** What must hold at any time. */
  check(): void {
    const { messages: all, hasNewer, hasOlder } = this.window;
    all.slice(1).forEach((each, at) => this.#adjoin(all[at]?.seq ?? 0, each.seq));
    // A page that was read after what has been heard may hold more than that.
    const last = this.window.last?.seq ?? Infinity;
    if (!hasNewer && last <= this.#heard) this.#adjoin(last, this.#heard + 1);
    if (!hasOlder) this.#adjoin(0, this.window.first?.seq ?? this.#heard + 1);
    for (const { seq, revision = 0 } of all) {
      expect(this.#heardDeleted.has(seq), `${String(seq)} is deleted`).toBe(false);
      expect(revision).toBeGreaterThanOrEqual(this.#heardRevisions.get(seq) ?? 0);
    }
  }

  /** The room falls silent, and the reader goes to its live end. */
  finish(): void {
    while (this.#stream.length > 0) this.#hear();
    this.#arrive();
    for (let tries = 0; tries < 2 && this.window.hasNewer; tries++) {
      this.#ask("newest");
      this.#arrive();
    }
    expect(this.window.hasNewer, "the live end").toBe(false);
    if (this.window.last === undefined) {
      this.#ask("older");
      this.#arrive();
    }
    const newest = this.#between(0, this.#heard + 1).at(-1);
    expect(this.window.last?.seq, "what is left").toBe(newest?.seq);
    this.check();
  }

  #post(count: number): void {
    const last = this.#room.length;
    const fresh = many(last + 1, last + count);
    this.#room.push(...fresh);
    this.#stream.push(fresh);
  }

  #change(what: "delete" | "edit", back: number): void {
    const seq = this.#room.length - back;
    if (seq < 1 || this.#deleted.has(seq)) return;
    const revision = (this.#revisions.get(seq) ?? 0) + 1;
    this.#revisions.set(seq, revision);
    if (what === "delete") this.#deleted.add(seq);
    this.#stream.push(what === "delete" ? removed(seq) : updated(seq, revision));
  }

  #hear(): void {
    const item = this.#stream.shift();
    if (item === undefined) return;
    if (Array.isArray(item)) {
      this.#heard = item.at(-1)?.seq ?? this.#heard;
      this.window.append(item);
      return;
    }
    if (item.type === "message_deleted") this.#heardDeleted.add(item.seq);
    else this.#heardRevisions.set(item.seq, item.revision);
    this.window.revise(item);
  }

  /** One page at a time, by what is held now. */
  #ask(ask: Ask): void {
    const { first, last, hasOlder, hasNewer } = this.window;
    if (this.#page !== null) return;
    const oldest = first?.seq ?? (hasNewer ? null : this.#heard + 1);
    if (ask === "older" && hasOlder && oldest !== null) {
      this.#page = { ask, edge: oldest, found: null };
    }
    if (ask === "newer" && hasNewer && last) this.#page = { ask, edge: last.seq, found: null };
    if (ask === "newest" && hasNewer) this.#page = { ask, edge: this.#heard + 1, found: null };
    const place = Math.max(0, this.#heard - 3 * PAGE);
    if (ask === "place" && hasNewer) this.#page = { ask, edge: place, found: null };
  }

  #read(): void {
    const asked = this.#page;
    if (asked === null || asked.found !== null) return;
    const { ask, edge } = asked;
    const all =
      ask === "older" || ask === "newest"
        ? this.#between(0, edge)
        : this.#between(edge, this.#room.length + 1);
    const back = ask === "older" || ask === "newest";
    const found = back ? all.slice(-PAGE) : all.slice(0, PAGE);
    asked.found = { messages: found, more: all.length > PAGE };
  }

  #arrive(): void {
    this.#read();
    const page = this.#page;
    this.#page = null;
    if (page?.found == null) return;
    const { messages: found, more } = page.found;
    if (page.ask === "older") {
      // What was trimmed meanwhile lies between.
      const { first } = this.window;
      if (first === undefined || first.seq === page.edge) this.window.prepend(found, more);
    } else if (page.ask === "newer") this.window.extend(found, more);
    else if (page.ask === "newest") this.window.reset(found, { hasOlder: more });
    else this.#toPlace(page.edge, found, more);
  }

  #toPlace(edge: number, found: MessageEvent[], more: boolean): void {
    if (more) this.window.detach();
    this.window.reset(found, { hasOlder: edge > 0, hasNewer: more });
  }

  /** A new connection: too much was missed to be told, and no page comes any more. */
  #missMuch(detached: boolean): void {
    this.#page = null;
    this.#stream = [];
    this.#heard = this.#room.length;
    this.#heardDeleted = new Set();
    this.#heardRevisions = new Map();
    if (detached && this.window.last !== undefined) {
      this.#deletedWhileAway();
      this.window.detach();
    } else {
      const newest = this.#between(0, this.#heard + 1);
      this.window.restart(newest.slice(-PAGE), { hasOlder: newest.length > PAGE });
    }
  }

  /** The server would tell these changes too. */
  #deletedWhileAway(): void {
    for (const seq of this.#deleted) this.window.revise(removed(seq));
    for (const [seq, revision] of this.#revisions) {
      if (!this.#deleted.has(seq)) this.window.revise(updated(seq, revision));
    }
  }

  /** What the server has now, both ends excluded. */
  #between(after: number, before: number): MessageEvent[] {
    return this.#room
      .slice(after, before - 1)
      .filter(({ seq }) => !this.#deleted.has(seq))
      .map((each) => {
        const revision = this.#revisions.get(each.seq);
        return revision === undefined ? each : { ...each, revision };
      });
  }

  /** Between two places nothing is but what was deleted. */
  #adjoin(before: number, after: number): void {
    if (after <= before) throw new Error(`${String(after)} stands after ${String(before)}`);
    for (let seq = before + 1; seq < after; seq++) {
      if (!this.#deleted.has(seq)) throw new Error(`${String(seq)} is missing`);
    }
  }
}

const few = fc.nat(12);
const act: fc.Arbitrary<Act> = fc.oneof(
  fc
    .constantFrom(1, 1, 2, 3, 8, MOST_ASIDE + 5, KEPT_FOLLOWED)
    .map<Act>((count) => ({ do: "post", count })),
  few.map<Act>((back) => ({ do: "delete", back })),
  few.map<Act>((back) => ({ do: "edit", back })),
  fc.constantFrom<Act>({ do: "hear" }, { do: "read" }, { do: "arrive" }),
  fc.constantFrom<Act>({ do: "older" }, { do: "newer" }, { do: "newest" }, { do: "place" }),
  fc.constantFrom<Act>({ do: "trim" }, { do: "away" }, { do: "anew" }),
);

describe("the equation of the held history", () => {
  it("never has a hole, nothing twice, nothing old, and finds back to the live end", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 50 }), (acts) => {
        const play = new Play();
        for (const each of acts) {
          play.act(each);
          play.check();
        }
        play.finish();
      }),
      { numRuns: 1_500 },
    );
  });
});
