"""Who holds a capability: PostgreSQL keeps sessions for good, Redis for a day idle."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from shared.domain.entities import User
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

SESSION_KEEP_SECONDS: Final = 24 * 3600

_ENDED: Final = b"-"
"""Stands in the place of a user whose session was ended, so that no replica puts them in again."""


class SessionEnded(Exception):
    """Whose session it was has been erased."""


def _encode(user: User) -> bytes:
    return orjson.dumps(
        {
            "v": 1,
            "id": str(user.id),
            "username": user.username,
            "color": user.color,
            "created": user.created_micros,
        }
    )


def _decode(session_hash: bytes, raw: bytes) -> User:
    if raw == _ENDED:
        raise SessionEnded
    data = orjson.loads(raw)
    return User(
        UUID(data["id"]), session_hash, data["username"], data["color"], int(data["created"])
    )


class SessionStore:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._batcher = CallBatcher(redis)
        self._keys = keys

    @property
    def waiting_calls(self) -> int:
        """Calls to Redis that are not answered yet."""
        return len(self._batcher)

    async def find(self, session_hash: bytes) -> User | None:
        """The holder, or None when Redis does not know the session (PostgreSQL may).

        Raises:
            SessionEnded: see there.
        """
        raw = await self._batcher.submit(self._get(session_hash))
        return None if raw is None else _decode(session_hash, raw)

    async def claim(self, user: User) -> User:
        """Stores a session unless another was quicker; returns the one that holds.

        Raises:
            SessionEnded: see there.
        """
        # Both in one pipeline, in this order: the second sees whoever was first.
        _, held = await asyncio.gather(
            self._batcher.submit(self._set(user, "NX")),
            self._batcher.submit(self._get(user.session_hash)),
        )
        return user if held is None else _decode(user.session_hash, held)

    async def replace(self, user: User) -> None:
        """Takes over a new name or colour."""
        await self._batcher.submit(self._set(user))

    async def end(self, session_hash: bytes) -> None:
        """Nobody has this session any more, for as long as anybody may still bring it."""
        key = self._keys.session(session_hash)
        await self._batcher.submit(Command.of("SET", key, _ENDED, "EX", SESSION_KEEP_SECONDS))

    async def are_used(self, session_hashes: Sequence[bytes]) -> list[bool]:
        """Of each session, whether it was used within a day."""
        sent = [Command.of("EXISTS", self._keys.session(each)) for each in session_hashes]
        answers = await asyncio.gather(*(self._batcher.submit(command) for command in sent))
        return [bool(answer) for answer in answers]

    def _get(self, session_hash: bytes) -> Command:
        key = self._keys.session(session_hash)
        return Command.of("GETEX", key, "EX", SESSION_KEEP_SECONDS)

    def _set(self, user: User, *options: str) -> Command:
        key = self._keys.session(user.session_hash)
        return Command.of("SET", key, _encode(user), *options, "EX", SESSION_KEEP_SECONDS)
