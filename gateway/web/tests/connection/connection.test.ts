import { describe, expect, it } from "vitest";

import type { Step } from "../../src/chat/timeline.ts";
import {
  Connection,
  type ConnectionState,
  type Listener,
  type PlainEvent,
} from "../../src/connection/connection.ts";
import { HistoryFailed } from "../../src/connection/histories.ts";
import { CLOSE_CODES } from "../../src/wire/codes.ts";
import type { WelcomeEvent } from "../../src/wire/contract.ts";
import { ByHand, settled } from "../by_hand.ts";
import {
  EPOCH,
  golden,
  message,
  messages,
  page,
  problem,
  recovered,
  removed,
  ROOM,
  seqs,
  typing,
  updated,
  welcome,
} from "../samples.ts";

const WELCOME = 15_000;
const QUIET = 25_000;
const PONG = 8_000;
const WAKE_PONG = 4_000;
const SESSION = "Zk1vQ2JtX3l0c2Vzc2lvbl9leGFtcGxl";

/** A connection, all that it tells, and the world around it. */
class Play implements Listener {
  readonly world = new ByHand();
  readonly states: ConnectionState[] = [];
  readonly welcomes: WelcomeEvent[] = [];
  readonly steps: { readonly step: Step; readonly caughtUp: boolean }[] = [];
  readonly events: PlainEvent[] = [];
  /** Messages and changes in the order in which they are told. */
  readonly told: string[] = [];
  username = "মিতা";
  readonly connection = new Connection(
    "https://adda.example",
    ROOM,
    () => ({ sessionId: SESSION, username: this.username, color: "#a91d3a" }),
    this,
    this.world,
  );

  state(state: ConnectionState): void {
    this.states.push(state);
  }

  welcome(event: WelcomeEvent): void {
    this.welcomes.push(event);
  }

  step(step: Step, caughtUp: boolean): void {
    this.steps.push({ step, caughtUp });
    for (const { type, seq } of step.deliver) this.told.push(`${type} ${String(seq)}`);
    for (const { type, seq } of step.revisions) this.told.push(`${type} ${String(seq)}`);
  }

  event(event: PlainEvent): void {
    this.events.push(event);
    const { type, seq } = event as { readonly type: string; readonly seq?: number };
    if (seq !== undefined && type !== "ack") this.told.push(`${type} ${String(seq)}`);
  }

  get now(): ConnectionState["name"] {
    return this.connection.state.name;
  }

  get delivered(): number[] {
    return this.steps.flatMap(({ step }) => seqs(step.deliver));
  }

  /** Welcomed, and up to date at `seq`. */
  enter(seq = 10): this {
    if (this.world.sockets.length === 0) this.connection.start();
    this.world.socket.hear(welcome({ seq }));
    this.world.socket.hear(recovered({ complete: false, seq }));
    return this;
  }

  /** Waits out the time before the next attempt. */
  reconnect(): this {
    const { length } = this.world.sockets;
    for (let at = 0; at < 300 && this.world.sockets.length === length; at++) this.world.pass(100);
    return this;
  }
}

function started(): Play {
  const play = new Play();
  play.connection.start();
  return play;
}

describe("the first socket", () => {
  it("asks for the room from nowhere, and carries the session where no log sees it", () => {
    const { world } = started();
    expect(world.socket.address).not.toContain(SESSION);
    expect(world.socket.protocols).toEqual(["adda", SESSION]);
    expect(world.socket.query.get("epoch")).toBe("none");
    expect(world.socket.query.get("since")).toBe("0");
  });

  it("is open after its welcome", () => {
    const play = started();
    expect(play.now).toBe("connecting");
    expect(play.connection.send({ type: "ping" })).toBe(false);
    const event = welcome();
    play.world.socket.hear(event);
    expect([play.now, play.welcomes]).toEqual(["open", [event]]);
    expect(play.connection.send({ type: "typing", typing: true })).toBe(true);
    expect(play.world.socket.commands).toEqual([{ type: "typing", typing: true }]);
  });

  it("is not the first of two when it is started twice", () => {
    const play = started();
    play.connection.start();
    expect(play.world.sockets.length).toBe(1);
  });

  it("is given up when no welcome comes", () => {
    const play = started();
    play.world.pass(WELCOME - 1);
    expect(play.now).toBe("connecting");
    const { socket } = play.world;
    play.world.pass(1);
    expect([play.now, socket.closedWith]).toEqual(["waiting", 1000]);
  });

  it("tells what it does not keep books of, and nothing of what it cannot read", () => {
    const play = new Play().enter();
    play.world.socket.hearText("{");
    play.world.socket.hearText('{"type":"of_the_future"}');
    play.world.socket.hearText(new ArrayBuffer(1));
    for (const event of [typing("a"), golden("user_list"), golden("joined"), golden("ack")]) {
      play.world.socket.hear(event);
      expect(play.events.at(-1)).toEqual(event);
    }
    play.world.socket.hear(golden("pong"));
    expect(play.events.length).toBe(4);
  });
});

