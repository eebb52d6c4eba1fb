"""Carries out what people wished who want to be erased.

An erasure is swept again and again until nothing is left: whatever was on its way when it began (a
socket that was just opening, a message in the queue) is found by a later sweep. Sweeps are harmless
when they come twice, so a worker that dies in the middle is simply followed by another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.times import MICROS_PER_SECOND
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.errors import ChatError, ErrorCode
from shared.runtime.lifecycle import wait_for_event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.message_log.log_removal import LogRemoval
    from shared.message_store.erasures import ErasureRecord, Erasures
    from shared.message_store.room_directory import RoomDirectory
    from shared.presence.presence import Presence
    from shared.protocol.codec import StoredMessage
    from shared.runtime.clock import Clock
    from shared.sessions.session_store import SessionStore
    from shared.usecases.open_room import RoomOpener
    from worker.dead_letter import DeadLetters

log = structlog.stdlib.get_logger()

LEASE_SECONDS: Final = 60.0
"""After so long without a sign of life of its worker, another takes an erasure up."""

AGAIN_SECONDS: Final = 2.0
"""Between two sweeps of one erasure."""

MESSAGES_AT_ONCE: Final = 100
PAUSE_SECONDS: Final = 0.05
"""Between as many messages: each is told to everybody in its room, and they are not the only ones
who want something of Redis."""

CARRY_SECONDS: Final = 5.0
CARRY_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Eraser:
    """`settle` is in seconds: who began something before an erasure has ended it by then."""

    erasures: Erasures
    removal: LogRemoval
    rooms: RoomOpener
    directory: RoomDirectory
    sessions: SessionStore
    presence: Presence
    dead: DeadLetters
    clock: Clock
    settle: float

    async def work(self, stop: asyncio.Event) -> None:
        """One sweep of each erasure that is due."""
        while not stop.is_set():
            erasure = await self.erasures.take(self.clock.micros(), LEASE_SECONDS)
            if erasure is None:
                return
            if not await self._sweep(erasure, stop):
                await self._put_off(erasure, AGAIN_SECONDS)

    async def _sweep(self, erasure: ErasureRecord, stop: asyncio.Event) -> bool:
        """Erases all that is there now; True if it was the last time."""
        user, began = erasure.user_id, self.clock.micros()
        if erasure.session_hash is not None:
            await self.sessions.end(erasure.session_hash)
        open_rooms = await self.presence.end_session(user)
        await self._release_rooms(user)
        await self.erasures.empty_records(user, began)
        await self._empty_messages(erasure, stop)
        settled = began - erasure.requested_micros >= self.settle * MICROS_PER_SECOND
        if open_rooms or not settled or not await self._is_carried(stop):
            return False
        if await self.erasures.messages_left(user, None, 1):
            return False
        await self.dead.forget_user(user)
        await self.presence.forget_user(user)
        await self.erasures.finish(erasure, self.clock.micros())
        log.info("erased", erasure=str(erasure.id))
        return True

    async def _release_rooms(self, user: UUID) -> None:
        for room in await self.directory.rooms_owned_by(user):
            micros = max(room.settings.updated_micros + 1, self.clock.micros())
            released = replace(room.settings, owner_id=None, updated_micros=micros)
            # Redis first: if PostgreSQL does not hear of it now, the room is found again.
            await self.rooms.live.change(released)
            await self.directory.release_room(released)

    async def _empty_messages(self, erasure: ErasureRecord, stop: asyncio.Event) -> None:
        last: UUID | None = None
        while not stop.is_set():
            found = await self.erasures.messages_left(erasure.user_id, last, MESSAGES_AT_ONCE)
            by_room: dict[UUID, list[StoredMessage]] = defaultdict(list)
            for left in found:
                by_room[left.room].append(left.message)
            for room, messages in by_room.items():
                await self._empty_in(room, erasure.user_id, messages)
            if len(found) < MESSAGES_AT_ONCE:
                return
            last = found[-1].id
            await self._put_off(erasure, LEASE_SECONDS)
            await wait_for_event(stop, PAUSE_SECONDS)

    async def _empty_in(self, room: UUID, user: UUID, messages: Sequence[StoredMessage]) -> None:
        try:
            await self.rooms.open(room)
            await self.removal.erase(room, messages)
        except RoomNotLoaded:
            return  # Redis has just lost it; a later sweep comes back to it
        except ChatError as error:
            if error.code is not ErrorCode.ROOM_NOT_FOUND:
                raise
            await self.erasures.empty_orphans(user, room)

    async def _is_carried(self, stop: asyncio.Event) -> bool:
        """Waits, for a while, until PostgreSQL has all that is in the queue now."""
        ends = await self.removal.queue_ends()
        until = self.clock.monotonic() + CARRY_SECONDS
        while not await self.removal.is_carried(ends):
            if stop.is_set() or self.clock.monotonic() >= until:
                return False
            await wait_for_event(stop, CARRY_POLL_SECONDS)
        return True

    async def _put_off(self, erasure: ErasureRecord, seconds: float) -> None:
        due = self.clock.micros() + int(seconds * MICROS_PER_SECOND)
        await self.erasures.put_off(erasure, due)
