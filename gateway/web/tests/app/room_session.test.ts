import { kept, keptOfTab, otherTabWrites, page as document } from "../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { RoomSession, type Told } from "../../src/app/room_session.svelte.ts";
import { KEPT_FOLLOWED, MOST_FOLLOWED } from "../../src/chat/message_window.ts";
import { MOST_WAITING, UNSURE } from "../../src/chat/outbox.ts";
import { becomes, identity } from "../../src/storage/identity.ts";
import { PREFIX } from "../../src/storage/shelf.ts";
import type {
  HistoryCommand,
  MessageCommand,
  ErrorEvent,
  MessageEvent,
  RosterUser,
} from "../../src/wire/contract.ts";
import { ByHand, settled } from "../by_hand.ts";
import {
  ack,
  deletedMessage,
  EPOCH,
  joined,
  message,
  messages,
  OTHER_EPOCH,
  page,
  problem,
  recovered,
  removed,
  ROOM,
  run,
  seqs,
  welcome,
} from "../samples.ts";

const ME = welcome().user_id;

let frames = new Map<number, () => void>();
let frameNumber = 0;

/** The page of one room, and the server behind it. */
class Play implements Told {
  readonly world = new ByHand();
  readonly heard: MessageEvent[] = [];
  readonly refusals: string[] = [];
  readonly numbers: [name: string, asked: string][] = [];
  readonly session: RoomSession;

  constructor() {
    this.session = new RoomSession(ROOM, this.world, this);
  }

  refused(event: ErrorEvent): void {
    this.refusals.push(event.code);
  }

  numbered(name: string, asked: string): void {
    this.numbers.push([name, asked]);
  }

  messages(messages: readonly MessageEvent[]): void {
    this.heard.push(...messages);
  }

  /** In the room whose newest message is `seq`, of which the last `count` are there. */
  enter(seq: number, count = 50): this {
    this.session.start();
    this.#welcome(messages(seq - count + 1, seq), seq, EPOCH);
    return this;
  }

  /** Comes back; what was missed is told, or so much of it that it cannot be. */
  comeBack(missed: readonly MessageEvent[], seq: number, complete = true): void {
    this.world.socket.end(1006);
    const { length } = this.world.sockets;
    while (this.world.sockets.length === length) this.world.pass(100);
    this.world.socket.hear(welcome({ seq }));
    this.world.socket.hear(recovered({ complete, seq, messages: [...missed] }));
    this.paint();
  }

  /** The server has lost the room's life: on the open socket it begins anew. */
  beginAnew(newest: readonly MessageEvent[], seq: number, epoch = OTHER_EPOCH): void {
    this.world.socket.hear(recovered({ complete: false, epoch, seq, messages: [...newest] }));
    this.paint();
  }

  live(first: number, last = first, fields: Partial<MessageEvent> = {}): void {
    for (const seq of run(first, last)) this.world.socket.hear(message(seq, fields));
    this.paint();
  }

  async answer(found: readonly MessageEvent[], more = true): Promise<void> {
    this.world.socket.hear(page(found, more));
    await settled();
  }

  paint(): void {
    const due = [...frames];
    for (const [frame, work] of due) if (frames.delete(frame)) work();
  }

  get shown(): number[] {
    const rows = this.session.rows ?? [];
    return rows.flatMap((row) => (row.kind === "message" ? [row.message.seq] : []));
  }

  get asked(): HistoryCommand[] {
    return this.world.socket.commands.filter((each) => each.type === "history");
  }

  get said(): MessageCommand[] {
    return this.world.socket.commands.filter((each) => each.type === "message");
  }

  #welcome(newest: readonly MessageEvent[], seq: number, epoch: string): void {
    this.world.socket.hear(welcome({ seq, epoch }));
    this.beginAnew(newest, seq, epoch);
  }
}