describe("a socket that ends", () => {
  it.each([1012, 1013, 4100, 4101, 4102, 1000, 1001, 1006, 1011, 4999])(
    "with %i comes back where it was",
    (code) => {
      const play = new Play().enter(10);
      play.world.socket.hear(message(11));
      play.world.socket.end(code);
      const why = code in CLOSE_CODES ? code : null;
      expect(play.connection.state).toMatchObject({ name: "waiting", code: why });
      play.reconnect();
      expect(play.world.sockets.length).toBe(2);
      expect(play.world.socket.query.get("epoch")).toBe(EPOCH);
      expect(play.world.socket.query.get("since")).toBe("11");
      expect(play.world.socket.address).not.toContain(SESSION);
    },
  );

  const refusals = Object.entries(CLOSE_CODES).filter(([, { reconnect }]) => !reconnect);
  it.each(refusals.map(([code]) => Number(code)))("with %i stays away", (code) => {
    const play = started();
    play.world.socket.end(code);
    expect(play.connection.state).toEqual({ name: "refused", code });
    play.connection.wake();
    play.world.pass(3_600_000);
    expect([play.world.sockets.length, play.world.timers]).toEqual([1, 0]);
  });

  it("with a refusal comes back when the reader wants it", () => {
    const play = started();
    play.world.socket.end(4001);
    play.connection.start();
    expect([play.now, play.world.sockets.length]).toEqual(["connecting", 2]);
  });

  it("comes back under the name that is in use then", () => {
    const play = new Play().enter();
    play.username = "new";
    play.world.socket.end(1006);
    expect(play.reconnect().world.socket.query.get("username")).toBe("new");
  });

  it("says nothing any more", () => {
    const play = new Play().enter(10);
    const [old] = play.world.sockets;
    play.world.socket.end(1006);
    old?.hear(message(11));
    old?.end(4001);
    expect([play.now, play.delivered]).toEqual(["waiting", []]);
  });

  it("is waited for longer and longer, by chance, up to twenty seconds", () => {
    const play = started();
    const waits = [0.5, 1, 2, 4, 8, 16, 20, 20].map((bound) => {
      play.world.socket.end(1006);
      const state = play.connection.state;
      if (state.name !== "waiting") throw new Error(state.name);
      const wait = state.until - play.world.now();
      play.world.pass(wait - 1);
      expect(play.now).toBe("waiting");
      play.world.pass(1);
      expect(play.now).toBe("connecting");
      return wait / (bound * 1_000);
    });
    expect(waits).toEqual(waits.map(() => play.world.chanceIs));
  });

  it("is waited for shortly again after a good one", () => {
    const play = started();
    for (let tries = 0; tries < 6; tries++) {
      play.world.socket.end(1006);
      play.reconnect();
    }
    play.enter();
    play.world.pass(10_001);
    play.world.socket.end(1006);
    expect(play.connection.state).toMatchObject({ until: play.world.now() + 250 });
  });

  it("is no good one when it was long in coming and short in being there", () => {
    const play = started();
    for (let tries = 0; tries < 6; tries++) {
      play.world.socket.end(1006);
      play.reconnect();
    }
    play.world.pass(12_000);
    play.enter();
    play.world.socket.end(1006);
    expect(play.connection.state).toMatchObject({ until: play.world.now() + 10_000 });
  });

  it("honours the time that the server asked for", () => {
    const play = started();
    play.world.socket.hear(problem("overloaded", { retry_after: 30 }));
    play.world.socket.end(1013);
    expect(play.connection.state).toMatchObject({ until: play.world.now() + 30_250 });
    play.world.pass(30_249);
    expect(play.world.sockets.length).toBe(1);
    play.world.pass(1);
    expect(play.world.sockets.length).toBe(2);
    play.world.socket.end(1006);
    expect(play.connection.state).toMatchObject({ until: play.world.now() + 500 });
  });

  it("tells the reader when there is no network at all, and tries nothing until there is", () => {
    const play = new Play().enter();
    play.world.isOnline = false;
    play.world.socket.end(1006);
    expect(play.now).toBe("offline");
    play.world.pass(60_000);
    expect(play.now).toBe("offline");
    expect(play.world.sockets.length).toBe(1);
    play.world.isOnline = true;
    play.world.pass(5_000);
    expect(play.now).toBe("waiting");
    expect(play.reconnect().now).toBe("connecting");
  });
});

