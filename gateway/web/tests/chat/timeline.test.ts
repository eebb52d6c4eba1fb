import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { MOST_FILLED, Timeline, type Step } from "../../src/chat/timeline.ts";
import type { HistoryEvent, MessageEvent, RecoveredEvent } from "../../src/wire/contract.ts";
import {
  EPOCH,
  message,
  messages,
  OTHER_EPOCH,
  page,
  recovered,
  removed,
  run,
  seqs,
  updated,
} from "../samples.ts";

/** A timeline that has seen all up to `seq`. */
function at(seq: number): Timeline {
  const timeline = new Timeline();
  timeline.recovered(recovered({ complete: false, seq }));
  return timeline;
}

describe("the timeline", () => {
  it("knows no position before the first `recovered`", () => {
    expect(new Timeline().position).toBeNull();
    expect(() => new Timeline().message(message(1))).toThrow();
  });

  it("begins with the newest messages", () => {
    const timeline = new Timeline();
    const newest = messages(8, 10);
    const step = timeline.recovered(recovered({ complete: false, seq: 10, messages: newest }));
    expect(step).toEqual({
      deliver: [],
      revisions: [],
      restart: { messages: newest, sameLife: false },
    });
    expect(timeline.position).toEqual({ epoch: EPOCH, seq: 10 });
  });

  it("delivers what comes next, and nothing twice", () => {
    const timeline = at(10);
    expect(seqs(timeline.message(message(11)).deliver)).toEqual([11]);
    expect(timeline.message(message(11)).deliver).toEqual([]);
    expect(timeline.message(message(3)).deliver).toEqual([]);
    expect(timeline.position?.seq).toBe(11);
  });

  it("fills a gap before it shows what came after", () => {
    const timeline = at(10);
    expect(timeline.message(message(13))).toEqual({ deliver: [], revisions: [], fetchAfter: 10 });
    expect(timeline.message(message(14)).deliver).toEqual([]);
    expect(seqs(timeline.filled(page(messages(11, 13))).deliver)).toEqual([11, 12, 13, 14]);
    expect(timeline.position?.seq).toBe(14);
  });

  it("asks on while there is more", () => {
    const timeline = at(10);
    timeline.message(message(15));
    const step = timeline.filled(page(messages(11, 12), true));
    expect(seqs(step.deliver)).toEqual([11, 12]);
    expect(step.fetchAfter).toBe(12);
    expect(seqs(timeline.filled(page(messages(13, 15))).deliver)).toEqual([13, 14, 15]);
  });

  it("takes what is missing from a page for deleted", () => {
    const timeline = at(10);
    timeline.message(message(14));
    expect(seqs(timeline.filled(page([message(12)])).deliver)).toEqual([12, 14]);
  });

  it("ends filling at an empty page, whatever it says", () => {
    const timeline = at(10);
    timeline.message(message(12));
    const step = timeline.filled(page([], true));
    expect(step.fetchAfter).toBeUndefined();
    expect(seqs(step.deliver)).toEqual([12]);
  });

  it("asks again when a second gap came while the first was filled", () => {
    const timeline = at(10);
    timeline.message(message(13));
    timeline.message(message(16)); // 14 and 15 went missing too, after the page was read
    const step = timeline.filled(page(messages(11, 13)));
    expect(seqs(step.deliver)).toEqual([11, 12, 13]);
    expect(step.fetchAfter).toBe(13);
    expect(seqs(timeline.filled(page(messages(14, 16))).deliver)).toEqual([14, 15, 16]);
  });

  it("knows no page that nobody asked for", () => {
    expect(at(10).filled(page(messages(11, 12))).deliver).toEqual([]);
  });

  it("forgets at the end of a connection what waited for a page", () => {
    const timeline = at(10);
    timeline.message(message(13));
    timeline.disconnected();
    expect(timeline.filled(page(messages(11, 13))).deliver).toEqual([]);
    const step = timeline.recovered(recovered({ seq: 12, messages: messages(11, 12) }));
    expect(seqs(step.deliver)).toEqual([11, 12]);
  });
});

describe("what was missed while away", () => {
  it("is delivered in order, without what is known, with its changes", () => {
    const timeline = at(10);
    const missed = [message(12), message(11), message(10)];
    const revisions = [updated(9), removed(3)];
    const step = timeline.recovered(recovered({ seq: 12, messages: missed, revisions }));
    expect(seqs(step.deliver)).toEqual([11, 12]);
    expect(step.revisions).toBe(revisions);
    expect(step.restart).toBeUndefined();
  });

  it("is nothing at all after a short blink", () => {
    const timeline = at(10);
    expect(timeline.recovered(recovered({ seq: 10 })).deliver).toEqual([]);
    expect(timeline.position).toEqual({ epoch: EPOCH, seq: 10 });
  });

  it("never sets the position back", () => {
    const timeline = at(10);
    timeline.recovered(recovered({ seq: 9 }));
    expect(timeline.position?.seq).toBe(10);
  });

  it("is read by pages when it did not fit and is not too much", () => {
    const timeline = at(10);
    const event = recovered({
      complete: false,
      seq: 10 + MOST_FILLED,
      messages: messages(300, 310),
    });
    expect(timeline.recovered(event).fetchAfter).toBe(10);
    expect(timeline.position?.seq).toBe(10);
  });

  it("is let go when it is too much", () => {
    const timeline = at(10);
    const seq = 11 + MOST_FILLED;
    const newest = messages(seq - 49, seq);
    const step = timeline.recovered(recovered({ complete: false, seq, messages: newest }));
    expect(step.restart).toEqual({ messages: newest, sameLife: true });
    expect(timeline.position?.seq).toBe(seq);
  });

  it("begins anew with another life of the room, where smaller numbers come", () => {
    const timeline = at(10);
    const step = timeline.recovered(
      recovered({ complete: false, epoch: OTHER_EPOCH, seq: 2, messages: messages(1, 2) }),
    );
    expect(step.restart).toEqual({ messages: messages(1, 2), sameLife: false });
    expect(seqs(timeline.message(message(3)).deliver)).toEqual([3]);
  });

  it("does not wait for a page of the life before", () => {
    const timeline = at(10);
    timeline.message(message(13));
    timeline.recovered(recovered({ complete: false, epoch: OTHER_EPOCH, seq: 2 }));
    expect(timeline.filled(page(messages(11, 13))).deliver).toEqual([]);
    expect(seqs(timeline.message(message(3)).deliver)).toEqual([3]);
  });
});

