"""The rules of a room, wherever they are: Redis first, then PostgreSQL once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from shared.domain.moderation import EVERYWHERE
from shared.domain.room_rules import NO_RULES, Law
from shared.protocol.errors import Unavailable
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from uuid import UUID

    from shared.domain.room_rules import RoomRules
    from shared.message_store.moderation_directory import ModerationDirectory
    from shared.rooms.live_rules import LiveRules
    from shared.runtime.clock import Clock

log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class RulesReader:
    """Finds rules for whoever must obey them."""

    live: LiveRules
    directory: ModerationDirectory
    clock: Clock

    async def read(self, room: UUID, known: RoomRules | None = None) -> RoomRules:
        """The rules of `room`, or of all rooms for `EVERYWHERE`; `known`: see `LiveRules.read`.

        Raises:
            Unavailable: Redis, or PostgreSQL where it was needed, is away.
        """
        found = await self.live.read(room, known)
        if found is not None:
            return found
        await self.renew(room)
        return await self.live.read(room, known) or NO_RULES

    async def renew(self, room: UUID) -> None:
        """Brings what PostgreSQL says now to Redis, and so to every replica; raises as `read`."""
        with store_outage_as_unavailable():
            written = await self.directory.rules(room, self.clock.micros())
        await self.live.put(written)

    async def law(self, room: UUID) -> Law:
        """All that applies in `room` now; where it cannot be read, what was known last."""
        return Law(*await asyncio.gather(self._read_or_last(room), self._read_or_last(EVERYWHERE)))

    def last(self, room: UUID) -> RoomRules:
        """The rules of `room` as they were read last; what is not known does not apply.

        That nobody may speak because PostgreSQL is away would be worse.
        """
        return self.live.last(room) or NO_RULES

    async def _read_or_last(self, room: UUID) -> RoomRules:
        try:
            return await self.read(room)
        except Unavailable as error:
            log.warning("rules_not_known", room=str(room), error=repr(error))
            return self.last(room)
