import "../browser_globals.ts";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CERTAIN_MILLISECONDS, Outbox, UNSURE, type Entry } from "../../src/chat/outbox.ts";
import { Sender } from "../../src/connection/sender.ts";
import type { Command, MessageCommand } from "../../src/wire/contract.ts";
import { ByHand, MapStorage } from "../by_hand.ts";
import { ack, problem } from "../samples.ts";

const PATIENCE = 15_000;

/** One tab: its sender, and what it has shown and sent. */
class Tab {
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly sent: MessageCommand[] = [];
  shown: readonly Entry[] = [];
  reconnects = 0;
  open = true;

  constructor(
    readonly world = new ByHand(),
    shelf = new MapStorage(),
  ) {
    this.outbox = new Outbox(shelf, "outbox");
    this.sender = new Sender({
      outbox: this.outbox,
      surroundings: world,
      send: (command) => this.#send(command),
      reconnect: () => {
        this.reconnects++;
        this.sender.disconnected();
      },
      changed: () => {
        this.shown = this.outbox.entries;
      },
      wallClock: world.now,
    });
  }

  say(...texts: string[]): void {
    for (const content of texts) this.sender.say({ content, message_type: "text" });
  }

  get texts(): string[] {
    return this.sent.map(({ content }) => content);
  }

  /** client_id of what was sent last. */
  get last(): string {
    const id = this.sent.at(-1)?.client_id;
    if (id == null) throw new Error("nothing was sent");
    return id;
  }

  #send(command: Command): boolean {
    if (!this.open) return false;
    if (command.type === "message") this.sent.push(command);
    return true;
  }
}

function ready(...texts: string[]): Tab {
  const tab = new Tab();
  tab.sender.ready();
  tab.say(...texts);
  return tab;
}

describe("the sender", () => {
  it("sends again after a slow mode that is longer than the server knows a message", () => {
    const tab = ready("a");
    const hour = 3_600_000;
    tab.sender.refused(problem("slow_mode", { client_id: tab.last, retry_after: 3_600 }));
    expect(tab.outbox.entries).toMatchObject([{ failure: null, tried: null }]);
    tab.world.pass(hour + 1_000);
    expect(tab.texts).toEqual(["a", "a"]);
    expect(tab.shown).toMatchObject([{ failure: null }]);
  });

  it("is not sure that what was unavailable was not taken", () => {
    const tab = ready("a");
    tab.sender.refused(problem("unavailable", { client_id: tab.last, retry_after: 3_600 }));
    tab.world.pass(3_601_000);
    expect(tab.texts).toEqual(["a"]);
    expect(tab.shown).toMatchObject([{ failure: { code: UNSURE } }]);
  });

  it("does not send what was perhaps taken, once nobody can tell", () => {
    const tab = ready("a");
    tab.sender.disconnected();
    tab.sender.ready();
    tab.sender.refused(problem("slow_mode", { client_id: tab.last, retry_after: 3_600 }));
    tab.world.pass(3_601_000);
    expect(tab.shown).toMatchObject([{ failure: { code: UNSURE } }]);
  });

  it("waits until what was missed has been seen", () => {
    const tab = new Tab();
    tab.say("a");
    expect(tab.texts).toEqual([]);
    tab.sender.ready();
    expect(tab.texts).toEqual(["a"]);
  });

  it("sends one at a time, in order", () => {
    const tab = ready("a", "b", "c");
    expect(tab.texts).toEqual(["a"]);
    tab.sender.acknowledged(ack(tab.last, 1));
    expect(tab.texts).toEqual(["a", "b"]);
    tab.sender.arrived(tab.last);
    expect(tab.texts).toEqual(["a", "b", "c"]);
  });

  it("sends what was said, and nothing else", () => {
    const tab = ready();
    tab.sender.say({
      content: "c",
      message_type: "image",
      file_url: "https://a.org",
      reply_to: "id",
    });
    const { client_id, ...rest } = tab.sent[0] ?? { client_id: null };
    expect(rest).toEqual({
      type: "message",
      content: "c",
      message_type: "image",
      file_url: "https://a.org",
      reply_to: "id",
    });
    expect(client_id).toMatch(/^[\w-]{16}$/);
    tab.sender.acknowledged(ack(tab.last, 1));
    tab.say("d");
    expect(Object.keys(tab.sent[1] ?? {}).sort()).toEqual([
      "client_id",
      "content",
      "message_type",
      "type",
    ]);
  });

  it("knows its message whether it comes before the ack or after", () => {
    for (const order of ["ack first", "message first"]) {
      const tab = ready("a", "b");
      const id = tab.last;
      if (order === "message first") tab.sender.arrived(id);
      tab.sender.acknowledged(ack(id, 1));
      if (order === "ack first") tab.sender.arrived(id);
      expect(tab.texts).toEqual(["a", "b"]);
      expect(tab.shown.map(({ content }) => content)).toEqual(["b"]);
    }
  });

  it("shows what is acknowledged until its message comes", () => {
    const tab = ready("a");
    tab.sender.acknowledged(ack(tab.last, 9));
    expect(tab.shown).toMatchObject([{ content: "a", seq: 9 }]);
  });

  it("is not confused by answers to what it does not wait for", () => {
    const tab = ready("a", "b");
    tab.sender.acknowledged(ack("another", 1));
    tab.sender.arrived("another");
    tab.sender.refused(problem("forbidden", { client_id: "another" }));
    tab.sender.refused(problem("forbidden"));
    expect(tab.texts).toEqual(["a"]);
    expect(tab.shown.map(({ failure }) => failure)).toEqual([null, null]);
  });
});

