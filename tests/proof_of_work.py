"""Solves challenges for tests, by ALTCHA's own solver: what the server makes must suit others'."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from altcha import Challenge, Payload, solve_challenge

if TYPE_CHECKING:
    import httpx


def solved(challenge: Challenge) -> Payload:
    """The challenge with its solution."""
    solution = solve_challenge(challenge)
    assert solution is not None
    return Payload(challenge, solution)


def proof_of(challenge: Challenge | dict[str, Any]) -> str:
    """The proof, as it goes to the server."""
    made = Challenge.from_dict(challenge) if isinstance(challenge, dict) else challenge
    return solved(made).to_base64()


async def prove(client: httpx.AsyncClient, place: str, **headers: str) -> str:
    """Fetches the challenge from its place and solves it, beside what else the loop does."""
    answer = await client.get(place, headers=headers)
    assert answer.status_code == 200, answer.text
    return await asyncio.to_thread(proof_of, answer.json())
