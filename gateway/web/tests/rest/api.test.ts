import "../browser_globals.ts";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import {
  ApiError,
  changeMessage,
  createRoom,
  deleteMessage,
  eraseMe,
  exportMe,
  publicRooms,
  readRoom,
  searchRooms,
} from "../../src/rest/api.ts";
import { identity } from "../../src/storage/identity.ts";
import { language } from "../../src/storage/preferences.ts";
import { ROOM } from "../samples.ts";

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

let calls: Call[];
let answers: (() => Response | Promise<Response>)[];

const NEW_ROOM = { name: "সাধারণ", description: null, max_users: 50, is_public: true };
const ME = { sessionId: "my-session", username: "মিতা", color: "#a91d3a", known: true };

function json(status: number, body: unknown): () => Response {
  return () => Response.json(body, { status });
}

function refusal(status: number, code: string): () => Response {
  return json(status, { status: "error", message: "না", code, errors: null, request_id: "r" });
}

function record(path: string, init: RequestInit): Promise<Response> {
  const { method = "GET", headers, body, signal } = init;
  if (signal == null) throw new Error("a call without an end");
  calls.push({
    path,
    method,
    headers: headers as Record<string, string>,
    body: typeof body === "string" ? JSON.parse(body) : body,
    signal,
  });
  const answer = answers.shift();
  return answer === undefined
    ? Promise.reject(new TypeError("no answer"))
    : Promise.resolve(answer());
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

beforeEach(() => {
  [calls, answers] = [[], []];
  identity.value = ME;
  language.value = "bn";
  vi.stubGlobal("fetch", record);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("reading", () => {
  it("asks for the rooms, page by page, without a session", async () => {
    answers = [json(200, { rooms: [] }), json(200, { rooms: [] })];
    expect(await publicRooms(null)).toEqual({ rooms: [] });
    await publicRooms("a b&c");
    expect(calls.map(({ path }) => path)).toEqual([
      "/api/public-rooms/?limit=30",
      "/api/public-rooms/?limit=30&cursor=a+b%26c",
    ]);
    expect(calls[0]).toMatchObject({ method: "GET", body: undefined });
    expect(calls[0]?.headers).toEqual({ "Accept-Language": "bn" });
  });

  it("searches for what was typed, whatever that is", async () => {
    answers = [json(200, { results: [] })];
    await searchRooms("ঢাকা & #1?");
    const url = new URL(calls[0]?.path ?? "", "https://a.org");
    expect(url.pathname).toBe("/api/rooms/");
    expect(Object.fromEntries(url.searchParams)).toEqual({ search: "ঢাকা & #1?", page_size: "30" });
  });

  it("reads one room by its id, which leads nowhere else", async () => {
    answers = [json(200, { id: ROOM }), json(404, null)];
    expect(await readRoom(ROOM)).toEqual({ id: ROOM });
    await failure(readRoom("../users?x"));
    expect(calls[1]?.path).toBe("/api/rooms/..%2Fusers%3Fx/");
  });

  it("is in the reader's language", async () => {
    language.value = "en";
    answers = [json(200, {})];
    await readRoom(ROOM);
    expect(calls[0]?.headers["Accept-Language"]).toBe("en");
  });
});

describe("writing", () => {
  it("proves who it is", async () => {
    answers = [json(200, { id: "m" }), () => new Response(null, { status: 204 })];
    expect(await changeMessage("m/1", "নতুন")).toEqual({ id: "m" });
    expect(await deleteMessage("m1")).toBeUndefined();
    expect(calls).toMatchObject([
      { method: "PATCH", path: "/api/messages/m%2F1/", body: { content: "নতুন" } },
      { method: "DELETE", path: "/api/messages/m1/", body: undefined },
    ]);
    expect(calls[0]?.headers).toEqual({
      "Accept-Language": "bn",
      "Content-Type": "application/json",
      Authorization: "Bearer my-session",
    });
    expect(calls[1]?.headers).not.toHaveProperty("Content-Type");
    expect(calls.map(({ path }) => path).join()).not.toContain("my-session");
  });

  it("makes a room", async () => {
    answers = [json(201, { id: ROOM })];
    expect(await createRoom(NEW_ROOM)).toEqual({ id: ROOM });
    expect(calls).toMatchObject([{ method: "POST", path: "/api/rooms/", body: NEW_ROOM }]);
  });

  it("makes the reader known first, where they are not", async () => {
    identity.value = { ...ME, known: false };
    const user = { session_id: "made", username: "মিতা", color: "#a91d3a" };
    answers = [json(201, user), json(201, { id: ROOM })];
    expect(await createRoom(NEW_ROOM)).toEqual({ id: ROOM });
    expect(calls[0]).toMatchObject({
      path: "/api/create-user/",
      body: { username: "মিতা", color: "#a91d3a" },
    });
    expect(calls[0]?.headers).not.toHaveProperty("Authorization");
    expect(calls[1]?.headers["Authorization"]).toBe("Bearer made");
    expect(identity.value).toEqual({ ...ME, sessionId: "made" });
  });

  it("makes the reader known again to a server that has forgotten them", async () => {
    const user = { session_id: "again", username: "মিতা", color: "#a91d3a" };
    answers = [refusal(401, "session_unknown"), json(201, user), json(201, { id: ROOM })];
    expect(await createRoom(NEW_ROOM)).toEqual({ id: ROOM });
    expect(calls[2]?.headers["Authorization"]).toBe("Bearer again");
    expect(identity.value).toEqual({ ...ME, sessionId: "again" });
  });

  it("does not try again what is refused for another reason", async () => {
    answers = [refusal(429, "rate_limited")];
    expect(await failure(createRoom(NEW_ROOM))).toMatchObject({ status: 429 });
    expect(calls.length).toBe(1);
  });
});

describe("what is stored about the reader", () => {
  it("is read and erased by nobody but them", async () => {
    answers = [json(200, { messages: [] }), json(202, { status: "running" })];
    expect(await exportMe()).toEqual({ messages: [] });
    expect(await eraseMe()).toBeUndefined();
    expect(calls).toMatchObject([
      { method: "GET", path: "/api/me/export/", body: undefined },
      { method: "DELETE", path: "/api/me/", body: { confirm: true } },
    ]);
    for (const { headers } of calls) expect(headers["Authorization"]).toBe("Bearer my-session");
  });
});

describe("what goes wrong", () => {
  it("is told with the server's words", async () => {
    answers = [refusal(409, "conflict")];
    const error = await failure(changeMessage("m", "x"));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 409, message: "conflict", view: { message: "না" } });
  });

  it("is told where something in between answers with a page", async () => {
    answers = [() => new Response("<html>", { status: 502 })];
    expect(await failure(readRoom(ROOM))).toMatchObject({
      name: "ApiError",
      status: 502,
      view: null,
      message: "HTTP 502",
    });
  });

  it("is told where nothing is reached", async () => {
    expect(await failure(readRoom(ROOM))).toMatchObject({ status: 0, view: null });
  });

  it("is told where a good answer is cut off, or is a page of somebody else's", async () => {
    const cut = new ReadableStream({
      start: (stream) => {
        stream.error(new TypeError("terminated"));
      },
    });
    answers = [() => new Response(cut, { status: 200 }), () => new Response("<html>login")];
    for (const _ of "ab") expect(await failure(readRoom(ROOM))).toBeInstanceOf(ApiError);
  });

  it("ends with the time", async () => {
    const timeout = vi.spyOn(AbortSignal, "timeout");
    answers = [json(200, {})];
    await readRoom(ROOM);
    expect(timeout).toHaveBeenCalledWith(15_000);
    timeout.mockRestore();
  });
});

describe("a call that nobody waits for any more", () => {
  it("is stopped, and is no error of the network", async () => {
    const caller = new AbortController();
    answers = [
      () => {
        caller.abort();
        return Promise.reject(new DOMException("stopped", "AbortError"));
      },
    ];
    const error = await failure(publicRooms(null, caller.signal));
    expect(error).toMatchObject({ name: "AbortError" });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("was stopped before it began", async () => {
    const caller = new AbortController();
    caller.abort();
    await failure(publicRooms(null, caller.signal));
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it("is no answer either when it is stopped in the middle of one", async () => {
    const caller = new AbortController();
    const body = new ReadableStream({
      pull: (stream) => {
        caller.abort();
        stream.error(new DOMException("stopped", "AbortError"));
      },
    });
    answers = [() => new Response(body, { status: 200 })];
    expect(await failure(publicRooms(null, caller.signal))).toMatchObject({ name: "AbortError" });
  });
});

describe("a crowd", () => {
  const prove = vi.fn<(place: string, signal: AbortSignal) => Promise<string>>();
  const place = "/api/challenge/?for=room";

  function crowded(): () => Response {
    return json(429, { status: "error", message: "না", code: "proof_required", challenge: place });
  }

  beforeEach(() => {
    prove.mockReset();
    vi.doMock("../../src/proof/prove.ts", () => ({ prove }));
  });

  afterEach(() => {
    vi.doUnmock("../../src/proof/prove.ts");
  });

  it("is passed by a proof, and the reader is told that there is work", async () => {
    answers = [crowded(), json(201, { id: ROOM })];
    prove.mockResolvedValue("my-proof");
    const onproving = vi.fn();
    expect(await createRoom(NEW_ROOM, onproving)).toEqual({ id: ROOM });
    expect(prove.mock.calls.map(([from]) => from)).toEqual([place]);
    expect(calls.map(({ headers }) => headers["X-Adda-Proof"])).toEqual([undefined, "my-proof"]);
    expect(onproving).toHaveBeenCalledOnce();
  });

  it("that cannot be passed is told of", async () => {
    answers = [crowded()];
    prove.mockRejectedValue(new Error("no cryptography here"));
    const error = await failure(createRoom(NEW_ROOM));
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).view?.code).toBe("proof_required");
  });

  it("is given up after three proofs", async () => {
    answers = [crowded(), crowded(), crowded(), crowded()];
    prove.mockResolvedValue("my-proof");
    await failure(createRoom(NEW_ROOM));
    expect([calls.length, prove.mock.calls.length]).toEqual([4, 3]);
  });
});
