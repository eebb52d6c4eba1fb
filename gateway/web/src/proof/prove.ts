/** Proves, by a little work of the device, that the reader means it: asked for in a crowd alone. */
import { scriptAddress } from "../trusted/script_address.ts";
import type { ChallengeView } from "../wire/contract.ts";
import workerAddress from "./worker.ts?worker&url";

const PATIENCE_MILLISECONDS = 60_000;

/**
 * Fetches the challenge from `place` and solves it beside the page.
 *
 * @throws Error it cannot be had or solved now, or `signal` has stopped it
 */
export async function prove(place: string, signal: AbortSignal): Promise<string> {
  // Browsers have it for pages that came by https, or from the machine itself.
  if (!("subtle" in crypto)) throw new Error("no cryptography here");
  const answer = await fetch(place, { signal });
  if (!answer.ok) throw new Error(`no challenge: HTTP ${String(answer.status)}`);
  return solve((await answer.json()) as ChallengeView, signal);
}

async function solve(challenge: ChallengeView, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const worker = new Worker(scriptAddress(workerAddress), { type: "module" });
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = (why: string) => () => {
        reject(new Error(why));
      };
      worker.onmessage = ({ data }: globalThis.MessageEvent<string | null>) => {
        if (data === null) reject(new Error("the challenge has no solution"));
        else resolve(data);
      };
      worker.onerror = stop("the worker failed");
      signal.addEventListener("abort", stop("stopped"));
      setTimeout(stop("it takes too long"), PATIENCE_MILLISECONDS);
      worker.postMessage(challenge);
    });
  } finally {
    worker.terminate();
  }
}
