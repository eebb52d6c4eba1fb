"""Rooms in Redis: settings, place of the sequence, and who is hot.

PostgreSQL is the truth of settings; Redis is the truth of `seq`, `epoch`, `total` and of everything
online.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.domain.entities import RoomSettings
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Command, Scripts
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

MOST_ROOMS_RANKED: Final = 1000
"""Rooms taken from each partition when rooms are ordered by people online."""


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """A room as Redis knows it at one moment."""

    settings: RoomSettings
    epoch: str
    seq: int
    """Number of the newest message; 0 before the first."""
    rv: int
    """Number of the newest change of the roster, within the epoch."""
    total: int
    """Messages that are not deleted."""
    closed: bool
    ev: int = 0
    """Number of the newest change of a message (edit or deletion), within the epoch."""


def parse_live_room(room: UUID, fields: Mapping[bytes, bytes]) -> LiveRoom:
    """Reads the meta hash."""

    def text(name: str) -> str:
        return fields[name.encode()].decode()

    settings = RoomSettings(
        id=room,
        name=text("name"),
        description=text("description") or None,
        is_public=text("is_public") == "1",
        max_users=int(text("max_users")),
        owner_id=UUID(text("owner_id")) if text("owner_id") else None,
        created_micros=int(text("created")),
        updated_micros=int(text("updated")),
    )
    return LiveRoom(
        settings,
        text("epoch"),
        int(text("seq")),
        int(text("rv")),
        int(text("total")),
        b"closed" in fields,
        int(fields.get(b"ev", 0)),
    )


def _fields(settings: RoomSettings) -> dict[str, str | int]:
    return {
        "name": settings.name,
        "description": settings.description or "",
        "is_public": int(settings.is_public),
        "max_users": settings.max_users,
        "owner_id": str(settings.owner_id or ""),
        "created": settings.created_micros,
        "updated": settings.updated_micros,
    }


@dataclass(frozen=True, slots=True)
class OnlineTotals:
    """Sums over all partitions."""

    users: int
    rooms: int


class LiveRooms:
    """Reads and changes rooms in Redis. Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._scripts = scripts
        self._keys = scripts.keys
        self._batcher = CallBatcher(redis)

    @property
    def waiting_calls(self) -> int:
        """Calls to Redis that are not answered yet."""
        return len(self._batcher)

    async def read(self, room: UUID) -> LiveRoom | None:
        """The room, or None when Redis does not know it (it may be in PostgreSQL)."""
        fields = await self._batcher.submit(Command.of("HGETALL", self._keys.meta(room)))
        return parse_live_room(room, fields) if b"epoch" in fields else None

    async def read_many(self, rooms: list[UUID]) -> list[LiveRoom | None]:
        """As `read`, for many rooms in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.hgetall(self._keys.meta(room))
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        return [
            parse_live_room(room, fields) if b"epoch" in fields else None
            for room, fields in zip(rooms, answers, strict=True)
        ]

    async def load(
        self,
        settings: RoomSettings,
        *,
        epoch: str,
        last_seq: int,
        total: int,
        closed: bool,
        removed: int = 0,
    ) -> None:
        """Puts a room in from PostgreSQL unless it is there; `epoch` is used only if it is not.

        `removed` messages are not in `total` any more, since they became too old.
        """
        fields = _fields(settings)
        if removed:
            fields["removed"] = removed
        if closed:
            fields["closed"] = 1
        call = self._scripts.room_load(
            settings.id, epoch=epoch, seq=last_seq, total=total, settings=fields
        )
        with redis_outage_as_unavailable():
            await call.run(self._redis)

    async def announce_creation(self, settings: RoomSettings, entry: Mapping[str, bytes]) -> None:
        """Queues a room that a socket or a join created, so that it reaches PostgreSQL."""
        ingest = self._keys.ingest(self._keys.partition_of(settings.id))
        with redis_outage_as_unavailable():
            await self._redis.xadd(ingest, dict(entry))  # type: ignore[arg-type]

    async def change(self, settings: RoomSettings) -> None:
        """Takes over changed settings, if the room is in Redis, and tells every replica."""
        call = self._scripts.room_update(settings.id, "updated", _fields(settings))
        with redis_outage_as_unavailable():
            await call.run(self._redis)

    async def close(self, room: UUID) -> None:
        """Marks a deleted room, so that nobody enters or writes, and tells every replica."""
        with redis_outage_as_unavailable():
            await self._scripts.room_update(room, "closed", {"closed": 1}).run(self._redis)

    async def online_counts(self, rooms: list[UUID]) -> list[tuple[int, int | None]]:
        """For each room: people online, and messages in all (None: not in Redis)."""
        pipeline = self._redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.zcard(self._keys.roster(room))
            pipeline.hget(self._keys.meta(room), "total")
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        return [
            (int(online), None if total is None else int(total))
            for online, total in zip(answers[::2], answers[1::2], strict=True)
        ]

    async def ranked_public(self, most: int = MOST_ROOMS_RANKED) -> list[tuple[UUID, int]]:
        """Listed rooms with somebody online, most people first, ties by id; at most `most`."""
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.zrevrange(self._keys.online(partition), 0, most - 1, withscores=True)
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        rooms = ((UUID(raw.decode()), int(n)) for part in answers for raw, n in part)
        return heapq.nsmallest(most, rooms, key=lambda pair: (-pair[1], pair[0].int))

    async def totals(self, now_ms: int) -> OnlineTotals:
        """People online anywhere, each counted once, and rooms with somebody in them."""
        pipeline = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.zcount(self._keys.seen_of(partition), now_ms, "+inf")
            pipeline.zcard(self._keys.online(partition))
            pipeline.zcard(self._keys.unlisted(partition))
        with redis_outage_as_unavailable():
            answers = [int(n) for n in await pipeline.execute()]
        return OnlineTotals(sum(answers[::3]), sum(answers[1::3]) + sum(answers[2::3]))