type Act =
  "post" | "lose" | "again" | "read" | "answer" | "hear" | "unsure" | "return" | "return in part";

type Frame =
  | { readonly kind: "live"; readonly event: MessageEvent }
  | { readonly kind: "page"; readonly event: HistoryEvent }
  | { readonly kind: "recovered"; readonly event: RecoveredEvent };

const PAGE = 3;

/** A server that loses and repeats live messages, and a client that asks one thing at a time. */
class Play {
  readonly timeline = new Timeline();
  readonly delivered: number[] = [];
  #posted = 5;
  #frames: Frame[] = [];
  #asked: number[] = [];
  /** Read, and not sent yet: what is live overtakes it. */
  #read: HistoryEvent | null = null;

  constructor() {
    this.#tell(this.#recovery(false));
    this.#hear();
  }

  act(act: Act): void {
    if (act === "post") this.#live(++this.#posted);
    else if (act === "lose") this.#posted++;
    else if (act === "again") this.#live(Math.max(1, this.#posted - 1));
    else if (act === "read") this.#readPage();
    else if (act === "answer") this.#answer();
    else if (act === "hear") this.#hear();
    else if (act === "unsure") this.#tell(this.#recovery(false));
    else this.#reconnect(act === "return");
  }

  /** Everything arrives, and one more message shows whether something is missing. */
  finish(): number {
    this.#live(++this.#posted);
    while (this.#frames.length > 0 || this.#asked.length > 0 || this.#read !== null) {
      this.#hear();
      this.#answer();
    }
    return this.#posted;
  }

  /** Also on a connection that is open, when the server has lost continuity. */
  #tell(event: RecoveredEvent): void {
    this.#frames.push({ kind: "recovered", event });
  }

  #live(seq: number): void {
    this.#frames.push({ kind: "live", event: message(seq) });
  }

  #readPage(): void {
    if (this.#read !== null) return;
    const after = this.#asked.shift();
    if (after === undefined) return;
    const last = Math.min(this.#posted, after + PAGE);
    this.#read = page(messages(after + 1, last), last < this.#posted);
  }

  #answer(): void {
    this.#readPage();
    if (this.#read !== null) this.#frames.push({ kind: "page", event: this.#read });
    this.#read = null;
  }

  #reconnect(complete: boolean): void {
    this.timeline.disconnected();
    this.#frames = [{ kind: "recovered", event: this.#recovery(complete) }];
    this.#asked = [];
    this.#read = null;
  }

  #recovery(complete: boolean): RecoveredEvent {
    const since = complete ? (this.timeline.position?.seq ?? 0) : this.#posted - 2;
    return recovered({
      complete,
      seq: this.#posted,
      messages: messages(Math.max(1, since + 1), this.#posted),
    });
  }

  #hear(): void {
    const frame = this.#frames.shift();
    if (frame === undefined) return;
    if (frame.kind === "live") this.#take(this.timeline.message(frame.event));
    else if (frame.kind === "page") this.#take(this.timeline.filled(frame.event));
    else this.#take(this.timeline.recovered(frame.event));
  }

  #take(step: Step): void {
    this.delivered.push(...seqs(step.deliver));
    if (step.fetchAfter !== undefined) this.#asked.push(step.fetchAfter);
  }
}

const act = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Act>("post", "hear") },
  { weight: 4, arbitrary: fc.constantFrom<Act>("lose", "read", "answer", "again") },
  { weight: 1, arbitrary: fc.constantFrom<Act>("return", "return in part", "unsure") },
);

describe("the equation of the timeline", () => {
  it("delivers the gapless ordered sequence, whatever is lost, repeated and cut", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const play = new Play();
        for (const each of acts) play.act(each);
        const last = play.finish();
        expect(play.delivered).toEqual(run(6, last));
        expect(play.timeline.position).toEqual({ epoch: EPOCH, seq: last });
      }),
      { numRuns: 1_500 },
    );
  });

  it("delivers in order and nothing twice, whatever else the server sends", () => {
    const event = fc.oneof(
      fc.nat(30).map((seq) => (timeline: Timeline) => timeline.message(message(seq))),
      fc.tuple(fc.array(fc.nat(30)), fc.boolean()).map(
        ([some, more]) =>
          (timeline: Timeline) =>
            timeline.filled(
              page(
                some.map((seq) => message(seq)),
                more,
              ),
            ),
      ),
      fc.tuple(fc.array(fc.nat(30)), fc.nat(30)).map(
        ([some, seq]) =>
          (timeline: Timeline) =>
            timeline.recovered(recovered({ seq, messages: some.map((each) => message(each)) })),
      ),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const timeline = at(0);
        const delivered = events.flatMap((take) => seqs(take(timeline).deliver));
        expect(delivered).toEqual([...new Set(delivered)].sort((a, b) => a - b));
        expect(timeline.position?.seq).toBeGreaterThanOrEqual(delivered.at(-1) ?? 0);
      }),
      { numRuns: 200 },
    );
  });
});
