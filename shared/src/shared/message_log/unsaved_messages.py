"""What the log holds over all rooms and PostgreSQL does not have yet, for lists that mix rooms."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from shared.domain.ids import uuid7_micros
from shared.message_log.message_log import CLOCK_SKEW_MS, parse_revision
from shared.protocol.codec import Revision, StoredMessage, decode_body
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

Place = tuple[UUID, int]
"""Room and seq of a message."""

WantedRooms = Callable[[AbstractSet[UUID]], Awaitable[AbstractSet[UUID]]]
"""Those of some rooms whose messages are wanted."""

LEAST_AT_ONCE: Final = 100
"""Entries of one queue that are read together."""

DISORDER_MS: Final = 100
"""How long before an entry's time its message may have got an id: queues have another order."""

LOOKED_AT_ONCE: Final = 1_000
"""Entries of one queue that are read together where all of it is looked through."""

MOST_LOOKED_AT: Final = 10_000
"""Entries of one queue that a list is worth looking at; more wait only while workers are away."""


class _Found(NamedTuple):
    message_id: UUID
    room: UUID
    message: StoredMessage


class UnsavedMessages:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def newest(
        self, most: int, older_than: UUID | None, wanted: WantedRooms
    ) -> list[tuple[UUID, StoredMessage]]:
        """Messages on their way to PostgreSQL, with their rooms, as they were sent.

        Of each partition's queue at least the newest `most` with ids smaller than `older_than`
        (None: from the newest) in `wanted` rooms, as far as its newest MOST_LOOKED_AT entries go.
        """
        places = dict.fromkeys(range(self._keys.partitions), _first_place(older_than))
        found: dict[int, list[_Found]] = {partition: [] for partition in places}
        at_once = max(most, LEAST_AT_ONCE)
        for _ in range(0, MOST_LOOKED_AT, at_once):
            answers = await self._entries(places, at_once)
            messages = {n: _messages(entries, older_than) for n, entries in answers.items()}
            rooms = await wanted({each.room for part in messages.values() for each in part})
            for partition, entries in answers.items():
                found[partition] += [each for each in messages[partition] if each.room in rooms]
                if len(entries) < at_once or _is_enough(found[partition], most, entries[-1][0]):
                    del places[partition]
                else:
                    places[partition] = f"({entries[-1][0].decode()}"
            if not places:
                break
        return [(each.room, each.message) for part in found.values() for each in part]

    async def all_of(self, user_id: UUID) -> dict[UUID, StoredMessage]:
        """Messages of one person on their way to PostgreSQL, by id, as they were sent."""
        needle = f'"user_id":"{user_id}"'.encode()
        found: dict[UUID, StoredMessage] = {}
        for partition in range(self._keys.partitions):
            stream, place = self._keys.ingest(partition), "-"
            while True:
                with redis_outage_as_unavailable():
                    entries: Any = await self._redis.xrange(stream, place, "+", LOOKED_AT_ONCE)
                theirs = [entry for entry in entries if needle in entry[1].get(b"b", b"")]
                for each in _messages(theirs, None):
                    found[each.message_id] = each.message
                if len(entries) < LOOKED_AT_ONCE:
                    break
                place = f"({entries[-1][0].decode()}"
        return found

    async def _entries(self, places: Mapping[int, str], most: int) -> dict[int, list[Any]]:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for partition, place in places.items():
            pipeline.xrevrange(self._keys.ingest(partition), place, "-", count=most)
        with redis_outage_as_unavailable():
            return dict(zip(places, await pipeline.execute(), strict=True))

    async def revisions(self, places: Sequence[Place]) -> dict[Place, Revision]:
        """Revisions that may be newer than what the messages at `places` are known as."""
        pipeline: Any = self._redis.pipeline(transaction=False)
        for room, seq in places:
            pipeline.hget(self._keys.edits(room), str(seq))
        with redis_outage_as_unavailable():
            raws: list[Any] = await pipeline.execute()
        return {
            place: parse_revision(raw)
            for place, raw in zip(places, raws, strict=True)
            if raw is not None
        }


def _first_place(older_than: UUID | None) -> str:
    """Where in a queue to begin: ids carry their time, and queues are ordered by time."""
    if older_than is None or older_than.version != 7:  # noqa: PLR2004 - UUIDv7
        return "+"
    return str(uuid7_micros(older_than) // 1000 + CLOCK_SKEW_MS)


def _messages(entries: list[Any], older_than: UUID | None) -> list[_Found]:
    found = [
        _Found(
            UUID(decode_body(fields[b"b"]).message_id),
            UUID(fields[b"r"].decode()),
            StoredMessage(int(fields[b"s"]), int(fields[b"t"]), fields[b"b"]),
        )
        for _, fields in entries
        if fields.get(b"k") == b"m"
    ]
    return [each for each in found if older_than is None or each.message_id < older_than]


def _is_enough(found: list[_Found], most: int, last: bytes) -> bool:
    """May no entry behind the one at `last` have an id among the newest `most`?"""
    if len(found) < most:
        return False
    oldest = heapq.nlargest(most, (each.message_id for each in found))[-1]
    # What is no UUIDv7 has no time; such ids come from elsewhere, and long ago.
    made = uuid7_micros(oldest) // 1000 if oldest.version == 7 else 0  # noqa: PLR2004
    return int(last.split(b"-")[0]) < made - DISORDER_MS
