import { describe, expect, it } from "vitest";

import { Standing } from "../../src/app/standing.svelte.ts";
import { ByHand } from "../by_hand.ts";
import { problem, welcome } from "../samples.ts";

const SLOW = { locked: false, slow_seconds: 10, notice: null };

function standing(): { world: ByHand; reader: Standing } {
  const world = new ByHand();
  return { world, reader: new Standing(world) };
}

describe("a reader's standing", () => {
  it("is what the welcome says", () => {
    const { reader } = standing();
    reader.welcome(welcome({ rules: { ...SLOW, notice: "খেলা চলছে" }, role: "moderator" }));
    expect(reader.rules).toEqual({ ...SLOW, notice: "খেলা চলছে" });
    expect(reader.isStaff).toBe(true);
  });

  it("is slowed after each message, for as long as the rules say", () => {
    const { world, reader } = standing();
    reader.welcome(welcome({ rules: SLOW, role: "nobody" }));
    reader.spoke();
    expect(reader.slowed).toEqual({ until: world.now() + 10_000 });
    world.pass(9_999);
    expect(reader.slowed).not.toBeNull();
    world.pass(1);
    expect(reader.slowed).toBeNull();
  });

  it("is not slowed for staff, nor where there is no slow mode", () => {
    const { reader } = standing();
    reader.welcome(welcome({ rules: SLOW, role: "owner" }));
    reader.spoke();
    reader.welcome(welcome({ rules: { ...SLOW, slow_seconds: 0 }, role: "nobody" }));
    reader.spoke();
    expect(reader.slowed).toBeNull();
  });

  it("is free at once when slow mode ends", () => {
    const { reader } = standing();
    reader.refused(problem("slow_mode", { retry_after: 600 }));
    expect(reader.slowed).not.toBeNull();
    reader.changed({ ...SLOW, slow_seconds: 0 });
    expect(reader.slowed).toBeNull();
  });

  it("is muted until the time is over", () => {
    const { world, reader } = standing();
    reader.refused(problem("muted", { retry_after: 60 }));
    reader.refused(problem("slow_mode", { retry_after: 5 }));
    world.pass(5_000);
    expect([reader.slowed, reader.muted?.until]).toEqual([null, world.now() + 55_000]);
    world.pass(55_000);
    expect(reader.muted).toBeNull();
  });

  it("is muted for good until they try again, or come back", () => {
    const { world, reader } = standing();
    reader.refused(problem("muted"));
    world.pass(3_600_000);
    expect(reader.muted).toEqual({ until: null });
    reader.tryAgain();
    expect(reader.muted).toBeNull();
    reader.refused(problem("muted"));
    reader.welcome(welcome());
    expect(reader.muted).toBeNull();
  });

  it("waits longer than one timer of a browser can", () => {
    const { world, reader } = standing();
    reader.refused(problem("muted", { retry_after: 30 * 86_400 }));
    world.pass(29 * 86_400_000);
    expect(reader.muted).not.toBeNull();
    world.pass(86_400_000);
    expect(reader.muted).toBeNull();
  });

  it.each(["banned", "room_locked"] as const)("knows why nobody opens: %s", (code) => {
    const { world, reader } = standing();
    reader.refused(problem(code, { retry_after: 60 }));
    expect(reader.barred).toEqual({ code, until: world.now() + 60_000 });
    reader.welcome(welcome());
    expect(reader.barred).toBeNull();
  });

  it("does not change by other errors", () => {
    const { reader } = standing();
    reader.refused(problem("rate_limited", { retry_after: 60 }));
    expect([reader.muted, reader.slowed, reader.barred]).toEqual([null, null, null]);
  });
});