describe("a message that is refused", () => {
  it("goes out again under the same id when that passes, after the time that was asked for", () => {
    const tab = ready("a", "b");
    const id = tab.last;
    tab.sender.refused(problem("rate_limited", { client_id: id, retry_after: 3 }));
    tab.world.pass(3_000 + 249); // half of the first bound, half a second
    expect(tab.texts).toEqual(["a"]);
    tab.world.pass(1);
    expect(tab.texts).toEqual(["a", "a"]);
    expect(tab.last).toBe(id);
  });

  it("is tried at longer and longer intervals", () => {
    const tab = ready("a");
    const waits = [0, 1, 2, 3].map(() => {
      tab.sender.refused(problem("unavailable", { client_id: tab.last }));
      const [before, begin] = [tab.sent.length, tab.world.now()];
      while (tab.sent.length === before) tab.world.pass(50);
      return tab.world.now() - begin;
    });
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
  });

  it("does not let the next one overtake it", () => {
    const tab = ready("a");
    tab.sender.refused(problem("overloaded", { client_id: tab.last, retry_after: 60 }));
    tab.say("b");
    tab.world.pass(59_000);
    expect(tab.texts).toEqual(["a"]);
  });

  it("fails for good when that does not pass, and the next one goes on", () => {
    const tab = ready("a", "b");
    const errors = { content: ["অনেক লম্বা"] };
    tab.sender.refused(problem("validation_error", { client_id: tab.last, errors }));
    expect(tab.texts).toEqual(["a", "b"]);
    expect(tab.shown[0]?.failure).toEqual({ code: "validation_error", message: "অনেক লম্বা" });
  });

  it("fails with the server's words, also by a code that is not known here", () => {
    const tab = ready("a");
    tab.sender.refused(problem("of_the_future", { client_id: tab.last, message: "না" }));
    expect(tab.shown[0]?.failure).toEqual({ code: "of_the_future", message: "না" });
  });

  it("is sent again when the reader wants it, under a new id", () => {
    const tab = ready("a");
    const id = tab.last;
    tab.sender.refused(problem("forbidden", { client_id: id }));
    tab.sender.retry(id);
    expect(tab.texts).toEqual(["a", "a"]);
    expect(tab.last).not.toBe(id);
    tab.sender.retry(tab.last); // it is under way
    expect(tab.texts).toEqual(["a", "a"]);
  });

  it("that was heard of by another way is not sent again", () => {
    const tab = ready("a");
    tab.sender.refused(problem("unavailable", { client_id: tab.last }));
    tab.sender.arrived(tab.last);
    tab.world.pass(60_000);
    expect(tab.texts).toEqual(["a"]);
    expect(tab.shown).toEqual([]);
  });
});

describe("a connection that breaks", () => {
  it("brings the same message again under the same id", () => {
    const tab = ready("a", "b");
    const id = tab.last;
    tab.sender.disconnected();
    tab.say("c");
    tab.sender.ready();
    expect(tab.texts).toEqual(["a", "a"]);
    expect(tab.last).toBe(id);
    for (const _ of "abc") tab.sender.acknowledged(ack(tab.last, 1));
    expect(tab.texts).toEqual(["a", "a", "b", "c"]);
  });

  it("sends nothing that has arrived in what was missed", () => {
    const tab = ready("a", "b");
    tab.sender.disconnected();
    tab.sender.arrived(tab.last);
    tab.sender.ready();
    expect(tab.texts).toEqual(["a", "b"]);
  });

  it("is made anew when no answer comes", () => {
    const tab = ready("a");
    tab.world.pass(PATIENCE - 1);
    expect(tab.reconnects).toBe(0);
    tab.world.pass(1);
    expect(tab.reconnects).toBe(1);
    expect(tab.world.timers).toBe(0);
  });

  it("has no patience to lose when the answer came", () => {
    const tab = ready("a");
    tab.sender.acknowledged(ack(tab.last, 1));
    tab.world.pass(PATIENCE * 2);
    expect(tab.reconnects).toBe(0);
  });

  it("is noticed while sending: nothing is waited for", () => {
    const tab = ready();
    tab.open = false;
    tab.say("a");
    expect([tab.texts, tab.world.timers]).toEqual([[], 0]);
    tab.open = true;
    tab.sender.ready();
    expect(tab.texts).toEqual(["a"]);
  });

  it("that lasts long leaves the reader to decide, and shows that at once", () => {
    const tab = ready("a", "b");
    tab.sender.disconnected();
    tab.world.pass(CERTAIN_MILLISECONDS + 1);
    tab.sender.ready();
    expect(tab.texts).toEqual(["a", "b"]);
    expect(tab.shown[0]?.failure?.code).toBe(UNSURE);
  });

  it("that lasts long does so too when it was the only one", () => {
    const tab = ready("a");
    tab.sender.disconnected();
    tab.world.pass(CERTAIN_MILLISECONDS + 1);
    tab.sender.ready();
    expect(tab.shown[0]?.failure?.code).toBe(UNSURE);
  });

  it("ends all waiting when the room is left", () => {
    const tab = ready("a");
    tab.sender.stop();
    tab.world.pass(PATIENCE * 2);
    expect([tab.reconnects, tab.world.timers]).toEqual([0, 0]);
  });
});

