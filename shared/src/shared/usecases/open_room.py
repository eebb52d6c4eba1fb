"""Finds a room wherever it is: Redis first, then PostgreSQL once, else (if allowed) a new one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.domain.entities import RoomSettings
from shared.domain.moderation import EVERYWHERE
from shared.domain.rooms import ROOM_RULES, default_room_name
from shared.message_store.ingest_entries import encode_room
from shared.protocol.errors import ChatError, ErrorCode
from shared.redis_schema.scripts import EPOCH_GAP
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from uuid import UUID

    from shared.message_store.room_directory import RoomDirectory
    from shared.rooms.live_rooms import LiveRoom, LiveRooms
    from shared.runtime.clock import Clock, IdMaker


@dataclass(frozen=True, slots=True)
class RoomOpener:
    """Opens rooms for whoever needs them in Redis."""

    live: LiveRooms
    directory: RoomDirectory
    clock: Clock
    ids: IdMaker
    _loading: dict[tuple[UUID, bool], asyncio.Future[None]] = field(default_factory=dict)

    async def open(self, room: UUID, *, create: bool = False) -> LiveRoom:
        """The room, loaded into Redis if it was not there.

        With `create` an unknown id becomes a new public room, as in the original.

        Raises:
            ChatError: `room_not_found`; also for a deleted room, which never comes back, and for
                the id that stands for all rooms.
            Unavailable: Redis, or PostgreSQL where it was needed, is away.
        """
        if room == EVERYWHERE:
            raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
        found = await self.live.read(room)
        if found is None:
            await self._load_once(room, create=create)
            found = await self.live.read(room)
        if found is None or found.closed:
            raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
        return found

    async def _load_once(self, room: UUID, *, create: bool) -> None:
        """A thousand who come to a room at once ask PostgreSQL once."""
        key = (room, create)
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.ensure_future(self._load(room, create=create))
            self._loading[key] = loading
            loading.add_done_callback(lambda done: self._loaded(key, done))
        await asyncio.shield(loading)

    def _loaded(self, key: tuple[UUID, bool], loading: asyncio.Future[None]) -> None:
        del self._loading[key]
        if not loading.cancelled():
            loading.exception()  # told to those who wait; it may be that nobody does any more

    async def _load(self, room: UUID, *, create: bool) -> None:
        with store_outage_as_unavailable():
            record = await self.directory.read_room(room)
        if record is None and create:
            settings = self._new_room(room)
            entry = encode_room(settings, settings.created_micros)
            # First to the queue, then to Redis: a crash between leaves a room that is empty, never
            # one that is used and forgotten.
            await self.live.announce_creation(settings, entry)
            await self.live.load(
                settings, epoch=self.ids.epoch(), last_seq=0, total=0, closed=False
            )
        elif record is not None and not record.deleted:
            last_seq = record.last_seq + EPOCH_GAP if record.last_seq else 0
            await self.live.load(
                record.settings,
                epoch=self.ids.epoch(),
                last_seq=last_seq,
                total=record.total_messages,
                closed=False,
                removed=record.removed,
            )

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
