import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CERTAIN_MILLISECONDS, Outbox, UNSURE, type Draft } from "../../src/chat/outbox.ts";
import { MapStorage } from "../by_hand.ts";

const KEY = "outbox:room";

function draft(content: string): Draft {
  return { content, message_type: "text" };
}

function ids(outbox: Outbox): string[] {
  return outbox.entries.map(({ client_id }) => client_id);
}

/** With entries of these ids. */
function filled(shelf: MapStorage, ...names: string[]): Outbox {
  const outbox = new Outbox(shelf, KEY);
  names.forEach((name, at) => {
    outbox.add(draft(`text of ${name}`), name, at);
  });
  return outbox;
}

describe("the outbox", () => {
  it("keeps the order in which things were said", () => {
    const outbox = filled(new MapStorage(), "a", "b", "c");
    expect(ids(outbox)).toEqual(["a", "b", "c"]);
    expect(outbox.next(10, new Set(["b", "c"]))?.client_id).toBe("b");
    expect(outbox.next(10, new Set())).toBeNull();
  });

  it("survives a reload, with all that was said", () => {
    const shelf = new MapStorage();
    const said: Draft = {
      content: "ছবি",
      message_type: "image",
      file_url: "https://a.org/b.png",
      reply_to: "id1",
    };
    new Outbox(shelf, KEY).add(said, "a", 7);
    const [entry] = new Outbox(shelf, KEY).entries;
    expect(entry).toEqual({
      ...said,
      client_id: "a",
      created: 7,
      tried: null,
      failure: null,
      seq: null,
    });
  });

  it("leaves nothing behind when it is empty", () => {
    const shelf = new MapStorage();
    const outbox = filled(shelf, "a");
    expect(outbox.remove("a")).toBe(true);
    expect(outbox.remove("a")).toBe(false);
    expect(shelf.texts.size).toBe(0);
  });

  it("does not keep what the server has, but shows it until it is in the history", () => {
    const shelf = new MapStorage();
    const outbox = filled(shelf, "a", "b");
    outbox.acknowledged("a", 5);
    expect(outbox.entries[0]).toMatchObject({ client_id: "a", seq: 5 });
    expect(outbox.next(10, new Set(["a", "b"]))?.client_id).toBe("b");
    expect(ids(new Outbox(shelf, KEY))).toEqual(["b"]);
  });

  it("reads nothing from what others have written there", () => {
    for (const text of ["{", "null", "3", '{"a":1}', '[1,null,"x",{"client_id":3}]']) {
      const shelf = new MapStorage();
      shelf.setItem(KEY, text);
      expect(new Outbox(shelf, KEY).entries).toEqual([]);
    }
  });

  it("remembers when it was first tried, not last", () => {
    const outbox = filled(new MapStorage(), "a");
    outbox.sending("a", 100);
    outbox.sending("a", 200);
    expect(outbox.entries[0]?.tried).toBe(100);
  });

  it("is unsure of what was tried too long ago, and goes on with the next", () => {
    const outbox = filled(new MapStorage(), "a", "b");
    const mine = new Set(["a", "b"]);
    outbox.sending("a", 100);
    expect(outbox.next(100 + CERTAIN_MILLISECONDS, mine)?.client_id).toBe("a");
    expect(outbox.next(101 + CERTAIN_MILLISECONDS, mine)?.client_id).toBe("b");
    expect(outbox.entries[0]?.failure?.code).toBe(UNSURE);
  });

  it("is never unsure of what was not tried", () => {
    const outbox = filled(new MapStorage(), "a");
    expect(outbox.next(CERTAIN_MILLISECONDS * 100, new Set(["a"]))?.client_id).toBe("a");
  });

  it("sends a failed one again under a new id, in its old place", () => {
    const outbox = filled(new MapStorage(), "a", "b");
    outbox.sending("a", 5);
    outbox.fail("a", { code: "forbidden", message: "no" });
    expect(outbox.next(10, new Set(["a", "b"]))?.client_id).toBe("b");
    outbox.retry("a", "a2");
    expect(ids(outbox)).toEqual(["a2", "b"]);
    expect(outbox.entries[0]).toMatchObject({ tried: null, failure: null, content: "text of a" });
  });
});

describe("the outbox of two tabs", () => {
  it("shows what the other tab has said and sent", () => {
    const shelf = new MapStorage();
    const [one, other] = [new Outbox(shelf, KEY), new Outbox(shelf, KEY)];
    one.add(draft("x"), "a", 0);
    other.reload();
    expect(ids(other)).toEqual(["a"]);
    one.remove("a");
    other.reload();
    expect(other.entries).toEqual([]);
  });

  it("knows what was acknowledged when the other tab does not", () => {
    const shelf = new MapStorage();
    const one = filled(shelf, "a", "b");
    const other = new Outbox(shelf, KEY);
    one.acknowledged("a", 5);
    other.sending("a", 3); // writes what it knows
    one.reload();
    expect(one.entries[0]).toMatchObject({ client_id: "a", seq: 5 });
  });

  it("goes on showing what is acknowledged and not in the history yet", () => {
    const shelf = new MapStorage();
    const one = filled(shelf, "a", "b");
    one.acknowledged("a", 5);
    new Outbox(shelf, KEY).add(draft("x"), "c", 9);
    one.reload();
    expect(ids(one)).toEqual(["a", "b", "c"]);
  });

  it("loses nothing when both tabs write before they hear of each other", () => {
    const shelf = new MapStorage();
    const [one, other] = [new Outbox(shelf, KEY), new Outbox(shelf, KEY)];
    one.add(draft("x"), "a", 0);
    other.add(draft("y"), "b", 1);
    one.reload();
    other.reload();
    expect(ids(one)).toEqual(["a", "b"]);
    expect(ids(other)).toEqual(["a", "b"]);
  });

  it("takes away one alone when the other tab has said more meanwhile", () => {
    const shelf = new MapStorage();
    const one = filled(shelf, "a");
    const other = new Outbox(shelf, KEY);
    one.add(draft("y"), "b", 1);
    other.remove("a"); // its message has come to that tab too
    one.reload();
    expect(ids(one)).toEqual(["b"]);
  });

  type Act = readonly [tab: 0 | 1, what: "add" | "remove" | "reload" | "sending", which: number];
  const act: fc.Arbitrary<Act> = fc.tuple(
    fc.constantFrom<0 | 1>(0, 1),
    fc.constantFrom("add" as const, "remove" as const, "reload" as const, "sending" as const),
    fc.nat(5),
  );

  it("has in the end all that was said and not taken away, whatever the order", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        const shelf = new MapStorage();
        const tabs = [new Outbox(shelf, KEY), new Outbox(shelf, KEY)] as const;
        const said: string[] = [];
        const gone = new Set<string>();
        for (const [tab, what, which] of acts) {
          const outbox = tabs[tab];
          const id = said[which] ?? "none";
          if (what === "add")
            outbox.add(draft("x"), said[said.push(`s${String(said.length)}`) - 1] ?? "", 0);
          else if (what === "reload") outbox.reload();
          else if (what === "sending") outbox.sending(id, 1);
          else if (outbox.remove(id)) gone.add(id);
        }
        const rest = said.filter((id) => !gone.has(id));
        for (const outbox of tabs) {
          outbox.reload();
          expect(ids(outbox)).toEqual(rest);
        }
        expect(ids(new Outbox(shelf, KEY))).toEqual(rest);
      }),
      { numRuns: 300 },
    );
  });
});
