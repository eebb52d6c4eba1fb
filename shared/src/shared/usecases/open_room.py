"""Finds a room wherever it is: Redis first, then PostgreSQL once, else (if allowed) a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from shared.domain.entities import RoomSettings
from shared.domain.moderation import EVERYWHERE
from shared.domain.rooms import ROOM_RULES, default_room_name
from shared.message_store.ingest_entries import encode_room
from shared.protocol.errors import ChatError, ErrorCode, RateLimited
from shared.redis_schema.scripts import EPOCH_GAP
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from uuid import UUID

    from shared.message_store.room_directory import RoomDirectory
    from shared.rooms.live_rooms import LiveRoom, LiveRooms
    from shared.runtime.clock import Clock, IdMaker

T = TypeVar("T")

Payment = Callable[[], Awaitable[None]]
"""Charges whoever makes a room; raises RateLimited where they cannot pay."""


@dataclass(frozen=True, slots=True)
class RoomOpener:
    """Opens rooms for whoever needs them in Redis."""

    live: LiveRooms
    directory: RoomDirectory
    clock: Clock
    ids: IdMaker
    _loading: dict[UUID, asyncio.Future[bool]] = field(default_factory=dict)
    _making: dict[UUID, asyncio.Future[None]] = field(default_factory=dict)

    async def open(
        self, room: UUID, *, create: bool = False, pay: Payment | None = None
    ) -> LiveRoom:
        """The room, loaded into Redis if it was not there.

        With `create` an unknown id becomes a new public room, as in the original, and `pay` is
        called before; None where somebody is in the room, which began by then. Of many who come to
        a new room at once one pays.

        Raises:
            ChatError: `room_not_found`; also for a deleted room, which never comes back, and for
                the id that stands for all rooms.
            RateLimited: by `pay`.
            Unavailable: Redis, or PostgreSQL where it was needed, is away.
        """
        if room == EVERYWHERE:
            raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
        found = await self.live.read(room)
        if found is None:
            known = await self._load_once(room)
            if create and not known:
                await self._make_once(room, pay)
            found = await self.live.read(room)
        if found is None or found.closed:
            raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
        return found

    async def _load_once(self, room: UUID) -> bool:
        """A thousand who come to a room at once ask PostgreSQL once; whether it knows the room."""
        loading = self._loading.get(room)
        if loading is None:
            loading = _shared(self._loading, room, self._load(room))
        return await asyncio.shield(loading)

    async def _make_once(self, room: UUID, pay: Payment | None) -> None:
        """The first makes it; who cannot pay for it leaves that to the next."""
        while (making := self._making.get(room)) is not None:
            with suppress(RateLimited):  # that is another's account
                await asyncio.shield(making)
                return
        await asyncio.shield(_shared(self._making, room, self._make(room, pay)))

    async def _make(self, room: UUID, pay: Payment | None) -> None:
        if await self.live.read(room) is not None:
            return  # somebody has made it since PostgreSQL was asked
        if pay is not None:
            await pay()
        settings = self._new_room(room)
        entry = encode_room(settings, settings.created_micros)
        # First to the queue, then to Redis: a crash between leaves a room that is empty, never
        # one that is used and forgotten.
        await self.live.announce_creation(settings, entry)
        await self.live.load(settings, epoch=self.ids.epoch(), last_seq=0, total=0, closed=False)

    async def _load(self, room: UUID) -> bool:
        with store_outage_as_unavailable():
            record = await self.directory.read_room(room)
        if record is not None and not record.deleted:
            last_seq = record.last_seq + EPOCH_GAP if record.last_seq else 0
            await self.live.load(
                record.settings,
                epoch=self.ids.epoch(),
                last_seq=last_seq,
                total=record.total_messages,
                closed=False,
                removed=record.removed,
            )
        return record is not None

    def _new_room(self, room: UUID) -> RoomSettings:
        now = self.clock.micros()
        return RoomSettings(
            id=room,
            name=default_room_name(room),
            description=None,
            is_public=True,
            max_users=ROOM_RULES.default_max_users,
            owner_id=None,
            created_micros=now,
            updated_micros=now,
        )


def _shared(
    running: dict[UUID, asyncio.Future[T]], room: UUID, work: Coroutine[Any, Any, T]
) -> asyncio.Future[T]:
    """Work that many wait for, found in `running` by its room until it has ended."""

    def ended(done: asyncio.Future[T]) -> None:
        del running[room]
        if not done.cancelled():
            done.exception()  # told to those who wait; it may be that nobody does any more

    task = running[room] = asyncio.ensure_future(work)
    task.add_done_callback(ended)
    return task