describe("two tabs of one reader", () => {
  it("do not send what the other one said, until they have connected anew", () => {
    const [world, shelf] = [new ByHand(), new MapStorage()];
    const [one, other] = [new Tab(world, shelf), new Tab(world, shelf)];
    one.sender.ready();
    other.sender.ready();
    one.say("a");
    other.outbox.reload();
    other.say("b");
    expect([one.texts, other.texts]).toEqual([["a"], ["b"]]);
    other.sender.disconnected();
    other.sender.ready();
    expect(other.texts).toEqual(["b", "a"]);
    expect(other.last).toBe(one.last);
  });

  it("send after a reload what the tab before has left", () => {
    const shelf = new MapStorage();
    const before = new Tab(new ByHand(), shelf);
    before.say("a", "b");
    const after = new Tab(new ByHand(), shelf);
    after.sender.ready();
    after.sender.acknowledged(ack(after.last, 1));
    expect(after.texts).toEqual(["a", "b"]);
  });
});

type Act = "say" | "take" | "ack" | "message" | "refuse" | "cut" | "ready" | "pass";

/** A sender, a line that breaks, and a server that knows a client_id again, as ours does. */
class Play {
  readonly tab = new Tab();
  readonly log: string[] = [];
  readonly said: string[] = [];
  #known = new Map<string, number>();
  /** How many were taken, refused, or lost on the way. */
  #gone = 0;
  #connected = false;

  act(act: Act): void {
    if (act === "say") this.#say();
    else if (act === "take") this.#take();
    else if (act === "ack") this.#answer((id, seq) => this.tab.sender.acknowledged(ack(id, seq)));
    else if (act === "message") this.#answer((id) => this.tab.sender.arrived(id));
    else if (act === "refuse") this.#refuse();
    else if (act === "cut") this.#cut();
    else if (act === "ready") this.#ready();
    else this.tab.world.pass(1_000);
  }

  finish(): void {
    this.#cut();
    this.#ready();
    for (const _ of this.said) this.act("ack");
  }

  #say(): void {
    const text = String(this.said.length);
    this.said.push(text);
    this.tab.say(text);
  }

  #take(): void {
    for (; this.#gone < this.tab.sent.length; this.#gone++) {
      const { client_id, content } = this.tab.sent[this.#gone] as MessageCommand;
      const id = client_id ?? "";
      if (!this.#known.has(id)) this.#known.set(id, this.log.push(content));
    }
  }

  #answer(tell: (id: string, seq: number) => void): void {
    if (!this.#connected) return;
    this.#take();
    const id = this.tab.sent.at(-1)?.client_id ?? "";
    const seq = this.#known.get(id);
    if (seq !== undefined) tell(id, seq);
  }

  #refuse(): void {
    if (!this.#connected || this.#gone === this.tab.sent.length) return;
    this.#gone = this.tab.sent.length;
    this.tab.sender.refused(problem("unavailable", { client_id: this.tab.last }));
  }

  #cut(): void {
    this.#connected = false;
    this.#gone = this.tab.sent.length;
    this.tab.sender.disconnected();
  }

  /** Also tells what the server has, as what was missed. */
  #ready(): void {
    this.#connected = true;
    for (const id of this.#known.keys()) this.tab.sender.arrived(id);
    this.tab.sender.ready();
  }
}

describe("the equation of sending", () => {
  it("brings all that was said to the server once and in order, whatever breaks", () => {
    const names: Act[] = ["say", "take", "ack", "message", "refuse", "cut", "ready", "pass"];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 40 }), (acts) => {
        const play = new Play();
        for (const each of acts) play.act(each);
        play.finish();
        expect(play.log).toEqual(play.said);
      }),
      { numRuns: 500 },
    );
  });
});
