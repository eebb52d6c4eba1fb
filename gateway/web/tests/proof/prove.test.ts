import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { prove } from "../../src/proof/prove.ts";
import { settled } from "../by_hand.ts";

const PLACE = "/api/challenge/?for=room";
const CHALLENGE = { parameters: {}, signature: "ab" };

/** A worker that answers when it is told to. */
class RecordingWorker {
  static made: RecordingWorker[] = [];
  onmessage: ((event: { data: string | null }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly heard: unknown[] = [];
  ended = false;

  constructor(readonly address: string) {
    RecordingWorker.made.push(this);
  }

  postMessage(data: unknown): void {
    this.heard.push(data);
  }

  terminate(): void {
    this.ended = true;
  }
}

let answer: Response;

async function worker(): Promise<RecordingWorker> {
  await settled();
  await new Promise((resolve) => setImmediate(resolve)); // the answer has a body to be read
  const [made] = RecordingWorker.made;
  if (made === undefined) throw new Error("no worker was made");
  return made;
}

beforeEach(() => {
  RecordingWorker.made = [];
  answer = Response.json(CHALLENGE);
  vi.stubGlobal("Worker", RecordingWorker);
  vi.stubGlobal("fetch", () => Promise.resolve(answer));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a proof", () => {
  it("is made by a worker, which ends then", async () => {
    const proof = prove(PLACE, new AbortController().signal);
    const made = await worker();
    expect(made.heard).toEqual([CHALLENGE]);
    made.onmessage?.({ data: "proof" });
    expect(await proof).toBe("proof");
    expect(made.ended).toBe(true);
  });

  it.each<[string, (made: RecordingWorker, stop: AbortController) => void]>([
    ["there is no solution", (made) => made.onmessage?.({ data: null })],
    ["the worker fails", (made) => made.onerror?.()],
    [
      "nobody wants it any more",
      (_, stop) => {
        stop.abort();
      },
    ],
  ])("is given up when %s", async (_, happens) => {
    const stop = new AbortController();
    const proof = prove(PLACE, stop.signal);
    const made = await worker();
    happens(made, stop);
    await expect(proof).rejects.toThrow();
    expect(made.ended).toBe(true);
  });

  it("is not tried without a challenge", async () => {
    answer = Response.json({ code: "rate_limited" }, { status: 429 });
    await expect(prove(PLACE, new AbortController().signal)).rejects.toThrow("429");
    expect(RecordingWorker.made).toEqual([]);
  });

  it("is not tried where the browser has no cryptography", async () => {
    vi.stubGlobal("crypto", {});
    await expect(prove(PLACE, new AbortController().signal)).rejects.toThrow("cryptography");
  });
});
