"""From which address the people of a room came last; by its name of the day, and only for a while.

So staff can act against an address without anybody ever seeing one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.moderation import Origin
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Command

if TYPE_CHECKING:
    from uuid import UUID

    from shared.redis_schema.keys import Keys

ORIGINS_KEEP_SECONDS: Final = 2 * 24 * 3600
"""As long as the day's names of addresses."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Every method raises Unavailable while Redis is away."""

    batcher: CallBatcher
    keys: Keys

    async def note(self, room: UUID, user: str, origin: Origin) -> None:
        """`user` came from there."""
        key = self.keys.origins(room, origin.day)
        await asyncio.gather(
            self.batcher.submit(Command.of("HSET", key, user, origin.name)),
            self.batcher.submit(Command.of("EXPIRE", key, ORIGINS_KEEP_SECONDS)),
        )

    async def of_user(self, room: UUID, user: str, today: int) -> Origin | None:
        """Where `user` came from last, today or yesterday; None if that is not known."""
        for day in (today, today - 1):
            key = self.keys.origins(room, day)
            raw = await self.batcher.submit(Command.of("HGET", key, user))
            if raw is not None:
                return Origin(day, raw.decode())
        return None

    async def users_from(self, room: UUID, origin: Origin) -> frozenset[str]:
        """All who came from there last."""
        key = self.keys.origins(room, origin.day)
        raw = await self.batcher.submit(Command.of("HGETALL", key))
        return frozenset(
            user.decode() for user, name in raw.items() if name.decode() == origin.name
        )
