/** A challenge in, its proof out; null: it has none. The page stays as quick as ever. */
import type { ChallengeView } from "../wire/contract.ts";
import { proofText, search } from "./search.ts";

self.onmessage = async ({ data: challenge }: globalThis.MessageEvent<ChallengeView>) => {
  const solution = await search(challenge, crypto.subtle);
  self.postMessage(solution === null ? null : proofText(challenge, solution));
};
