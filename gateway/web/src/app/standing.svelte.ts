/** What staff of the room have decided, and what of it holds for the reader. */
import type { Surroundings } from "../connection/surroundings.ts";
import type { ErrorEvent, RulesInfo, WelcomeEvent } from "../wire/contract.ts";

export type Role = WelcomeEvent["role"];

/** Until when, by the clock of the surroundings; null: nobody has said. */
export interface Term {
  readonly until: number | null;
}

/** Why the reader is kept out of the room. */
export interface Barred extends Term {
  readonly code: "banned" | "room_locked";
}

/** Timers of browsers reach no further. */
const MOST_MILLISECONDS = 2 ** 31 - 1;

export class Standing {
  rules = $state.raw<RulesInfo>({ locked: false, slow_seconds: 0, notice: null });
  role = $state.raw<Role>("nobody");
  /** Null when the reader may speak. */
  muted = $state.raw<Term | null>(null);
  /** Null when the reader's next message goes out at once. */
  slowed = $state.raw<Term | null>(null);
  barred = $state.raw<Barred | null>(null);
  #cancelTimer: (() => void) | null = null;

  constructor(private readonly surroundings: Pick<Surroundings, "now" | "later">) {}

  get isStaff(): boolean {
    return this.role !== "nobody";
  }

  welcome({ rules, role }: WelcomeEvent): void {
    this.rules = rules;
    this.role = role;
    this.muted = this.barred = null;
  }

  changed(rules: RulesInfo): void {
    this.rules = rules;
    if (rules.slow_seconds === 0) this.slowed = null;
  }

  /** The reader has said something. */
  spoke(): void {
    const { slow_seconds: seconds } = this.rules;
    if (seconds === 0 || this.isStaff) return;
    this.slowed = this.#term(seconds);
    this.#watch();
  }

  /** Takes what an error says of the reader's standing. */
  refused({ code, retry_after: seconds }: ErrorEvent): void {
    const term = this.#term(seconds);
    if (code === "muted") this.muted = term;
    else if (code === "slow_mode") this.slowed = term;
    else if (code === "banned" || code === "room_locked") this.barred = { code, ...term };
    this.#watch();
  }

  /** The reader wants to know whether they may speak again. */
  tryAgain(): void {
    this.muted = null;
  }

  stop(): void {
    this.#cancelTimer?.();
  }

  /** Ends what is over, now and when the next is. */
  #watch(): void {
    this.#cancelTimer?.();
    const now = this.surroundings.now();
    const over = (term: Term | null): boolean => term?.until != null && term.until <= now;
    if (over(this.muted)) this.muted = null;
    if (over(this.slowed)) this.slowed = null;
    const next = Math.min(this.muted?.until ?? Infinity, this.slowed?.until ?? Infinity);
    if (next === Infinity) return;
    this.#cancelTimer = this.surroundings.later(Math.min(next - now, MOST_MILLISECONDS), () => {
      this.#watch();
    });
  }

  #term(seconds: number | null): Term {
    return { until: seconds === null ? null : this.surroundings.now() + seconds * 1_000 };
  }
}
