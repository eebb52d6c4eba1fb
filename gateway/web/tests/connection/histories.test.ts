import { describe, expect, it } from "vitest";

import { Histories, HistoryFailed, type Query } from "../../src/connection/histories.ts";
import type { HistoryEvent } from "../../src/wire/contract.ts";
import { ByHand, settled } from "../by_hand.ts";
import { messages, page, problem } from "../samples.ts";

const PATIENCE = 15_000;
const OLDER = { before: 50, limit: 10 };
const NEWER = { after: 50, limit: 10 };

class Play {
  readonly world = new ByHand();
  readonly asked: Query[] = [];
  connected = true;
  readonly histories = new Histories((query) => {
    if (this.connected) this.asked.push(query);
    return this.connected;
  }, this.world);
}

/** What has become of a promise, for now. */
async function fate(promise: Promise<HistoryEvent>): Promise<HistoryEvent | HistoryFailed | null> {
  let found: HistoryEvent | HistoryFailed | null = null;
  promise.then(
    (event) => (found = event),
    (error: unknown) => (found = error as HistoryFailed),
  );
  await settled();
  return found;
}

describe("pages of history", () => {
  it("are asked for one at a time, and each gets its own answer", async () => {
    const { histories, asked } = new Play();
    const [one, other] = [histories.page(OLDER), histories.page(NEWER)];
    expect(asked).toEqual([OLDER]);
    const [first, second] = [page(messages(40, 49), true), page(messages(51, 52))];
    histories.answer(first);
    expect(asked).toEqual([OLDER, NEWER]);
    histories.answer(second);
    expect(await fate(one)).toBe(first);
    expect(await fate(other)).toBe(second);
    expect(histories.busy).toBe(false);
  });

  it("cannot be had without a connection", async () => {
    const play = new Play();
    play.connected = false;
    const all = [play.histories.page(OLDER), play.histories.page(NEWER)];
    for (const each of all) expect(await fate(each)).toBeInstanceOf(HistoryFailed);
    expect(play.world.timers).toBe(0);
  });

  it("cannot be had when the server says so; the next one is asked for", async () => {
    const { histories, asked } = new Play();
    const [one, other] = [histories.page(OLDER), histories.page(NEWER)];
    const error = problem("unavailable");
    histories.fail(error);
    const failed = await fate(one);
    expect(failed).toBeInstanceOf(HistoryFailed);
    expect(failed).toMatchObject({ error, message: "unavailable" });
    expect(asked).toEqual([OLDER, NEWER]);
    expect(await fate(other)).toBeNull();
  });

  it("are given up when no answer comes", async () => {
    const { histories, asked, world } = new Play();
    const [one, other] = [histories.page(OLDER), histories.page(NEWER)];
    world.pass(PATIENCE - 1);
    expect(await fate(one)).toBeNull();
    world.pass(1);
    expect(await fate(one)).toMatchObject({ error: null });
    expect(asked).toEqual([OLDER, NEWER]);
    world.pass(PATIENCE);
    expect(await fate(other)).toBeInstanceOf(HistoryFailed);
  });

  it("are lost with the connection, all of them", async () => {
    const { histories, asked, world } = new Play();
    const all = [histories.page(OLDER), histories.page(NEWER)];
    histories.lose();
    for (const each of all) expect(await fate(each)).toBeInstanceOf(HistoryFailed);
    expect([asked.length, world.timers, histories.busy]).toEqual([1, 0, false]);
  });

  it("are not mixed up with the late answer to a question that was given up", async () => {
    const { histories, world } = new Play();
    const one = histories.page(OLDER);
    world.pass(PATIENCE);
    expect(await fate(one)).toBeInstanceOf(HistoryFailed);
    const other = histories.page(NEWER);
    histories.answer(page(messages(40, 49), true));
    expect(await fate(other)).toBeNull();
    const answer = page(messages(51, 52));
    histories.answer(answer);
    expect(await fate(other)).toBe(answer);
  });

  it("come through again after one that was never answered", async () => {
    const { histories, world } = new Play();
    const lost = histories.page(NEWER);
    world.pass(PATIENCE);
    expect(await fate(lost)).toBeInstanceOf(HistoryFailed);
    for (let time = 0; time < 2; time++) {
      const again = histories.page(NEWER);
      const answer = page(messages(51, 52));
      histories.answer(answer);
      expect(await fate(again)).toBe(answer);
    }
  });

  it("may be empty", async () => {
    const { histories } = new Play();
    const one = histories.page(OLDER);
    histories.answer(page([]));
    expect(await fate(one)).toEqual(page([]));
  });

  it("that nobody asked for are nothing", () => {
    const { histories } = new Play();
    histories.answer(page(messages(1, 2)));
    histories.fail(problem("unavailable"));
    expect(histories.busy).toBe(false);
  });
});
