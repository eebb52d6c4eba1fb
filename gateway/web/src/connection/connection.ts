/**
 * One room, one identity, any number of sockets one after another, until it is stopped.
 *
 * It comes back by itself wherever the contract says so, with the position it has reached, and tells
 * its listener each message once and in order.
 */
import { Timeline, type Position, type Step } from "../chat/timeline.ts";
import { CLOSE_CODES, type CloseCode } from "../wire/codes.ts";
import type { Command, HistoryEvent, ServerEvent, WelcomeEvent } from "../wire/contract.ts";
import { decodeEvent } from "../wire/decode.ts";
import { chatAddress, NOWHERE, type Name } from "./address.ts";
import { backoffSeconds } from "./backoff.ts";
import { Histories, type Query } from "./histories.ts";
import type { Socket, Surroundings } from "./surroundings.ts";

export type ConnectionState =
  | { readonly name: "connecting"; readonly attempt: number }
  | { readonly name: "open" }
  /** The next attempt begins at `until`, of the clock of the surroundings. */
  | {
      readonly name: "waiting";
      readonly attempt: number;
      readonly until: number;
      /** Why the server has closed; null when nobody did. */
      readonly code: CloseCode | null;
    }
  /** Too many come: the device works for its way in. */
  | { readonly name: "proving" }
  | { readonly name: "offline" }
  | { readonly name: "refused"; readonly code: CloseCode }
  | { readonly name: "stopped" };

/** Events that need no bookkeeping of the connection. */
export type PlainEvent = Exclude<
  ServerEvent,
  {
    type:
      | "welcome"
      | "recovered"
      | "message"
      | "message_updated"
      | "message_deleted"
      | "history"
      | "pong";
  }
>;

export interface Listener {
  state(state: ConnectionState): void;
  welcome(event: WelcomeEvent): void;
  /** What has become of the room's messages; `caughtUp`: all that was missed is there now. */
  step(step: Step, caughtUp: boolean): void;
  event(event: PlainEvent): void;
}

export interface Who extends Name {
  readonly sessionId: string;
}

const WELCOME_MILLISECONDS = 15_000;
const QUIET_MILLISECONDS = 25_000;
const PONG_MILLISECONDS = 8_000;
const WAKE_PONG_MILLISECONDS = 4_000;
/** How often to look for a network, should nobody tell that it is back. */
const OFFLINE_MILLISECONDS = 5_000;
/** A connection that lived this long was a good one: the next wait begins small again. */
const GOOD_MILLISECONDS = 10_000;
const FILL_PAGE = 100;
/** Who has worked so often and still is not in comes another time. */
const MOST_PROOFS = 3;
const OVERLOAD = 1013;

export class Connection {
  readonly #timeline = new Timeline();
  readonly #histories: Histories;
  #socket: Socket | null = null;
  #state: ConnectionState = { name: "stopped" };
  #attempt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #askedWait = 0;
  #closedBy: CloseCode | null = null;
  /** The server has asked not to be asked before. */
  #notBefore = 0;
  /** Where the server wants the next attempt to bring a proof from. */
  #challenge: string | null = null;
  #proof: string | null = null;
  /** Asked for since the last welcome. */
  #proofs = 0;
  #cancelTimer: (() => void) | null = null;

  constructor(
    private readonly origin: string,
    private readonly room: string,
    private readonly who: () => Who,
    private readonly listener: Listener,
    private readonly surroundings: Surroundings,
  ) {
    this.#histories = new Histories(
      (query) => this.send({ type: "history", ...query }),
      surroundings,
    );
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get position(): Position | null {
    return this.#timeline.position;
  }

  /** Connects, also after a refusal. */
  start(): void {
    if (this.#socket !== null) return;
    this.#attempt = 0;
    this.#proofs = 0;
    this.#connect();
  }

  stop(): void {
    this.#letGo();
    this.#enter({ name: "stopped" });
  }

  /** The tab is looked at again, the network is back, or gone: finds out where things stand. */
  wake(): void {
    if (this.#state.name === "waiting" || this.#state.name === "offline") {
      if (this.surroundings.now() < this.#notBefore) return;
      if (!this.surroundings.online()) {
        this.#wait();
        return;
      }
      // Many wake together when a network comes back.
      this.#timer(this.surroundings.chance() * 1_000, () => {
        this.#connect();
      });
    } else if (this.#state.name === "open") {
      this.#probe(WAKE_PONG_MILLISECONDS);
    }
  }

