import "../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import * as moderation from "../../src/rest/moderation.ts";
import { identity } from "../../src/storage/identity.ts";
import { ROOM } from "../samples.ts";

const PLACE = `/api/rooms/${ROOM}/moderation/`;
const ID = "0199b6a2-7f44-7a90-b1c2-3d4e5f607103";

let calls: { line: string; body: unknown; session: string | undefined }[];
let answer: unknown;

beforeEach(() => {
  [calls, answer] = [[], null];
  identity.value = { sessionId: "mine", username: "মিতা", color: "#a91d3a", known: true };
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    const headers = init.headers as Record<string, string>;
    const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const line = `${init.method ?? ""} ${path}`;
    calls.push({ line, body, session: headers["Authorization"] });
    const none = answer === null;
    return Promise.resolve(none ? new Response(null, { status: 204 }) : Response.json(answer));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("what readers report and staff decide", () => {
  it.each([
    ["a report", () => moderation.reportMessage(ID, "গালি"), `POST /api/messages/${ID}/report/`],
    [
      "a lifted sanction",
      () => moderation.liftSanction(ROOM, ID),
      `DELETE ${PLACE}sanctions/${ID}/`,
    ],
    ["a word", () => moderation.putWord(ROOM, "বোকা", "mask"), `POST ${PLACE}words/`],
    ["no word", () => moderation.dropWord(ROOM, ID), `DELETE ${PLACE}words/${ID}/`],
    ["the list", () => moderation.putSuggestedWords(ROOM), `POST ${PLACE}words/suggested/`],
    ["no report", () => moderation.dismissReports(ROOM, ID), `DELETE ${PLACE}reports/${ID}/`],
    ["a held message", () => moderation.decideHeld(ROOM, ID, true), `POST ${PLACE}held/${ID}/`],
    ["a key", () => moderation.becomeModerator(ROOM, "k"), `POST ${PLACE}moderators/`],
    ["no moderator", () => moderation.dropModerator(ROOM, ID), `DELETE ${PLACE}moderators/${ID}/`],
  ] as const)("goes to its place: %s", async (_what, act, line) => {
    await act();
    expect(calls).toMatchObject([{ line, session: "Bearer mine" }]);
  });

  it("is read with the reader's session, for it is not for everybody", async () => {
    answer = { reports: [], held: [], deeds: [], role: "owner", path: `/r/${ROOM}#mod=k` };
    expect(await moderation.readModeration(ROOM)).toEqual(answer);
    expect(await moderation.openReports(ROOM)).toEqual([]);
    expect(await moderation.heldMessages(ROOM)).toEqual([]);
    expect(await moderation.deeds(ROOM, null)).toEqual([]);
    expect(await moderation.deeds(ROOM, ID)).toEqual([]);
    expect(await moderation.newModeratorLink(ROOM)).toBe(`/r/${ROOM}#mod=k`);
    expect(calls.map(({ line }) => line)).toEqual([
      `GET ${PLACE}`,
      `GET ${PLACE}reports/`,
      `GET ${PLACE}held/`,
      `GET ${PLACE}log/`,
      `GET ${PLACE}log/?before=${ID}`,
      `POST ${PLACE}link/`,
    ]);
    expect(calls.every(({ session }) => session === "Bearer mine")).toBe(true);
  });

  it("says what it says", async () => {
    const sanction = {
      kind: "ban",
      message_id: ID,
      by_address: true,
      seconds: null,
      delete_seconds: 3_600,
      reason: "",
    } as const;
    const rules = { locked: true, slow_seconds: 10, notice: "" };
    answer = {};
    await moderation.addSanction(ROOM, sanction);
    await moderation.changeRules(ROOM, rules);
    expect(calls).toMatchObject([
      { line: `POST ${PLACE}sanctions/`, body: sanction },
      { line: `PATCH ${PLACE}`, body: rules },
    ]);
  });
});
