"""What Redis knows at this moment: connections, queues, people. Read for the pages alone."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shared.domain.ids import uuid7_micros
from shared.message_log.queues import QueueState, read_queues
from shared.protocol.envelopes import decode_person
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis

    from shared.protocol.envelopes import Person
    from shared.redis_schema.keys import Keys

MOST_LOOKED_AT: Final = 20_000
"""Connections that a search looks at: each page of it reads them anew."""

_SCAN: Final = 1000


@dataclass(frozen=True, slots=True)
class LiveConnection:
    """One socket of one person in one room."""

    room: UUID
    user: UUID
    id: UUID

    @property
    def connected_micros(self) -> int | None:
        """When it was opened; None if its id does not tell."""
        try:
            return uuid7_micros(self.id)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class ConnectionFilter:
    """Which connections; what is None counts for nothing."""

    room: UUID | None = None
    since_micros: int | None = None
    term: str = ""
    """In the name of the person or in the id of the connection."""


class LiveState:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def queues(self) -> list[QueueState]:
        """All partitions, in order."""
        return await read_queues(self._redis, self._keys)

    async def page(self, offset: int, limit: int) -> tuple[list[LiveConnection], int]:
        """Some connections, partition by partition, and how many there are in all."""
        keys = self._keys
        pipeline = self._redis.pipeline(transaction=False)
        for n in range(keys.partitions):
            pipeline.zcard(keys.conns(n))
        with redis_outage_as_unavailable():
            counts = [int(n) for n in await pipeline.execute()]
        found: list[LiveConnection] = []
        skip = offset
        for n, count in enumerate(counts):
            wanted = limit - len(found)
            if wanted <= 0:
                break
            if skip < count:
                with redis_outage_as_unavailable():
                    members = await self._redis.zrange(keys.conns(n), skip, skip + wanted - 1)
                found += [_connection_of(member) for member in members]
            skip = max(0, skip - count)
        return found, sum(counts)

    async def find(self, wanted: ConnectionFilter, most: int) -> tuple[list[LiveConnection], bool]:
        """The newest connections that fit, at most `most`; and whether all were looked at."""
        looked = 0
        fitting: list[LiveConnection] = []
        async for some in self._walk(wanted.room):
            looked += len(some)
            fitting += await self._fitting(some, wanted)
            if looked >= MOST_LOOKED_AT:
                break
        newest = heapq.nlargest(most, fitting, key=lambda one: one.id.int)
        return newest, looked < MOST_LOOKED_AT

    async def people(self, connections: Sequence[LiveConnection]) -> dict[UUID, Person]:
        """Who they are, by their ids, as far as rooms know them."""
        by_room: dict[UUID, list[UUID]] = {}
        for one in connections:
            by_room.setdefault(one.room, []).append(one.user)
        if not by_room:
            return {}
        pipeline = self._redis.pipeline(transaction=False)
        for room, users in by_room.items():
            pipeline.hmget(self._keys.users(room), [str(user) for user in users])
        with redis_outage_as_unavailable():
            answers: list[list[bytes | None]] = await pipeline.execute()
        return {
            user: decode_person(raw)
            for users, raws in zip(by_room.values(), answers, strict=True)
            for user, raw in zip(users, raws, strict=True)
            if raw is not None
        }

    async def online_users(self, now_ms: int, most: int) -> list[UUID]:
        """Ids of people who are online, at most `most`."""
        pipeline = self._redis.pipeline(transaction=False)
        for n in range(self._keys.partitions):
            pipeline.zrangebyscore(self._keys.seen_of(n), now_ms, "+inf", start=0, num=most)
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        return [UUID(raw.decode()) for part in answers for raw in part][:most]

    async def _walk(self, room: UUID | None) -> AsyncIterator[list[LiveConnection]]:
        """All connections, or a room's, some at a time."""
        keys = self._keys
        partitions = range(keys.partitions) if room is None else [keys.partition_of(room)]
        match = None if room is None else f"{room}|*"
        for n in partitions:
            cursor = 0
            while True:
                with redis_outage_as_unavailable():
                    cursor, pairs = await self._redis.zscan(
                        keys.conns(n), cursor, match=match, count=_SCAN
                    )
                yield [_connection_of(member) for member, _ in pairs]
                if cursor == 0:
                    break

    async def _fitting(
        self, some: list[LiveConnection], wanted: ConnectionFilter
    ) -> list[LiveConnection]:
        since = wanted.since_micros
        if since is not None:
            some = [one for one in some if (one.connected_micros or 0) >= since]
        term = wanted.term.casefold()
        if not term:
            return some
        people = await self.people(some)
        names = {user: person.username.casefold() for user, person in people.items()}
        return [one for one in some if term in str(one.id) or term in names.get(one.user, "")]


def _connection_of(member: Any) -> LiveConnection:
    room, user, connection = member.decode().split("|")
    return LiveConnection(UUID(room), UUID(user), UUID(connection))
