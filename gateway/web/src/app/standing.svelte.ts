/** What staff of the room have decided, and what of it holds for the reader. */
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

const NO_RULES: RulesInfo = { locked: false, slow_seconds: 0, notice: null };

export class Standing {
  rules = $state.raw<RulesInfo>(NO_RULES);
  role = $state.raw<Role>("nobody");
  muted = $state.raw<Term | null>(null);
  barred = $state.raw<Barred | null>(null);
  /** Before that the reader's next message does not go out. */
  slowUntil = $state.raw(0);

  constructor(private readonly now: () => number) {}

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
    if (rules.slow_seconds === 0) this.slowUntil = 0;
  }

  /** The reader has said something. */
  spoke(): void {
    const { slow_seconds: seconds } = this.rules;
    if (seconds > 0 && !this.isStaff) this.slowUntil = this.#after(seconds);
  }

  /** Takes what an error says of the reader's standing. */
  refused({ code, retry_after: seconds }: ErrorEvent): void {
    const until = seconds == null ? null : this.#after(seconds);
    if (code === "muted") this.muted = { until };
    else if (code === "slow_mode") this.slowUntil = until ?? 0;
    else if (code === "banned" || code === "room_locked") this.barred = { code, until };
  }

  /** The reader wants to know whether they may speak again. */
  tryAgain(): void {
    this.muted = null;
  }

  #after(seconds: number): number {
    return this.now() + seconds * 1_000;
  }
}
