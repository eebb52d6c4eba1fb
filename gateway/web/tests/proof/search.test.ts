import { pbkdf2Sync, webcrypto } from "node:crypto";

import { describe, expect, it } from "vitest";

import { proofText, search } from "../../src/proof/search.ts";
import type { ChallengeView } from "../../src/wire/contract.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const SALT = "ffeeddccbbaa99887766554433221100";
const subtle = webcrypto.subtle as SubtleCrypto;

function keyFor(counter: number): string {
  const password = Buffer.concat([Buffer.from(NONCE, "hex"), Buffer.alloc(4)]);
  password.writeUInt32BE(counter, 16);
  return pbkdf2Sync(password, Buffer.from(SALT, "hex"), 10, 32, "sha256").toString("hex");
}

function challenge(counter: number, most: number): ChallengeView {
  return {
    parameters: {
      algorithm: "PBKDF2/SHA-256",
      nonce: NONCE,
      salt: SALT,
      cost: 10,
      keyLength: 32,
      keyPrefix: keyFor(counter).slice(0, 32),
      keySignature: "00",
      expiresAt: 1_795_437_000,
      data: { level: 0, most },
    },
    signature: "ab",
  };
}

describe("the search for a solution", () => {
  it.each([0, 1, 3, 4, 300, 999])("finds the counter %i", async (counter) => {
    expect(await search(challenge(counter, 1_000), subtle)).toEqual({
      counter,
      derivedKey: keyFor(counter),
    });
  });

  it("ends where the challenge says that it lies below", async () => {
    expect(await search(challenge(900, 100), subtle)).toBeNull();
  });

  it("brings the challenge back as it was, with the solution", () => {
    const made = challenge(7, 10);
    const solution = { counter: 7, derivedKey: "aa" };
    expect(JSON.parse(atob(proofText(made, solution)))).toEqual({ challenge: made, solution });
  });
});
