/** Who types just now. Pure: the time is a parameter. */
import type { TypingEvent } from "../wire/contract.ts";

/** The server ends what is not renewed after 5 s; a second more for the way. */
export const EXPIRY_MILLISECONDS = 6_000;

export class Typists {
  #until = new Map<string, { name: string; until: number }>();

  /** Returns whether anything changed. */
  event(event: TypingEvent, now: number): boolean {
    if (!event.typing) return this.#until.delete(event.user_id);
    const known = this.#until.has(event.user_id);
    this.#until.set(event.user_id, { name: event.username, until: now + EXPIRY_MILLISECONDS });
    return !known;
  }

  /** They have sent, or left. Returns whether anything changed. */
  stopped(userId: string): boolean {
    return this.#until.delete(userId);
  }

  /** Their names; who has not been heard of for long is forgotten. */
  names(now: number): string[] {
    for (const [id, { until }] of this.#until) if (until <= now) this.#until.delete(id);
    return [...this.#until.values()].map(({ name }) => name);
  }
}
