"""Removes what is older than the operator wants to keep it.

Every worker does it; twice does no harm. A room is cut from its beginning, in small transactions
that hold nobody up, and Redis follows what PostgreSQL has done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.times import MICROS_PER_SECOND
from shared.runtime.lifecycle import wait_for_event

if TYPE_CHECKING:
    import asyncio
    from uuid import UUID

    from shared.message_log.log_removal import LogRemoval
    from shared.message_store.erasures import Erasures
    from shared.message_store.retention import Idle, Retention
    from shared.presence.presence import Presence
    from shared.runtime.clock import Clock
    from shared.sessions.session_store import SessionStore

log = structlog.stdlib.get_logger()

ROOMS_AT_ONCE: Final = 200
MESSAGES_AT_ONCE: Final = 500
USERS_AT_ONCE: Final = 500
PAUSE_SECONDS: Final = 0.02
DAY_MICROS: Final = 86_400 * MICROS_PER_SECOND
ERASURE_DAYS: Final = 30
"""So long a finished erasure can be asked for, and keeps snapshots of its user out."""


@dataclass(frozen=True, slots=True)
class Pruner:
    """Days of 0 mean: for ever."""

    retention: Retention
    erasures: Erasures
    removal: LogRemoval
    presence: Presence
    sessions: SessionStore
    clock: Clock
    messages_days: float
    users_days: float

    async def work(self, stop: asyncio.Event) -> None:
        """Everything that is too old now, until `stop` is set."""
        await self.erasures.forget(self._ago(ERASURE_DAYS))
        if self.messages_days:
            await self._prune_messages(self._ago(self.messages_days), stop)
        if self.users_days:
            await self._prune_users(self._ago(self.users_days), stop)

    async def _prune_messages(self, before: int, stop: asyncio.Event) -> None:
        last: UUID | None = None
        while not stop.is_set():
            page = await self.retention.beginnings(last, before, ROOMS_AT_ONCE)
            if not page:
                return
            old = [each.cut.room for each in page if each.is_old]
            for room in old:
                await self._prune_room(room, before, stop)
            if old:
                page = await self.retention.beginnings(last, before, ROOMS_AT_ONCE)
            # Also rooms that were cut long ago: Redis may have been away then.
            await self.removal.cut([e.cut for e in page if e.cut.removed or e.cut.room in old])
            if not page:
                return
            last = page[-1].cut.room

    async def _prune_room(self, room: UUID, before: int, stop: asyncio.Event) -> None:
        total = 0
        while not stop.is_set():
            removed = await self.retention.remove_messages(room, before, MESSAGES_AT_ONCE)
            total += removed
            if removed < MESSAGES_AT_ONCE:
                break
            await wait_for_event(stop, PAUSE_SECONDS)
        log.info("messages_removed", room=str(room), count=total)

    async def _prune_users(self, before: int, stop: asyncio.Event) -> None:
        last: UUID | None = None
        while not stop.is_set():
            idle = await self.retention.idle_users(last, before, USERS_AT_ONCE)
            if not idle:
                return
            last = idle[-1].id
            gone = await self._not_here(idle)
            if gone:
                removed = await self.retention.remove_users(gone, before)
                log.info("users_removed", count=removed)
            await wait_for_event(stop, PAUSE_SECONDS)

    async def _not_here(self, idle: list[Idle]) -> list[UUID]:
        """Without those who are only quiet: whose session was used today, or who is online."""
        used = await self.sessions.are_used([each.session_hash for each in idle])
        seen = await self.presence.last_seen([each.id for each in idle])
        return [
            each.id
            for each, is_used in zip(idle, used, strict=True)
            if not is_used and each.id not in seen
        ]

    def _ago(self, days: float) -> int:
        return self.clock.micros() - int(days * DAY_MICROS)
