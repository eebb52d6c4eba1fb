/** Sends what waits in the outbox: one at a time, again after what passes, until it is confirmed. */
import type { Draft, Entry, Outbox } from "../chat/outbox.ts";
import type { Surroundings } from "./surroundings.ts";
import { backoffSeconds } from "./backoff.ts";
import { ERROR_CODES } from "../wire/codes.ts";
import type { AckEvent, Command, ErrorEvent } from "../wire/contract.ts";
import { token } from "../storage/identity.ts";

/** An answer that takes longer will not come on this connection. */
const ACK_MILLISECONDS = 15_000;
const CLIENT_ID_BYTES = 12;
/** With these a message was surely not taken. */
const TOO_FAST: ReadonlySet<string> = new Set(["slow_mode", "rate_limited"]);

export interface SenderParts {
  readonly outbox: Outbox;
  readonly surroundings: Surroundings;
  /** Returns whether it went out. */
  send(command: Command): boolean;
  /** The connection does not answer any more. */
  reconnect(): void;
  /** The outbox has changed. */
  changed(): void;
  /** Milliseconds since 1970. */
  wallClock(): number;
}

export class Sender {
  /** What this tab has to send; the rest is another tab's, until a connection is made anew. */
  #mine = new Set<string>();
  #waitsFor: string | null = null;
  /** What is waited for was never sent before. */
  #first = false;
  /** What is waited for was refused by slow mode. */
  #slowed = false;
  #attempt = 0;
  #cancelTimer: (() => void) | null = null;
  #ready = false;

  constructor(private readonly parts: SenderParts) {}

  say(draft: Draft): void {
    const id = token(CLIENT_ID_BYTES);
    this.#mine.add(id);
    this.parts.outbox.add(draft, id, this.parts.wallClock());
    this.#pump();
  }

  retry(clientId: string): void {
    const entry = this.parts.outbox.entries.find((each) => each.client_id === clientId);
    if (entry?.failure == null) return;
    const id = token(CLIENT_ID_BYTES);
    this.#mine.add(id);
    this.parts.outbox.retry(clientId, id);
    this.#pump();
  }

  /** Connected, and all that was missed has been seen: what the server has is no longer here. */
  ready(): void {
    for (const { client_id } of this.parts.outbox.entries) this.#mine.add(client_id);
    this.#ready = true;
    this.#attempt = 0;
    this.#pump();
  }

  disconnected(): void {
    this.#ready = false;
    this.#waitsFor = null;
    this.#cancelTimer?.();
    this.parts.changed();
  }

  acknowledged(event: AckEvent): void {
    this.parts.outbox.acknowledged(event.client_id, event.seq);
    this.#answered(event.client_id);
  }

  /** Its message has arrived, by whatever way. */
  arrived(clientId: string): void {
    if (this.parts.outbox.remove(clientId)) this.#answered(clientId);
  }

  /** What was held is said now. */
  released(content: string): void {
    if (this.parts.outbox.released(content)) this.parts.changed();
  }

  /** Up to here all messages have been seen; what has its place there is no longer on its way. */
  passed(seq: number): void {
    for (const entry of this.parts.outbox.entries) {
      if (entry.seq !== null && entry.seq <= seq) this.parts.outbox.remove(entry.client_id);
    }
  }

  refused(event: ErrorEvent): void {
    const id = event.client_id;
    if (id == null || id !== this.#waitsFor) return;
    if (passes(event.code)) {
      // Slow mode may last longer than the server knows a message again. What is "unavailable" may
      // have been taken nevertheless.
      if (this.#first && TOO_FAST.has(event.code)) this.parts.outbox.untried(id);
      const seconds = backoffSeconds(
        this.#attempt++,
        this.parts.surroundings.chance(),
        event.retry_after ?? 0,
      );
      this.#slowed = event.code === "slow_mode";
      this.#again(seconds);
      return;
    }
    const because = Object.values(event.errors ?? {})[0]?.[0] ?? event.message;
    this.parts.outbox.fail(id, { code: event.code, message: because });
    this.#answered(id);
  }

  /** The room is less slow: what that refused is tried again soon, not by all at once. */
  hurry(): void {
    if (this.#slowed) this.#again(this.parts.surroundings.chance());
  }

  stop(): void {
    this.#ready = false;
    this.#cancelTimer?.();
  }

  #again(seconds: number): void {
    this.#timer(seconds * 1_000, () => {
      this.#waitsFor = null;
      this.#pump();
    });
  }

  #answered(id: string): void {
    if (id === this.#waitsFor) {
      this.#waitsFor = null;
      this.#attempt = 0;
      this.#cancelTimer?.();
    }
    this.#pump();
  }

  #pump(): void {
    this.#sendNext();
    this.parts.changed();
  }

  #sendNext(): void {
    if (!this.#ready || this.#waitsFor !== null) return;
    const now = this.parts.wallClock();
    const entry = this.parts.outbox.next(now, this.#mine);
    if (entry === null || !this.parts.send(command(entry))) return;
    this.#waitsFor = entry.client_id;
    this.#slowed = false;
    this.#first = entry.tried === null;
    this.parts.outbox.sending(entry.client_id, now);
    this.#timer(ACK_MILLISECONDS, () => {
      this.parts.reconnect();
    });
  }

  #timer(milliseconds: number, work: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.parts.surroundings.later(milliseconds, work);
  }
}

function command(entry: Entry): Command {
  const { content, message_type, client_id, file_url, reply_to } = entry;
  return {
    type: "message",
    content,
    message_type,
    client_id,
    ...(file_url === undefined ? {} : { file_url }),
    ...(reply_to === undefined ? {} : { reply_to }),
  };
}

function passes(code: string): boolean {
  return code in ERROR_CODES && ERROR_CODES[code as keyof typeof ERROR_CODES].retryable;
}
