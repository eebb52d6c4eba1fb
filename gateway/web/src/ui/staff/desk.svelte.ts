/** What staff look at and change: after each change all of it is read anew. */
import { readModeration } from "../../rest/moderation.ts";
import type { ModerationView } from "../../wire/contract.ts";
import { problemText } from "../problems.ts";

export class Desk {
  view = $state.raw<ModerationView | null>(null);
  busy = $state.raw(false);
  problem = $state.raw("");
  /** How often something was changed: lists that are read by themselves follow it. */
  changes = $state.raw(0);

  constructor(readonly room: string) {}

  load(): Promise<boolean> {
    return this.#tried(async () => {
      this.view = await readModeration(this.room);
    });
  }

  /** Does `work`, then reads what has become of the room. Returns whether it went well. */
  change(work: () => Promise<unknown>): Promise<boolean> {
    return this.#tried(async () => {
      try {
        await work();
      } finally {
        this.changes++; // also where somebody else was quicker
      }
      this.view = await readModeration(this.room);
    });
  }

  failed(error: unknown): void {
    this.problem = problemText(error);
  }

  async #tried(work: () => Promise<void>): Promise<boolean> {
    [this.busy, this.problem] = [true, ""];
    try {
      await work();
      return true;
    } catch (error) {
      this.failed(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
