"""Challenges, and proofs that somebody has solved one: ALTCHA, version 2.

Nothing is kept of a challenge: it is signed with a key that belongs to one wish alone, so a proof
for another room, purpose or address, or of yesterday, is as good as a forged one. The key is made
of the day's secret, which all replicas share.

The counter that solves it is drawn here, and the key that it leads to is signed: a proof is checked
by two hashes, without doing the work again.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Final

from altcha import Challenge, Payload, create_challenge, verify_solution

from shared.domain.effort import LEVELS, TRY_ITERATIONS, Wish

VALID_SECONDS: Final = 120
MOST_PROOF_CHARACTERS: Final = 2048

ALGORITHM: Final = "PBKDF2/SHA-256"
_SECOND_MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Solved:
    """A challenge of ours, with its solution."""

    nonce: str
    """No two challenges have the same."""
    level: int


def make_challenge(secret: bytes, wish: Wish, level: int, micros: int) -> Challenge:
    """A new challenge; `micros` is now."""
    most = LEVELS[level]
    return create_challenge(
        ALGORITHM,
        TRY_ITERATIONS,
        counter=secrets.randbelow(most),
        expires_at=micros // _SECOND_MICROS + VALID_SECONDS,
        data={"level": level, "most": most},
        hmac_secret=_key(secret, "challenge", wish),
        hmac_key_secret=_key(secret, "solution", wish),
    )


def read_proof(secret: bytes, wish: Wish, proof: str, micros: int) -> Solved | None:
    """What `proof` solves; None if it is malformed, forged, wrong, too old, or for another wish."""
    if len(proof) > MOST_PROOF_CHARACTERS:
        return None
    try:
        payload = Payload.from_base64(proof)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    result = verify_solution(
        payload,
        _key(secret, "challenge", wish),
        hmac_key_secret=_key(secret, "solution", wish),
    )
    if not result.verified:
        return None
    parameters = payload.challenge.parameters  # ours, as it was signed
    data: dict[str, Any] = parameters.data or {}
    if (parameters.expires_at or 0) * _SECOND_MICROS <= micros:
        return None
    return Solved(parameters.nonce, int(data["level"]))


def _key(secret: bytes, use: str, wish: Wish) -> bytes:
    text = f"proof of work|{use}|{wish.purpose.value}|{wish.room}|{wish.address}"
    return hmac.new(secret, text.encode(), "sha256").digest()
