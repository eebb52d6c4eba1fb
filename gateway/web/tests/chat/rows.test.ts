import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { RowList, type Note, type Row } from "../../src/chat/rows.ts";
import type { MessageEvent } from "../../src/wire/contract.ts";
import { message, messages, NOON, system } from "../samples.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function note(key: string, afterSeq: number): Note {
  return { key, afterSeq, event: system() };
}

function at(seq: number, time: number, fields: Partial<MessageEvent> = {}): MessageEvent {
  return message(seq, { timestamp: new Date(time).toISOString(), ...fields });
}

function keys(list: RowList): string[] {
  return list.rows.map((row) => (row.kind === "day" ? "day" : row.key));
}

function built(
  all: readonly MessageEvent[],
  notes: readonly Note[] = [],
  unreadAfter: number | null = null,
): RowList {
  const list = new RowList();
  list.rebuild(all, notes, unreadAfter);
  return list;
}

function firsts(list: RowList): boolean[] {
  return list.rows.flatMap((row) => (row.kind === "message" ? [row.first] : []));
}

describe("the rows of the history", () => {
  it("begin with a day", () => {
    expect(keys(built(messages(1, 2)))).toEqual(["day", "m1", "m2"]);
    expect(built([]).rows).toEqual([]);
  });

  it("have a day wherever another one begins", () => {
    const list = built([at(1, NOON - DAY), at(2, NOON), at(3, NOON + 1), at(4, NOON + 3 * DAY)]);
    expect(keys(list)).toEqual(["day", "m1", "day", "m2", "m3", "day", "m4"]);
    const times = list.rows.flatMap((row) => (row.kind === "day" ? [row.time] : []));
    expect(times).toEqual([NOON - DAY, NOON, NOON + 3 * DAY]);
  });

  it("show who speaks at the first of several by one author", () => {
    const others = { user_id: "other", username: "other" };
    const list = built([at(1, NOON), at(2, NOON), at(3, NOON, others), at(4, NOON)]);
    expect(firsts(list)).toEqual([true, false, true, true]);
  });

  it("show it again after a new name, and after a silence of more than five minutes", () => {
    const list = built([
      at(1, NOON),
      at(2, NOON + 5 * MINUTE),
      at(3, NOON + 10 * MINUTE + 1),
      at(4, NOON + 10 * MINUTE + 2, { username: "a new name" }),
    ]);
    expect(firsts(list)).toEqual([true, false, true, true]);
  });

  it("show it again after a note, the mark of what is unread, and at a new day", () => {
    const list = built(
      [at(1, NOON), at(2, NOON), at(3, NOON), at(4, NOON + DAY)],
      [note("n", 1)],
      2,
    );
    expect(keys(list)).toEqual(["day", "m1", "n", "m2", "unread", "m3", "day", "m4"]);
    expect(firsts(list)).toEqual([true, true, true, true]);
  });

  it("have notes where they were made", () => {
    const notes = [note("a", 0), note("b", 1), note("c", 2), note("d", 2), note("e", 3)];
    expect(keys(built(messages(1, 3), notes))).toEqual([
      "a",
      "day",
      "m1",
      "b",
      "m2",
      "c",
      "d",
      "m3",
      "e",
    ]);
  });

  it("keep the place of a note whose message was deleted", () => {
    expect(keys(built([message(1), message(4)], [note("a", 2)]))).toEqual(["day", "m1", "a", "m4"]);
  });

  it("leave out notes from before what is held", () => {
    const notes = [note("a", 3), note("b", 8), note("c", 9)];
    expect(keys(built(messages(10, 11), notes))).toEqual(["c", "day", "m10", "m11"]);
  });

  it("have notes of a room where nobody has spoken", () => {
    expect(keys(built([], [note("a", 0)]))).toEqual(["a"]);
  });

  it("mark what is unread once, before the first that is", () => {
    expect(keys(built(messages(1, 4), [], 2))).toEqual(["day", "m1", "m2", "unread", "m3", "m4"]);
    expect(keys(built(messages(1, 2), [], 2))).toEqual(["day", "m1", "m2"]);
    expect(keys(built(messages(5, 6), [], 2))).toEqual(["unread", "day", "m5", "m6"]);
  });

  it("are the same whether they are built at once or one after another", () => {
    const list = new RowList();
    list.rebuild(messages(1, 2), [], null);
    list.note(note("n", 2));
    list.message(message(3));
    list.unread();
    list.message(message(4));
    expect(list.rows).toEqual(built(messages(1, 4), [note("n", 2)], 3).rows);
  });

  it("have keys that are different", () => {
    const all = [at(1, NOON - DAY), at(2, NOON), at(3, NOON + DAY)];
    const list = built(all, [note("n0", 0), note("n1", 1)], 1);
    const found = list.rows.map((row: Row) => row.key);
    expect(new Set(found).size).toBe(found.length);
  });

  it("know the time of each message", () => {
    const [, row] = built([message(1, { timestamp: "2026-11-23T18:30:42.000250+06:00" })]).rows;
    expect(row).toMatchObject({ kind: "message", time: Date.UTC(2026, 10, 23, 12, 30, 42) });
  });
});

describe("older messages in front", () => {
  it("make the same rows as building all of them anew", () => {
    const gaps = fc.constantFrom(0, 1_000, 6 * MINUTE, DAY);
    const said = fc.array(fc.record({ gap: gaps, author: fc.constantFrom("a", "b") }), {
      minLength: 1,
      maxLength: 12,
    });
    const noted = fc.array(fc.nat(12), { maxLength: 3 });
    fc.assert(
      fc.property(said, fc.nat(12), noted, (steps, cut, noteSeqs) => {
        let time = NOON;
        const all = steps.map(({ gap, author }, index) => {
          time += gap;
          return at(index + 1, time, { user_id: author, username: author });
        });
        const split = Math.min(cut, all.length - 1);
        const held = all.slice(split);
        const notes = noteSeqs
          .filter((seq) => seq >= split)
          .sort((a, b) => a - b)
          .map((seq, index) => note(`n${String(index)}`, seq));
        const list = built(held, notes);
        list.prepend(all.slice(0, split));
        expect(list.rows).toEqual(built(all, notes).rows);
      }),
    );
  });
});