  /** It does not answer: another connection, after a wait. */
  giveUp(): void {
    if (this.#socket !== null) this.#lost(null);
  }

  /** Returns whether it went out; there may be no connection. */
  send(command: Command): boolean {
    if (this.#socket === null || this.#state.name !== "open") return false;
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  /**
   * A page of the room's history, oldest first.
   *
   * @throws HistoryFailed it cannot be had now
   */
  history(query: Query): Promise<HistoryEvent> {
    return this.#histories.page(query);
  }

  #connect(): void {
    this.#letGo();
    this.#enter({ name: "connecting", attempt: this.#attempt });
    const who = this.who();
    const position = this.#timeline.position ?? NOWHERE;
    const address = chatAddress(this.origin, this.room, who, position, this.#proof);
    this.#proof = null; // it is good once
    const socket = this.surroundings.openSocket(address, ["adda", who.sessionId]);
    this.#socket = socket;
    this.#askedWait = 0;
    socket.onmessage = ({ data }) => {
      this.#heardAt = this.surroundings.now();
      const event = decodeEvent(data);
      if (event !== null) this.#take(event);
    };
    socket.onclose = ({ code }) => {
      this.#lost(code);
    };
    this.#timer(WELCOME_MILLISECONDS, () => {
      this.#lost(null);
    });
  }

  /** The socket is gone, or good for nothing: `code` is null when nobody closed it. */
  #lost(code: number | null): void {
    const livedWell =
      this.#state.name === "open" && this.surroundings.now() - this.#openedAt > GOOD_MILLISECONDS;
    this.#letGo();
    if (code !== null && isRefusal(code)) {
      this.#enter({ name: "refused", code });
      return;
    }
    if (livedWell) this.#attempt = 0;
    this.#notBefore = this.surroundings.now() + this.#askedWait * 1_000;
    this.#closedBy = code !== null && code in CLOSE_CODES ? (code as CloseCode) : null;
    const challenge = this.#challenge;
    this.#challenge = null;
    if (challenge === null) this.#wait();
    else this.#prove(challenge);
  }

  #prove(place: string): void {
    if (this.#proofs === MOST_PROOFS) {
      this.#enter({ name: "refused", code: OVERLOAD });
      return;
    }
    this.#proofs++;
    this.#enter({ name: "proving" });
    const stop = new AbortController();
    this.#cancelTimer = () => {
      stop.abort();
    };
    this.surroundings.prove(place, stop.signal).then(
      (proof) => {
        if (stop.signal.aborted) return;
        this.#proof = proof;
        this.#connect();
      },
      () => {
        // It cannot be done here, or is of no use now: then as others who are asked to wait.
        if (!stop.signal.aborted) this.#wait();
      },
    );
  }

  /** Without a network nothing is tried: it would cost power, and `wake` comes when it is back. */
  #wait(): void {
    if (!this.surroundings.online()) {
      this.#enter({ name: "offline" });
      this.#timer(OFFLINE_MILLISECONDS, () => {
        this.#wait();
      });
      return;
    }
    const seconds = backoffSeconds(this.#attempt, this.surroundings.chance(), this.#askedWait);
    const until = this.surroundings.now() + seconds * 1_000;
    this.#attempt++;
    this.#enter({ name: "waiting", attempt: this.#attempt, until, code: this.#closedBy });
    this.#timer(seconds * 1_000, () => {
      this.#connect();
    });
  }

  #letGo(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(1000);
    }
    this.#timeline.disconnected();
    this.#histories.lose();
  }

  #take(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        this.#openedAt = this.surroundings.now();
        this.#proofs = 0;
        this.#enter({ name: "open" });
        this.#watch();
        this.listener.welcome(event);
        return;
      case "recovered":
        this.#follow(this.#timeline.recovered(event), true);
        return;
      case "message":
        this.#follow(this.#timeline.message(event), false);
        return;
      case "message_updated":
      case "message_deleted":
        this.#follow(this.#timeline.revision(event), false);
        return;
      case "history":
        this.#histories.answer(event);
        return;
      case "pong":
        return;
      case "error":
        if (this.#state.name !== "open") {
          this.#askedWait = event.retry_after ?? 0;
          this.#challenge = event.challenge ?? null;
        }
        if (event.client_id == null && this.#histories.busy) this.#histories.fail(event);
        this.listener.event(event);
        return;
      default:
        this.listener.event(event);
    }
  }

  #follow(step: Step, recovery: boolean): void {
    const filling = step.fetchAfter !== undefined;
    this.listener.step(step, recovery && !filling);
    if (step.fetchAfter === undefined) return;
    this.history({ after: step.fetchAfter, limit: FILL_PAGE }).then(
      (page) => {
        this.#follow(this.#timeline.filled(page), true);
      },
      () => {
        // Without the missing part nothing can go on here; another connection begins with it.
        if (this.#state.name === "open") this.#lost(null);
      },
    );
  }

  /** While nothing is heard for long, asks whether the other side still lives. */
  #watch(): void {
    this.#timer(QUIET_MILLISECONDS, () => {
      if (this.surroundings.now() - this.#heardAt < QUIET_MILLISECONDS) this.#watch();
      else this.#probe(PONG_MILLISECONDS);
    });
  }

  #probe(patience: number): void {
    const asked = this.surroundings.now();
    this.send({ type: "ping", t: Math.round(asked) });
    this.#timer(patience, () => {
      if (this.#heardAt < asked) this.#lost(null);
      else this.#watch();
    });
  }

  /** There is one timer: whatever is waited for next. */
  #timer(milliseconds: number, work: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.surroundings.later(milliseconds, work);
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.listener.state(state);
  }
}

function isRefusal(code: number): code is CloseCode {
  return code in CLOSE_CODES && !CLOSE_CODES[code as CloseCode].reconnect;
}
