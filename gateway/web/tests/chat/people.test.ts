import { describe, expect, it } from "vitest";

import { People } from "../../src/chat/people.ts";
import { golden, joined, left, person, userList } from "../samples.ts";

const MOST = 3;

function ids(people: People): string[] {
  return people.users.map(({ id }) => id);
}

function listed(...names: string[]): People {
  const people = new People();
  people.list(userList(names.map((name) => person(name))));
  return people;
}

describe("the people of a room", () => {
  it("are nobody at first", () => {
    expect([new People().users, new People().total]).toEqual([[], 0]);
  });

  it("are those of the list, and no others", () => {
    const people = listed("a", "b");
    people.list(userList([person("c")], 7));
    expect([ids(people), people.total]).toEqual([["c"], 7]);
  });

  it("are as the server lists them", () => {
    const people = new People();
    const event = golden("user_list");
    people.list(event);
    expect([people.users, people.total]).toEqual([event.users, event.total]);
  });

  it("come last, and go", () => {
    const people = listed("a", "b");
    people.joined(joined(person("c"), 3), MOST);
    expect(ids(people)).toEqual(["a", "b", "c"]);
    people.left(left("a", 2));
    expect([ids(people), people.total]).toEqual([["b", "c"], 2]);
    expect(people.get("a")).toBeUndefined();
  });

  it("keep their place under a new name, also where the list is full", () => {
    const people = listed("a", "b", "c");
    people.joined(joined(person("b", { username: "new" }), 3), MOST);
    expect(ids(people)).toEqual(["a", "b", "c"]);
    expect(people.get("b")?.username).toBe("new");
  });

  it("are counted, not listed, where the list is full", () => {
    const people = listed("a", "b", "c");
    people.joined(joined(person("d"), 4), MOST);
    expect([ids(people), people.total]).toEqual([["a", "b", "c"], 4]);
    people.left(left("d", 3));
    expect([ids(people), people.total]).toEqual([["a", "b", "c"], 3]);
  });
});
