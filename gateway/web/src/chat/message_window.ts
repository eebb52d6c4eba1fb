/**
 * The part of a room's history that is held: an unbroken run of messages, oldest first.
 *
 * It follows the live end until its reader goes far back; then its newer end is let go, and what
 * comes meanwhile is read again by pages on the way down. So memory stays bounded whatever happens.
 */
import type { MessageEvent } from "../wire/contract.ts";
import type { Revision } from "./timeline.ts";

/** Held while the reader is at the newest message. */
export const MOST_FOLLOWED = 1_500;
export const KEPT_FOLLOWED = 1_000;
/** Held while the reader looks at older ones. */
export const MOST_READ = 100_000;
/** The newest live messages, kept aside while the newer end is let go. */
export const MOST_ASIDE = 300;
/** Changes that are remembered for pages under way. */
const MOST_CHANGES = 300;

export class MessageWindow {
  #messages: MessageEvent[] = [];
  #hasOlder = false;
  #hasNewer = false;
  /**
   * What came live while the newest messages are not held, from the place `#asideFrom` on; 0: all of
   * it. A page is read before it arrives, so its end and what came meanwhile must overlap before it
   * counts as the newest.
   */
  #aside: MessageEvent[] = [];
  #asideFrom = 0;
  /** The latest changes: a page that comes may have been read before them. */
  #changes = new Map<number, Revision>();

  get messages(): readonly MessageEvent[] {
    return this.#messages;
  }

  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  /** true: the newest messages of the room are not held. */
  get hasNewer(): boolean {
    return this.#hasNewer;
  }

  get first(): MessageEvent | undefined {
    return this.#messages[0];
  }

  get last(): MessageEvent | undefined {
    return this.#messages.at(-1);
  }

  /** Begins anew. `hasNewer`: the page is said not to be the newest one. */
  reset(
    messages: readonly MessageEvent[],
    { hasOlder, hasNewer = false }: { hasOlder: boolean; hasNewer?: boolean },
  ): void {
    this.#messages = [];
    this.#hasOlder = hasOlder;
    this.#take(messages, hasNewer);
  }

  /** Begins anew with the newest, next to which live messages will come. */
  restart(messages: readonly MessageEvent[], { hasOlder }: { hasOlder: boolean }): void {
    this.#forgetAside();
    this.#changes.clear();
    this.reset(messages, { hasOlder });
  }

  /**
   * Between what is held and what will come there are messages that are not known. Pages that were
   * asked for before may not be taken any more: they may end before those.
   */
  detach(): void {
    this.#hasNewer = true;
    this.#forgetAside();
  }

  /** Live messages, next to those before. Returns what is new: pages may have brought some. */
  append(messages: readonly MessageEvent[]): readonly MessageEvent[] {
    if (!this.#hasNewer && this.#messages.length + messages.length > MOST_READ) {
      this.#hasNewer = true;
    }
    if (this.#hasNewer) {
      this.#putAside(messages);
      return [];
    }
    const edge = this.last?.seq ?? 0;
    const fresh = messages.filter((message) => message.seq > edge && message.deleted !== true);
    for (const message of fresh) this.#messages.push(message);
    return fresh;
  }

  /** A page of older messages, oldest first, next to the first one held. Returns what it added. */
  prepend(messages: readonly MessageEvent[], hasMore: boolean): readonly MessageEvent[] {
    this.#hasOlder = hasMore;
    const edge = this.first?.seq ?? Infinity;
    const older = this.#asChanged(messages.filter((message) => message.seq < edge));
    this.#messages = older.concat(this.#messages);
    if (this.#messages.length > MOST_READ) {
      this.#messages.length = MOST_READ;
      if (!this.#hasNewer) this.detach();
    }
    return older;
  }

  /** A page of newer messages, oldest first, next to the last one held. */
  extend(messages: readonly MessageEvent[], hasMore: boolean): void {
    this.#messages = this.#messages.slice();
    this.#take(messages, hasMore);
    if (this.#messages.length > MOST_READ) this.#dropOldest(this.#messages.length - MOST_READ);
  }

  /** A changed or deleted message. Returns whether it was held. */
  revise(revision: Revision): boolean {
    this.#changes.delete(revision.seq);
    this.#changes.set(revision.seq, revision);
    for (const seq of this.#changes.keys()) {
      if (this.#changes.size <= MOST_CHANGES) break;
      this.#changes.delete(seq);
    }
    const at = this.indexOf(revision.seq);
    const held = this.#messages[at];
    if (held === undefined) {
      this.#aside = this.#asChanged(this.#aside);
      return false;
    }
    this.#messages.splice(at, 1, ...revised(held, revision));
    return true;
  }

  /** While following: lets the oldest go, some at a time. Returns whether it did. */
  trim(): boolean {
    if (this.#hasNewer || this.#messages.length <= MOST_FOLLOWED) return false;
    this.#dropOldest(this.#messages.length - KEPT_FOLLOWED);
    return true;
  }

  /** Index of the message with this seq; -1 if it is not held. */
  indexOf(seq: number): number {
    let low = 0;
    let high = this.#messages.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#messages[middle]?.seq ?? 0;
      if (found === seq) return middle;
      if (found < seq) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #take(messages: readonly MessageEvent[], hasMore: boolean): void {
    let edge = this.last?.seq ?? 0;
    for (const message of this.#asChanged(messages)) {
      if (message.seq <= edge || message.deleted === true) continue;
      this.#messages.push(message);
      edge = message.seq;
    }
    this.#hasNewer = hasMore || this.#asideFrom > edge + 1;
    if (this.#hasNewer) return;
    const rest = this.#aside.filter((message) => message.seq > edge);
    this.#forgetAside();
    const tooMany = this.#messages.length + rest.length - MOST_READ;
    if (tooMany > 0) this.#dropOldest(tooMany);
    this.append(rest);
  }

  #putAside(messages: readonly MessageEvent[]): void {
    this.#aside.push(...messages);
    if (this.#aside.length > MOST_ASIDE) {
      this.#aside = this.#aside.slice(-MOST_ASIDE);
      this.#asideFrom = this.#aside[0]?.seq ?? 0;
    }
  }

  #asChanged(messages: readonly MessageEvent[]): MessageEvent[] {
    return messages.flatMap((message) => {
      const revision = this.#changes.get(message.seq);
      return revision === undefined ? [message] : revised(message, revision);
    });
  }

  #forgetAside(): void {
    this.#aside = [];
    this.#asideFrom = 0;
  }

  #dropOldest(count: number): void {
    this.#messages = this.#messages.slice(count);
    this.#hasOlder = true;
  }
}

/** `held` after `revision`: one message, or none. */
function revised(held: MessageEvent, revision: Revision): MessageEvent[] {
  if (revision.type === "message_deleted" || revision.deleted === true) return [];
  const newer = (revision.revision ?? 0) >= (held.revision ?? 0);
  return [newer ? { ...revision, type: "message" } : held];
}
