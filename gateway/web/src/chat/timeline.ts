/**
 * What of all that arrives is new, and what is missing. Pure: events in, steps out.
 *
 * The server numbers the messages of a room without gaps and brings a reconnecting client what it
 * missed; this holds it to that. It is the browser's twin of `adda_client/timeline.py`.
 */
import type {
  HistoryEvent,
  MessageDeletedEvent,
  MessageEvent,
  MessageUpdatedEvent,
  RecoveredEvent,
} from "../wire/contract.ts";

/** `seq` counts within `epoch`, the life of the room's sequence; seq 0 is before the first. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export type Revision = MessageUpdatedEvent | MessageDeletedEvent;

/** What one event leads to. */
export interface Step {
  /** New messages, in order and without a gap after those before. */
  readonly deliver: readonly MessageEvent[];
  /** Changes of messages that may be shown already. */
  readonly revisions: readonly Revision[];
  /** Set when what is shown no longer adjoins what is to come: the newest messages instead. */
  readonly restart?: { readonly messages: readonly MessageEvent[]; readonly sameLife: boolean };
  /** Ask for `history` after this seq. */
  readonly fetchAfter?: number;
  /** It has the number of a message that is known: the same again, or heard by its author alone. */
  readonly again?: MessageEvent;
}

/** A gap of more messages is not filled: who was away that long begins with the newest. */
export const MOST_FILLED = 300;

const NOTHING: Step = { deliver: [], revisions: [] };

export class Timeline {
  #position: Position | null = null;
  #filling = false;
  /** Live messages that wait until a gap is filled, and changes, which may be of those. */
  #held: MessageEvent[] = [];
  #heldRevisions: Revision[] = [];
  /** The newest message that is known to exist; a page reaches what was known when it was asked for. */
  #heard = 0;
  #reaches = 0;

  /** The last message delivered; null before the first `recovered`. */
  get position(): Position | null {
    return this.#position;
  }

  /** The connection is gone; the next one begins with what was missed. */
  disconnected(): void {
    this.#filling = false;
    this.#held = [];
    this.#heldRevisions = [];
  }

  message(event: MessageEvent): Step {
    const position = this.#known();
    if (event.seq <= position.seq) return { ...NOTHING, again: event };
    if (this.#filling || event.seq > position.seq + 1) return this.#hold([event], event.seq);
    return { deliver: this.#inOrder([event]), revisions: [] };
  }

  revision(event: Revision): Step {
    if (!this.#filling) return { deliver: [], revisions: [event] };
    this.#heldRevisions.push(event);
    return NOTHING;
  }

  recovered(event: RecoveredEvent): Step {
    const position = this.#position;
    if (event.complete && position !== null) {
      const deliver = this.#inOrder(event.messages);
      this.#position = { epoch: event.epoch, seq: Math.max(event.seq, this.#known().seq) };
      return { deliver, revisions: event.revisions };
    }
    const sameLife = position !== null && event.epoch === position.epoch;
    if (sameLife && event.seq >= position.seq && event.seq - position.seq <= MOST_FILLED) {
      return this.#hold(event.messages, event.seq);
    }
    this.disconnected();
    this.#position = { epoch: event.epoch, seq: event.seq };
    return { deliver: [], revisions: [], restart: { messages: event.messages, sameLife } };
  }

  /** The answer to `fetchAfter`. */
  filled(event: HistoryEvent): Step {
    if (!this.#filling) return NOTHING;
    const deliver = this.#inOrder(event.messages);
    if (event.has_more && event.messages.length > 0) return this.#ask(deliver);
    deliver.push(...this.#adjoining());
    if (this.#heard > this.#known().seq) return this.#ask(deliver);
    const revisions = this.#heldRevisions;
    this.disconnected();
    return { deliver, revisions };
  }

  #hold(messages: readonly MessageEvent[], heard: number): Step {
    this.#held.push(...messages);
    this.#heard = Math.max(heard, this.#filling ? this.#heard : 0);
    if (this.#filling) return NOTHING;
    this.#filling = true;
    return this.#ask([]);
  }

  #ask(deliver: readonly MessageEvent[]): Step {
    this.#reaches = this.#heard;
    return { deliver, revisions: [], fetchAfter: this.#known().seq };
  }

  /** What of the held ones adjoins the last page. What is missing within its reach was deleted. */
  #adjoining(): MessageEvent[] {
    const { epoch, seq } = this.#known();
    const reached = Math.max(seq, this.#reaches);
    const held = this.#held.sort((a, b) => a.seq - b.seq);
    let last = reached;
    for (const message of held) if (message.seq === last + 1) last++;
    const deliver = this.#inOrder(held.filter((message) => message.seq <= last));
    this.#held = held.filter((message) => message.seq > last);
    this.#position = { epoch, seq: last };
    return deliver;
  }

  /** Those that are new; what lies between them was deleted. */
  #inOrder(messages: readonly MessageEvent[]): MessageEvent[] {
    const { epoch, seq } = this.#known();
    const fresh: MessageEvent[] = [];
    let last = seq;
    for (const message of [...messages].sort((a, b) => a.seq - b.seq)) {
      if (message.seq <= last) continue;
      last = message.seq;
      fresh.push(message);
    }
    this.#position = { epoch, seq: last };
    return fresh;
  }

  #known(): Position {
    if (this.#position === null) throw new Error("a room's message before its `recovered`");
    return this.#position;
  }
}