describe("a quiet line", () => {
  it("is asked whether it lives, and lives", () => {
    const play = new Play().enter();
    play.world.pass(QUIET);
    expect(play.world.socket.commands).toMatchObject([{ type: "ping" }]);
    play.world.pass(PONG - 1);
    play.world.socket.hear(golden("pong"));
    play.world.pass(1);
    expect(play.now).toBe("open");
    play.world.pass(QUIET);
    expect(play.world.socket.commands.length).toBe(2);
  });

  it("is left when it does not answer", () => {
    const play = new Play().enter();
    play.world.pass(QUIET + PONG - 1);
    expect(play.now).toBe("open");
    play.world.pass(1);
    expect(play.now).toBe("waiting");
  });

  it("is not asked while something is heard", () => {
    const play = new Play().enter();
    for (let at = 0; at < 20; at++) {
      play.world.pass(QUIET - 5_000);
      play.world.socket.hear(typing("a"));
    }
    expect(play.world.socket.commands).toEqual([]);
    expect(play.now).toBe("open");
  });
});

describe("a tab that is looked at again", () => {
  it("asks at once whether the line still lives, with less patience", () => {
    const play = new Play().enter();
    play.world.pass(1);
    play.connection.wake();
    expect(play.world.socket.commands).toMatchObject([{ type: "ping" }]);
    play.world.pass(WAKE_PONG);
    expect(play.now).toBe("waiting");
  });

  it("stays when the line answers", () => {
    const play = new Play().enter();
    play.world.pass(5);
    play.connection.wake();
    play.world.pass(10);
    play.world.socket.hear(golden("pong"));
    play.world.pass(WAKE_PONG);
    expect(play.now).toBe("open");
  });

  it("connects soon, but not all at the same moment", () => {
    const play = started();
    for (let tries = 0; tries < 8; tries++) {
      play.world.socket.end(1006);
      play.reconnect();
    }
    play.world.isOnline = false;
    play.world.socket.end(1006);
    play.connection.wake();
    expect(play.now).toBe("offline");
    play.world.isOnline = true;
    const { length } = play.world.sockets;
    play.connection.wake();
    play.world.pass(499);
    expect(play.world.sockets.length).toBe(length);
    play.world.pass(1);
    expect(play.world.sockets.length).toBe(length + 1);
    expect(play.world.timers).toBe(1);
  });

  it("changes nothing while it connects, or after it has stopped", () => {
    const play = started();
    play.connection.wake();
    expect(play.world.sockets.length).toBe(1);
    play.connection.stop();
    play.connection.wake();
    play.world.pass(60_000);
    expect(play.world.sockets.length).toBe(1);
  });
});

