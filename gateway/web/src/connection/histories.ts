/** Pages of history that were asked for. The server answers one after another, without a number. */
import type { ErrorEvent, HistoryEvent } from "../wire/contract.ts";
import type { Surroundings } from "./surroundings.ts";

export type Query =
  | { readonly before: number; readonly limit: number }
  | { readonly after: number; readonly limit: number };

/** A page that could not be had now; `error` is the server's, if it said anything. */
export class HistoryFailed extends Error {
  constructor(readonly error: ErrorEvent | null) {
    super(error?.code ?? "no answer");
    this.name = "HistoryFailed";
  }
}

interface Waiting {
  readonly query: Query;
  readonly resolve: (event: HistoryEvent) => void;
  readonly reject: (error: HistoryFailed) => void;
}

const PATIENCE_MILLISECONDS = 15_000;

/** Asks one at a time, so that an answer, or an error, can only belong to that one. */
export class Histories {
  #waiting: Waiting[] = [];
  #asked = false;
  /** Questions that were given up, whose answers may still come. */
  #late = 0;
  #stopTimer: (() => void) | null = null;

  constructor(
    private readonly ask: (query: Query) => boolean,
    private readonly surroundings: Surroundings,
  ) {}

  get busy(): boolean {
    return this.#asked;
  }

  page(query: Query): Promise<HistoryEvent> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ query, resolve, reject });
      this.#next();
    });
  }

  /** An answer; one that cannot belong to the question is that of a question given up before. */
  answer(event: HistoryEvent): void {
    const asked = this.#waiting[0];
    // Answers come in the order of their questions; but a question may also have been lost.
    if (this.#late > 0 && !(asked !== undefined && adjoins(event, asked.query))) {
      this.#late--;
      return;
    }
    if (!this.#asked || asked === undefined || !belongs(event, asked.query)) return;
    this.#take()?.resolve(event);
    this.#next();
  }

  /** The one that was asked for is not to be had. */
  fail(error: ErrorEvent | null): void {
    if (!this.#asked) return;
    this.#take()?.reject(new HistoryFailed(error));
    this.#next();
  }

  /** The connection is gone. */
  lose(): void {
    const lost = this.#waiting;
    this.#waiting = [];
    this.#asked = false;
    this.#stopTimer?.();
    this.#late = 0;
    for (const { reject } of lost) reject(new HistoryFailed(null));
  }

  #take(): Waiting | undefined {
    this.#asked = false;
    this.#stopTimer?.();
    return this.#waiting.shift();
  }

  #next(): void {
    const first = this.#waiting[0];
    if (this.#asked || first === undefined) return;
    this.#asked = true;
    if (!this.ask(first.query)) {
      this.fail(null);
      return;
    }
    this.#stopTimer = this.surroundings.later(PATIENCE_MILLISECONDS, () => {
      this.#late++;
      this.fail(null);
    });
  }
}

function adjoins(event: HistoryEvent, query: Query): boolean {
  if ("before" in query) return event.messages.at(-1)?.seq === query.before - 1;
  return event.messages[0]?.seq === query.after + 1;
}

function belongs(event: HistoryEvent, query: Query): boolean {
  if ("before" in query) return event.messages.every((message) => message.seq < query.before);
  return event.messages.every((message) => message.seq > query.after);
}
