/** What the history shows, one row per line of the list: messages, days, notes. Pure. */
import { dayNumber } from "../text/days.ts";
import type { MessageEvent, SystemEvent } from "../wire/contract.ts";

/** Of the moment between messages: who came, who left; or what its author alone has heard. */
export interface Note {
  readonly key: string;
  /** It stands after this message; 0: before all. */
  readonly afterSeq: number;
  readonly event: SystemEvent | MessageEvent;
}

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly time: number }
  | { readonly kind: "unread"; readonly key: string }
  | { readonly kind: "note"; readonly key: string; readonly event: SystemEvent }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: MessageEvent;
      readonly time: number;
      /** The first of several by one author: it shows who that is. */
      readonly first: boolean;
    };

/** A longer silence begins a new group. */
const GROUP_MILLISECONDS = 5 * 60_000;
/** Builds rows one after another; what is added at the end costs nothing for those before. */
export class RowList {
  #rows: Row[] = [];
  #lastMessage: MessageEvent | null = null;
  #lastTime = 0;
  #interrupted = true;

  get rows(): Row[] {
    return this.#rows;
  }

  /** Builds all rows anew. `unreadAfter`: the reader has seen all up to this seq. */
  rebuild(
    messages: readonly MessageEvent[],
    notes: readonly Note[],
    unreadAfter: number | null,
  ): void {
    this.#rows = [];
    this.#lastMessage = null;
    this.#interrupted = true;
    let next = 0;
    let marked = unreadAfter === null;
    const floor = messages[0]?.seq ?? 0;
    while (next < notes.length && (notes[next]?.afterSeq ?? 0) + 1 < floor) next++;
    for (const message of messages) {
      while (next < notes.length && (notes[next]?.afterSeq ?? 0) < message.seq) {
        this.note(notes[next++] as Note);
      }
      if (!marked && message.seq > (unreadAfter ?? 0)) {
        marked = true;
        this.unread();
      }
      this.message(message);
    }
    for (; next < notes.length; next++) this.note(notes[next] as Note);
  }

  /** Puts older messages in front, as `rebuild` would, without touching the rows behind them. */
  prepend(older: readonly MessageEvent[]): void {
    const front = new RowList();
    for (const message of older) front.message(message);
    const rest = this.#rows;
    const at = rest.findIndex((row) => row.kind === "message");
    const seam = rest[at];
    if (front.#lastMessage === null || seam?.kind !== "message") {
      this.#rows = front.#rows.concat(rest);
      return;
    }
    const sameDay = dayNumber(seam.time) === dayNumber(front.#lastTime);
    const between = rest.slice(0, at).filter((row) => !(sameDay && row.kind === "day"));
    const first = between.length > 0 || front.#begins(seam.message, seam.time);
    this.#rows = front.#rows.concat(between, { ...seam, first }, rest.slice(at + 1));
  }

  message(message: MessageEvent, key = `m${String(message.seq)}`): void {
    const time = Date.parse(message.timestamp);
    const newDay = this.#lastMessage === null || dayNumber(time) !== dayNumber(this.#lastTime);
    if (newDay) this.#rows.push({ kind: "day", key: `d${String(dayNumber(time))}`, time });
    const first = newDay || this.#interrupted || this.#begins(message, time);
    this.#rows.push({ kind: "message", key, message, time, first });
    this.#lastMessage = message;
    this.#lastTime = time;
    this.#interrupted = false;
  }

  note({ key, event }: Note): void {
    if (event.type === "message") {
      this.message(event, key);
      return;
    }
    this.#rows.push({ kind: "note", key, event });
    this.#interrupted = true;
  }

  unread(): void {
    this.#rows.push({ kind: "unread", key: "unread" });
    this.#interrupted = true;
  }

  /** Does this message begin a new group after the last one? */
  #begins(message: MessageEvent, time: number): boolean {
    const last = this.#lastMessage;
    return (
      last === null ||
      last.user_id !== message.user_id ||
      last.username !== message.username ||
      time - this.#lastTime > GROUP_MILLISECONDS
    );
  }
}
