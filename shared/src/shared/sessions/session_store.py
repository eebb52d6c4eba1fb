"""Who holds a capability: PostgreSQL keeps sessions for good, Redis for a day idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from shared.domain.entities import User
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

SESSION_KEEP_SECONDS: Final = 24 * 3600


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
    data = orjson.loads(raw)
    return User(
        UUID(data["id"]), session_hash, data["username"], data["color"], int(data["created"])
    )


class SessionStore:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def find(self, session_hash: bytes) -> User | None:
        """The holder, or None when Redis does not know the session (PostgreSQL may)."""
        with redis_outage_as_unavailable():
            raw: Any = await self._redis.getex(
                self._keys.session(session_hash), ex=SESSION_KEEP_SECONDS
            )
        return None if raw is None else _decode(session_hash, raw)

    async def claim(self, user: User) -> User:
        """Stores a session unless another was quicker; returns the one that holds."""
        with redis_outage_as_unavailable():
            held: Any = await self._redis.set(
                self._keys.session(user.session_hash),
                _encode(user),
                nx=True,
                get=True,
                ex=SESSION_KEEP_SECONDS,
            )
        return user if held is None else _decode(user.session_hash, held)

    async def replace(self, user: User) -> None:
        """Takes over a new name or colour."""
        with redis_outage_as_unavailable():
            await self._redis.set(
                self._keys.session(user.session_hash), _encode(user), ex=SESSION_KEEP_SECONDS
            )
