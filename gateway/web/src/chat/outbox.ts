/**
 * What the reader has said and the server has not confirmed yet; it survives a reload.
 *
 * Messages go out one at a time, so that what was said later comes later. A retry carries the same
 * `client_id`, by which the server knows it again for ten minutes; after that only the reader can
 * tell whether to send it again.
 */

import type { Shelf } from "../storage/shelf.ts";

export interface Draft {
  readonly content: string;
  readonly message_type: "text" | "image" | "file";
  readonly file_url?: string;
  readonly reply_to?: string;
}

/** `code`: why the server, or time, refused it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Entry extends Draft {
  readonly client_id: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  /** When it was first sent, if it was. */
  readonly tried: number | null;
  readonly failure: Failure | null;
  /** Its place, once it is acknowledged. */
  readonly seq: number | null;
}

/** The server forgets a `client_id` after ten minutes; one less for clocks and slow links. */
export const CERTAIN_MILLISECONDS = 9 * 60_000;
export const MOST_WAITING = 200;
export const UNSURE = "unsure";
/** Staff have it, and decide: it has not failed. */
export const HELD = "held_for_review";

export class Outbox {
  #entries: Entry[];

  constructor(
    private readonly shelf: Shelf,
    private readonly key: string,
  ) {
    this.#entries = this.#read();
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Another tab may have changed what is kept. What is acknowledged is not kept, and stays. */
  reload(): void {
    const kept = new Map(this.#read().map((entry) => [entry.client_id, entry]));
    const sent = this.#entries.filter((entry) => entry.seq !== null);
    for (const { client_id } of sent) kept.delete(client_id);
    this.#entries = [...sent, ...kept.values()].sort((a, b) => a.created - b.created);
  }

  add(draft: Draft, client_id: string, now: number): void {
    const entry = { ...draft, client_id, created: now, tried: null, failure: null, seq: null };
    this.reload();
    this.#entries = [...this.#entries, entry];
    this.#write();
  }

  /** The next one of `mine` to send; null when there is none. What is too old for that fails. */
  next(now: number, mine: ReadonlySet<string>): Entry | null {
    for (const entry of this.#entries) {
      if (entry.failure !== null || entry.seq !== null || !mine.has(entry.client_id)) continue;
      if (entry.tried !== null && now - entry.tried > CERTAIN_MILLISECONDS) {
        this.fail(entry.client_id, { code: UNSURE, message: "" });
        continue;
      }
      return entry;
    }
    return null;
  }

  sending(client_id: string, now: number): void {
    this.#change(client_id, (entry) => ({ ...entry, tried: entry.tried ?? now }));
  }

  acknowledged(client_id: string, seq: number): void {
    this.#change(client_id, (entry) => ({ ...entry, seq }));
  }

  /** The server has said no to the first attempt, so it cannot have been taken. */
  untried(client_id: string): void {
    this.#change(client_id, (entry) => ({ ...entry, tried: null }));
  }

  fail(client_id: string, failure: Failure): void {
    this.#change(client_id, (entry) => ({ ...entry, failure }));
  }

  /** The room has begun anew: what was acknowledged and has not come may be lost with its past. */
  begunAnew(): void {
    this.reload();
    const failure = { code: UNSURE, message: "" };
    this.#entries = this.#entries.map((e) => (e.seq === null ? e : { ...e, seq: null, failure }));
    this.#write();
  }

  /** The reader wants it sent again; with a new id if the server has refused this one for good. */
  retry(client_id: string, newId: string): void {
    this.#change(client_id, (entry) => ({
      ...entry,
      client_id: newId,
      tried: null,
      failure: null,
    }));
  }

  /** It stands in the room's history, or the reader has thrown it away. Returns whether it was. */
  remove(client_id: string): boolean {
    this.reload();
    const rest = this.#entries.filter((entry) => entry.client_id !== client_id);
    if (rest.length === this.#entries.length) return false;
    this.#entries = rest;
    this.#write();
    return true;
  }

  /** Staff have let it be said: it comes as a new message, without the id of this one. */
  released(content: string): boolean {
    const same = content.normalize(); // keyboards write য় in two ways, the server in one
    const held = this.#entries.find(
      (e) => e.failure?.code === HELD && e.content.normalize() === same,
    );
    return held !== undefined && this.remove(held.client_id);
  }

  #change(client_id: string, change: (entry: Entry) => Entry): void {
    this.reload();
    this.#entries = this.#entries.map((e) => (e.client_id === client_id ? change(e) : e));
    this.#write();
  }

  #write(): void {
    const waiting = this.#entries.filter((entry) => entry.seq === null);
    if (waiting.length === 0) this.shelf.removeItem(this.key);
    else this.shelf.setItem(this.key, JSON.stringify(waiting));
  }

  #read(): Entry[] {
    try {
      const kept: unknown = JSON.parse(this.shelf.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isEntry) : [];
    } catch (error) {
      if (error instanceof SyntaxError) return []; // written by a hand, or half: nothing to send
      throw error;
    }
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { client_id, content, message_type, created, tried, failure } = value as Partial<Entry>;
  return (
    typeof client_id === "string" &&
    typeof content === "string" &&
    typeof message_type === "string" &&
    typeof created === "number" &&
    (tried === null || typeof tried === "number") &&
    (failure === null || typeof failure?.code === "string")
  );
}
