/**
 * Finds the solution of an ALTCHA challenge, version 2: the counter for which PBKDF2 of nonce and
 * counter makes a key that begins as the challenge says.
 */
import type { ChallengeView } from "../wire/contract.ts";

/** Tries under way at once: the browser works on them beside each other, off this thread. */
const TOGETHER = 4;

export interface Solution {
  readonly counter: number;
  readonly derivedKey: string;
}

/** The solution; null: there is none below what the challenge says. */
export async function search(
  { parameters }: ChallengeView,
  subtle: SubtleCrypto,
): Promise<Solution | null> {
  const { cost, keyLength, keyPrefix, data } = parameters;
  const nonce = bytesOf(parameters.nonce);
  const salt = bytesOf(parameters.salt);
  const attempt = async (counter: number): Promise<Solution | null> => {
    const password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const base = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: cost };
    const derivedKey = hexOf(new Uint8Array(await subtle.deriveBits(how, base, keyLength * 8)));
    return derivedKey.startsWith(keyPrefix) ? { counter, derivedKey } : null;
  };
  for (let first = 0; first < data.most; first += TOGETHER) {
    const counters = Array.from({ length: TOGETHER }, (_, at) => first + at);
    const found = (await Promise.all(counters.map(attempt))).find((one) => one !== null);
    if (found !== undefined) return found;
  }
  return null;
}

/** As it goes to the server. */
export function proofText(challenge: ChallengeView, solution: Solution): string {
  return btoa(JSON.stringify({ challenge, solution }));
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
  }
  return bytes;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