/** A reader who reloaded the page while far back: at `place`, of `newest` messages. */
async function farBack(place: number, newest: number): Promise<Play> {
  keptOfTab.setItem(`${PREFIX}place:${ROOM}`, String(place));
  const play = new Play().enter(newest);
  play.session.follow(false);
  await play.answer(messages(place - 39, place + 60), place + 60 < newest);
  return play;
}

beforeEach(() => {
  frames = new Map();
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => {
    frames.set(++frameNumber, work);
    return frameNumber;
  });
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => {
    frames.delete(frame);
  });
  kept.texts.clear();
  keptOfTab.texts.clear();
  document.hidden = false;
  becomes("মিতা", "#a91d3a");
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the room", () => {
  it("shows the newest messages, and what comes", () => {
    const play = new Play();
    expect(play.session.rows).toBeNull();
    play.enter(60);
    play.live(61, 63);
    expect(play.shown).toEqual(run(11, 63));
    expect(seqs(play.heard)).toEqual([61, 62, 63]);
    expect([play.session.hasOlder, play.session.hasNewer]).toEqual([true, false]);
  });

  it("shows older ones on the way up", async () => {
    const play = new Play().enter(60);
    void play.session.loadOlder();
    void play.session.loadOlder();
    expect(play.asked).toEqual([{ type: "history", before: 11, limit: 50 }]);
    await play.answer(messages(1, 10), false);
    expect(play.shown).toEqual(run(1, 60));
    expect(play.session.hasOlder).toBe(false);
  });

  it("is not empty when all that was shown is deleted", async () => {
    const play = new Play().enter(60, 3);
    for (const seq of [58, 59, 60]) play.world.socket.hear(removed(seq));
    play.paint();
    expect(play.shown).toEqual([]);
    void play.session.loadOlder();
    expect(play.asked).toEqual([{ type: "history", before: 61, limit: 50 }]);
    play.live(61);
    await play.answer(messages(8, 57));
    expect(play.shown).toEqual([...run(8, 57), 61]);
  });

  it("shows nothing of a message that was deleted before one came back", () => {
    const play = new Play().enter(60);
    play.comeBack([message(61), deletedMessage(62), message(63)], 63);
    expect(play.shown).toEqual([...run(11, 61), 63]);
    expect(seqs(play.heard)).toEqual([61, 63]);
  });

  it("shows what was said until it stands in the history", () => {
    const play = new Play().enter(60);
    play.session.say({ content: "x", message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    expect(play.session.pending).toMatchObject([{ content: "x", seq: null }]);
    play.world.socket.hear(ack(id, 61));
    expect(play.session.pending).toMatchObject([{ content: "x", seq: 61 }]);
    play.live(61, 61, { client_id: id, user_id: ME });
    expect(play.session.pending).toEqual([]);
  });

  it("does not show for ever what was said, and is further back than what is brought", () => {
    const play = new Play().enter(60);
    play.session.say({ content: "x", message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    play.comeBack(messages(951, 1000), 1000, false);
    expect(play.said[0]?.client_id).toBe(id); // the server knows it again
    play.world.socket.hear(ack(id, 61));
    expect(play.session.pending).toEqual([]);
  });

  it("does not call sent what may be lost with the room's past", () => {
    const play = new Play().enter(60);
    for (const content of ["x", "y"]) play.session.say({ content, message_type: "text" });
    const x = play.said[0]?.client_id ?? "";
    play.world.socket.hear(ack(x, 61));
    play.world.socket.hear(ack(play.said[1]?.client_id ?? "", 62));
    play.beginAnew([message(61, { client_id: x, user_id: ME })], 61);
    expect(play.session.pending).toMatchObject([
      { content: "y", seq: null, failure: { code: UNSURE } },
    ]);
    const again = play.session.pending[0]?.client_id ?? "";
    play.session.resend(again);
    expect(play.said.at(-1)).toMatchObject({ content: "y" });
    play.live(62, 62, { client_id: play.said.at(-1)?.client_id ?? "", user_id: ME });
    expect(play.session.pending).toEqual([]);
  });

  it("has no hole when an older page comes after the oldest were let go", async () => {
    const most = MOST_FOLLOWED;
    const play = new Play().enter(most + 100, most);
    void play.session.loadOlder();
    play.live(most + 101);
    expect(play.shown.length).toBe(KEPT_FOLLOWED);
    await play.answer(messages(51, 100));
    expect(play.shown).toEqual(run(most + 102 - KEPT_FOLLOWED, most + 101));
  });

  it("takes no page of another life of the room", async () => {
    const play = new Play().enter(60);
    void play.session.loadOlder();
    play.beginAnew(messages(8, 12), 12);
    await play.answer(messages(1, 10));
    expect(play.shown).toEqual(run(8, 12));
  });

  it("takes no page that ends before what was missed since it was asked for", async () => {
    const play = new Play().enter(60);
    void play.session.loadOlder();
    play.beginAnew(messages(951, 1000), 1000, EPOCH);
    await play.answer(messages(1, 10));
    expect(play.shown).toEqual(run(951, 1000));
  });
});

describe("a reader who is far back", () => {
  it("is there again after a reload", async () => {
    const play = await farBack(500, 1000);
    expect(play.shown).toEqual(run(461, 560));
    expect([play.session.hasOlder, play.session.hasNewer]).toEqual([true, true]);
    expect(play.session.anchor).toEqual({ seq: 500 });
  });

  it("is there again without a hole when something is said meanwhile", async () => {
    keptOfTab.setItem(`${PREFIX}place:${ROOM}`, "945");
    const play = new Play().enter(1000);
    play.live(1001);
    await play.answer(messages(906, 1000), false); // read before 1001 was there
    play.live(1002);
    expect(play.shown).toEqual(run(906, 1002));
    expect(play.session.hasNewer).toBe(false);
  });

  it("jumps to the newest, also where nobody speaks", async () => {
    const play = await farBack(500, 1000);
    void play.session.toNewest();
    await play.answer(messages(951, 1000));
    expect(play.shown).toEqual(run(951, 1000));
    expect(play.session.hasNewer).toBe(false);
  });

  it("is brought to the newest when all that is held is deleted", async () => {
    const play = await farBack(50, 1000);
    for (const seq of run(11, 110)) play.world.socket.hear(removed(seq));
    play.paint();
    expect(play.shown).toEqual([]);
    void play.session.loadOlder();
    void play.session.loadNewer();
    expect(play.asked.at(-1)).toEqual({ type: "history", before: 1001, limit: 50 });
    await play.answer(messages(951, 1000));
    expect([play.shown, play.session.hasNewer]).toEqual([run(951, 1000), false]);
  });

  it("may jump twice, and loses nothing that was said meanwhile", async () => {
    const play = await farBack(500, 1000);
    void play.session.toNewest();
    void play.session.toNewest();
    await play.answer(messages(951, 1000));
    play.live(1001);
    await play.answer(messages(951, 1000));
    play.live(1002);
    expect(play.shown).toEqual(run(951, 1002));
  });

  it("sees both of two messages that they send at once", async () => {
    const play = await farBack(500, 1000);
    play.session.say({ content: "x", message_type: "text" });
    play.session.say({ content: "y", message_type: "text" });
    const mine = (): Partial<MessageEvent> => ({
      user_id: ME,
      client_id: play.said.at(-1)?.client_id ?? null,
    });
    play.live(1001, 1001, mine());
    await play.answer(messages(951, 1000));
    play.live(1002, 1002, mine());
    if (play.asked.length > 2) await play.answer(messages(951, 1000));
    expect(play.shown).toEqual(run(951, 1002));
  });

  it("reads on down to the newest", async () => {
    const play = await farBack(500, 600);
    play.live(601, 602);
    expect(play.shown).toEqual(run(461, 560));
    void play.session.loadNewer();
    await play.answer(messages(561, 601), false); // read before 602 was there
    expect(play.shown).toEqual(run(461, 602));
    expect(play.session.hasNewer).toBe(false);
  });

  it("is not sent back by a page that was asked for before a jump to the newest", async () => {
    const play = await farBack(500, 1000);
    void play.session.loadOlder();
    void play.session.toNewest();
    await play.answer(messages(411, 460)); // older ones; now the newest are on their way
    void play.session.loadNewer();
    await play.answer(messages(951, 1000));
    await play.answer(messages(561, 610));
    expect(play.shown).toEqual(run(951, 1000));
    expect(play.session.hasNewer).toBe(false);
    play.live(1001);
    expect(play.shown).toEqual(run(951, 1001));
  });

  it("does not see a message twice that a page has brought before it was heard", async () => {
    const play = await farBack(500, 600);
    play.live(601);
    void play.session.loadNewer();
    await play.answer(messages(561, 602), false); // 602 is published, and on its way
    play.live(602, 603);
    expect(play.shown).toEqual(run(461, 603));
  });

  it("does not see a message again that was deleted meanwhile", async () => {
    const play = await farBack(500, 1000);
    play.live(1001);
    play.world.socket.hear(removed(1001));
    play.paint();
    void play.session.toNewest();
    await play.answer(messages(952, 1000));
    expect(play.shown).toEqual(run(952, 1000));
    expect(play.session.hasNewer).toBe(false);
  });

  it("stays there when much was missed", async () => {
    const play = new Play().enter(60);
    play.session.follow(false);
    play.comeBack(messages(951, 1000), 1000, false);
    expect(play.shown).toEqual(run(11, 60));
    expect(play.session.hasNewer).toBe(true);
    expect(play.session.unseen).toBe(940);
  });

  it("is told no nonsense when none of the newest is left", () => {
    const play = new Play().enter(60);
    play.session.follow(false);
    play.comeBack([], 1000, false);
    expect(play.session.unseen).toBeGreaterThanOrEqual(0);
  });
});

describe("what was missed", () => {
  it("is shown from its beginning, behind a line, if it is more than a glance takes in", () => {
    const play = new Play().enter(100);
    play.comeBack(messages(101, 140), 140);
    const keys = play.session.rows?.map((row) => row.key) ?? [];
    expect(keys[keys.indexOf("unread") + 1]).toBe("m101");
    expect(play.session.anchor).toEqual({ seq: 101 });
  });

  it("is just there, if it is little", () => {
    const play = new Play().enter(100);
    play.comeBack(messages(101, 102), 102);
    expect(play.session.rows?.some((row) => row.kind === "unread")).toBe(false);
    expect(play.session.unseen).toBe(0);
  });

  it("has its line anew when the reader has seen all of it", () => {
    const play = new Play().enter(10, 5);
    play.session.follow(false);
    play.live(11);
    play.session.follow(true);
    play.live(12);
    play.session.follow(false);
    play.live(13);
    const keys = play.session.rows?.map((row) => row.key) ?? [];
    expect(keys[keys.indexOf("unread") + 1]).toBe("m13");
    expect(play.session.unseen).toBe(1);
  });
});

describe("the outbox", () => {
  it("takes no more than so many that wait", () => {
    const play = new Play();
    for (let at = 0; at < MOST_WAITING; at++) {
      expect(play.session.outboxFull).toBe(false);
      play.session.say({ content: String(at), message_type: "text" });
    }
    expect(play.session.outboxFull).toBe(true);
  });
});

describe("the reader's name", () => {
  const OLD: RosterUser = {
    id: ME,
    username: "মিতা",
    color: "#a91d3a",
    is_online: true,
    joined_at: "2026-11-26T20:00:00.000000+06:00",
  };

  /** What the room calls its people is shown a moment later. */
  function hears(play: Play, user: RosterUser): void {
    play.world.socket.hear(joined(user, 1));
    play.world.pass(250);
  }

  function named(username: string): Play {
    const play = new Play();
    play.session.start();
    play.world.socket.hear(welcome({ username, color: OLD.color }));
    play.beginAnew(messages(1, 3), 3, EPOCH);
    return play;
  }

  it("is kept as the server has it", () => {
    named("মিতা রহমান");
    expect(identity.value).toMatchObject({ username: "মিতা রহমান", known: true });
  });

  it("is not set back by a room that has not heard of the new one", () => {
    const play = named("মিতা");
    becomes("নতুন মিতা", OLD.color);
    hears(play, OLD);
    expect(identity.value?.username).toBe("নতুন মিতা");
    hears(play, { ...OLD, username: "নতুন মিতা" });
    expect([identity.value?.username, play.session.me?.username]).toEqual(["নতুন মিতা", "নতুন মিতা"]);
  });

  it("has a number in this room alone, and the reader is told once", () => {
    const play = named("মিতা ২");
    expect([identity.value?.username, play.session.me?.username]).toEqual(["মিতা", "মিতা ২"]);
    hears(play, { ...OLD, username: "মিতা ২", color: "#123456" });
    expect(play.numbers).toEqual([["মিতা ২", "মিতা"]]);
    expect(identity.value).toMatchObject({ username: "মিতা", color: "#123456" });
  });

  it("is not asked for again by a room that has put a number behind it", () => {
    const play = named("মিতা ২");
    const told = play.world.socket.commands.length;
    otherTabWrites({ key: `${PREFIX}identity`, newValue: JSON.stringify(identity.value) });
    expect(play.world.socket.commands.length).toBe(told);
    const painted = JSON.stringify({ ...identity.value, color: "#123456" });
    otherTabWrites({ key: `${PREFIX}identity`, newValue: painted });
    expect(play.world.socket.commands.at(-1)).toEqual({
      type: "user_update",
      username: "মিতা ২",
      color: "#123456",
    });
  });

  it("stays when another one is refused", () => {
    const play = named("মিতা");
    becomes("admin", OLD.color);
    play.session.rename("admin", OLD.color);
    const errors = { username: ["এই নামটি সংরক্ষিত"] };
    play.world.socket.hear(problem("validation_error", { errors }));
    expect(identity.value?.username).toBe("মিতা");
    expect(play.refusals).toEqual(["validation_error"]);
  });

  it("holds here too when it was changed in another room's tab", () => {
    const play = named("মিতা");
    const changed = JSON.stringify({ ...identity.value, username: "সুমি" });
    otherTabWrites({ key: `${PREFIX}identity`, newValue: changed });
    expect(play.world.socket.commands.at(-1)).toEqual({
      type: "user_update",
      username: "সুমি",
      color: OLD.color,
    });
    const told = play.world.socket.commands.length;
    otherTabWrites({
      key: `${PREFIX}identity`,
      newValue: JSON.stringify({ ...identity.value, username: OLD.username }),
    });
    expect(play.world.socket.commands.length).toBe(told);
  });
});

describe("a room that is gone", () => {
  it("is told from one that cannot be entered", () => {
    const never = new Play();
    never.session.start();
    never.world.socket.hear(problem("room_not_found"));
    never.world.socket.end(4000);
    expect([never.session.connection.name, never.session.gone]).toEqual(["refused", true]);

    const deleted = new Play().enter(3, 3);
    deleted.world.socket.end(4000);
    expect(deleted.session.gone).toBe(true);

    const wrong = new Play();
    wrong.session.start();
    wrong.world.socket.hear(problem("validation_error"));
    wrong.world.socket.end(4000);
    expect(wrong.session.gone).toBe(false);
  });
});

describe("what staff decide", () => {
  const mine = { user_id: ME, client_id: null } as const;

  it("is told by the welcome, and when it changes", () => {
    const play = new Play().enter(60);
    expect(play.session.standing.rules.locked).toBe(false);
    const rules = { locked: true, slow_seconds: 5, notice: "খেলা চলছে" };
    play.world.socket.hear({ type: "room_rules", rules, timestamp: "" });
    expect(play.session.standing.rules).toEqual(rules);
  });

  it("does not let wait for an hour what a slow mode refused that is over", () => {
    const play = new Play().enter(60);
    const rules = (slow_seconds: number): void => {
      const event = { locked: false, slow_seconds, notice: null };
      play.world.socket.hear({ type: "room_rules", rules: event, timestamp: "" });
    };
    rules(3_600);
    play.session.say({ content: "x", message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    play.world.socket.hear(problem("slow_mode", { client_id: id, retry_after: 3_600 }));
    rules(3_600);
    play.world.pass(2_000);
    expect(play.said.length).toBe(1);
    rules(0);
    play.world.pass(1_000);
    expect(play.said.map(({ client_id }) => client_id)).toEqual([id, id]);
    rules(0);
    play.world.pass(1_000);
    expect(play.said.length).toBe(2); // it is on its way
  });

  it("lets who is not heard see what they said, behind the newest, until they begin anew", () => {
    const play = new Play().enter(60);
    play.session.say({ content: "শুনছ?", message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    play.live(60, 60, { ...mine, client_id: id, message_id: "unheard", message: "শুনছ?" });
    play.world.socket.hear(ack(id, 60));
    expect(play.session.pending).toEqual([]);
    play.live(61);
    expect(play.shown.slice(-3)).toEqual([60, 60, 61]);
    const keys = play.session.rows?.map(({ key }) => key) ?? [];
    expect(new Set(keys).size).toBe(keys.length);
    play.comeBack([message(62)], 62);
    expect(play.shown.slice(-4)).toEqual([60, 60, 61, 62]);
    play.beginAnew(messages(1, 3), 3);
    expect(play.shown).toEqual([1, 2, 3]);
  });

  it("shows them what they said while far back, once they are at the newest", async () => {
    const play = await farBack(500, 1000);
    play.session.say({ content: "শুনছ?", message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    play.live(1000, 1000, { ...mine, client_id: id, message_id: "unheard" });
    await play.answer(messages(951, 1000));
    expect(play.shown).toEqual([...run(951, 1000), 1000]);
  });

  it("shows nothing twice: neither what others said nor what came before", () => {
    const play = new Play().enter(60);
    play.live(61, 61, mine);
    play.live(61, 61, mine);
    play.live(60, 60, { message_id: "somebody else's" });
    expect(play.shown).toEqual(run(11, 61));
  });

  it("keeps what is held for review, until it is said", () => {
    const play = new Play().enter(60);
    const written = "সম\u09df ছাগল"; // the server tells it as two signs, in Unicode's normal form
    play.session.say({ content: written, message_type: "text" });
    const id = play.said[0]?.client_id ?? "";
    play.world.socket.hear(problem("held_for_review", { client_id: id }));
    expect(play.session.pending).toMatchObject([{ failure: { code: "held_for_review" } }]);
    play.live(61, 61, { ...mine, message: written.normalize() }); // by another device
    expect(play.session.pending.length).toBe(1);
    play.live(62, 62, { ...mine, client_id: "held-1", message: written.normalize() });
    expect(play.session.pending).toEqual([]);
  });

  it("is a page of its own for who is banned, and no notice", () => {
    const play = new Play().enter(60);
    play.world.socket.hear(problem("banned", { retry_after: 600 }));
    play.world.socket.end(4003);
    expect(play.session.standing.barred?.code).toBe("banned");
    expect(play.refusals).toEqual([]);
    play.session.retry();
    expect(play.session.standing.barred).toBeNull();
  });
});