describe("the end", () => {
  it("closes, and nothing comes after", () => {
    const play = new Play().enter();
    const { socket } = play.world;
    play.connection.stop();
    expect([play.now, socket.closedWith, play.world.timers]).toEqual(["stopped", 1000, 0]);
    expect(play.connection.send({ type: "ping" })).toBe(false);
  });

  it("may be followed by a beginning, at the place that was reached", () => {
    const play = new Play().enter(12);
    play.connection.stop();
    play.connection.start();
    expect(play.world.socket.query.get("since")).toBe("12");
  });

  it("also ends a wait", () => {
    const play = started();
    play.world.socket.end(1006);
    play.connection.stop();
    play.world.pass(60_000);
    expect([play.now, play.world.sockets.length]).toEqual(["stopped", 1]);
  });
});

describe("pages of history", () => {
  it("are asked for and answered on the socket", async () => {
    const play = new Play().enter();
    const answer = play.connection.history({ before: 5, limit: 50 });
    expect(play.world.socket.commands).toEqual([{ type: "history", before: 5, limit: 50 }]);
    play.world.socket.hear(page(messages(1, 4)));
    expect(await answer).toEqual(page(messages(1, 4)));
    expect(play.delivered).toEqual([]);
  });

  it("fail by an error that speaks of no message, which is told as well", async () => {
    const play = new Play().enter();
    const answer = play.connection.history({ before: 5, limit: 50 });
    const other = problem("unavailable", { client_id: "a" });
    const error = problem("unavailable");
    play.world.socket.hear(other);
    play.world.socket.hear(error);
    await expect(answer).rejects.toMatchObject({ name: "HistoryFailed", error });
    expect(play.events).toEqual([other, error]);
  });

  it("fail when the connection does, or is not there", async () => {
    const play = new Play().enter();
    const answer = play.connection.history({ before: 5, limit: 50 });
    play.world.socket.end(1006);
    await expect(answer).rejects.toBeInstanceOf(HistoryFailed);
    await expect(play.connection.history({ before: 5, limit: 50 })).rejects.toBeInstanceOf(
      HistoryFailed,
    );
  });
});

describe("messages", () => {
  it("are told once and in order, and the reader is caught up", () => {
    const play = new Play().enter(10);
    expect(play.steps).toMatchObject([{ caughtUp: true, step: { restart: { sameLife: false } } }]);
    for (const seq of [11, 12, 12, 11, 13]) play.world.socket.hear(message(seq));
    expect(play.delivered).toEqual([11, 12, 13]);
    expect(play.connection.position).toEqual({ epoch: EPOCH, seq: 13 });
  });

  it("wait while a gap is filled, by as many pages as it takes", async () => {
    const play = new Play().enter(10);
    play.world.socket.hear(message(14));
    expect(play.world.socket.commands).toEqual([{ type: "history", after: 10, limit: 100 }]);
    expect(play.steps.at(-1)?.caughtUp).toBe(false);
    play.world.socket.hear(page(messages(11, 12), true));
    await settled();
    expect(play.delivered).toEqual([11, 12]);
    expect(play.steps.at(-1)?.caughtUp).toBe(false);
    expect(play.world.socket.commands.at(-1)).toEqual({ type: "history", after: 12, limit: 100 });
    play.world.socket.hear(page(messages(13, 14)));
    await settled();
    expect(play.delivered).toEqual([11, 12, 13, 14]);
    expect(play.steps.at(-1)?.caughtUp).toBe(true);
  });

  it("come with what was missed, and the changes after them", () => {
    const play = new Play().enter(10);
    play.world.socket.end(1006);
    play.reconnect();
    play.world.socket.hear(welcome({ seq: 12 }));
    const revisions = [updated(3)];
    play.world.socket.hear(recovered({ seq: 12, messages: messages(11, 12), revisions }));
    expect(play.told).toEqual(["message 11", "message 12", "message_updated 3"]);
    expect(play.steps.at(-1)?.caughtUp).toBe(true);
  });

  it("are not caught up before a recovery that came in part is whole", async () => {
    const play = new Play().enter(10);
    play.world.socket.end(1006);
    play.reconnect();
    play.world.socket.hear(welcome({ seq: 14 }));
    play.world.socket.hear(recovered({ complete: false, seq: 14, messages: [message(14)] }));
    expect(play.steps.at(-1)?.caughtUp).toBe(false);
    play.world.socket.hear(page(messages(11, 14)));
    await settled();
    expect(play.delivered).toEqual([11, 12, 13, 14]);
    expect(play.steps.at(-1)?.caughtUp).toBe(true);
  });

  it("are changed only after they are told: a deleted one does not come back", async () => {
    const play = new Play().enter(10);
    play.world.socket.hear(message(12));
    play.world.socket.hear(message(13));
    play.world.socket.hear(removed(13));
    play.world.socket.hear(updated(12));
    play.world.socket.hear(page(messages(11, 12)));
    await settled();
    expect(play.told).toEqual([
      "message 11",
      "message 12",
      "message 13",
      "message_deleted 13",
      "message_updated 12",
    ]);
  });

  it("are changed at once where nothing is missing", () => {
    const play = new Play().enter(10);
    play.world.socket.hear(updated(9));
    play.world.socket.hear(removed(8));
    expect(play.told).toEqual(["message_updated 9", "message_deleted 8"]);
  });

  it("that cannot be filled in are had by another connection", async () => {
    const play = new Play().enter(10);
    play.world.socket.hear(message(14));
    play.world.socket.hear(problem("unavailable"));
    await settled();
    expect(play.now).toBe("waiting");
    play.reconnect();
    expect(play.world.socket.query.get("since")).toBe("10");
  });

  it("that were being filled in do not end the connection after", async () => {
    const play = new Play().enter(10);
    play.world.socket.hear(message(14));
    play.connection.stop();
    play.connection.start();
    await settled();
    expect(play.now).toBe("connecting");
    play.enter(14);
    expect(play.now).toBe("open");
  });
});

describe("a crowd at the door", () => {
  const PLACE = `/api/challenge/?for=join&room=${ROOM}`;

  function sentAway(play: Play, code = "proof_required"): Play {
    const challenge = code === "proof_required" ? PLACE : null;
    play.world.socket.hear(problem(code, { retry_after: 4, challenge }));
    play.world.socket.end(1013);
    return play;
  }

  it("is passed by a proof, which is shown once", async () => {
    const play = sentAway(started());
    expect([play.now, play.world.task.place]).toEqual(["proving", PLACE]);
    play.world.task.solve("a+proof/=");
    await settled();
    expect(play.now).toBe("connecting");
    expect(play.world.socket.query.get("proof")).toBe("a+proof/=");
    play.enter(10);
    play.world.socket.end(1012);
    play.reconnect();
    expect(play.world.socket.query.has("proof")).toBe(false);
  });

  it("is waited out where nothing can be proved", async () => {
    const play = sentAway(started());
    play.world.task.fail();
    await settled();
    expect(play.now).toBe("waiting");
    play.world.pass(3_900);
    expect(play.world.sockets).toHaveLength(1);
    play.reconnect();
    expect(play.world.sockets).toHaveLength(2);
  });

  it("is given up after three proofs, and tried anew by hand", async () => {
    const play = started();
    for (let n = 0; n < 3; n++) {
      sentAway(play).world.task.solve(String(n));
      await settled();
    }
    sentAway(play);
    expect(play.connection.state).toEqual({ name: "refused", code: 1013 });
    expect(play.world.tasks).toHaveLength(3);
    expect(play.world.timers).toBe(0);
    play.connection.start();
    sentAway(play);
    expect(play.now).toBe("proving");
  });

  it("that was passed once is a new one the next time", async () => {
    const play = started();
    for (let n = 0; n < 5; n++) {
      sentAway(play).world.task.solve(String(n));
      await settled();
      play.enter(10);
      play.world.socket.end(1012);
      play.reconnect();
    }
    expect(play.world.tasks).toHaveLength(5);
  });

  it("asks for nothing more of who has left meanwhile", async () => {
    const play = sentAway(started());
    const { task } = play.world;
    play.connection.stop();
    expect(task.signal.aborted).toBe(true);
    task.solve("late");
    await settled();
    expect([play.now, play.world.sockets.length]).toEqual(["stopped", 1]);
  });

  it("that asks for no proof is waited out", () => {
    expect(sentAway(started(), "overloaded").now).toBe("waiting");
  });
});
