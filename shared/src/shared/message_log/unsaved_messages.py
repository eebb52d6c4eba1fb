"""What the log holds over all rooms and PostgreSQL does not have yet, for lists that mix rooms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final
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

MOST_LOOKED_AT: Final = 10_000
"""Entries of one queue that a list is worth looking at; more wait only while workers are away."""


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
        missing = dict.fromkeys(places, most)
        found: list[tuple[UUID, StoredMessage]] = []
        for _ in range(0, MOST_LOOKED_AT, most):
            answers = await self._entries(places, most)
            messages = {n: _messages(entries, older_than) for n, entries in answers.items()}
            rooms = await wanted({room for part in messages.values() for room, _ in part})
            for partition, entries in answers.items():
                kept = [pair for pair in messages[partition] if pair[0] in rooms]
                found += kept
                missing[partition] -= len(kept)
                if len(entries) < most or missing[partition] <= 0:
                    del places[partition]
                else:
                    places[partition] = f"({entries[-1][0].decode()}"
            if not places:
                break
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


def _messages(entries: list[Any], older_than: UUID | None) -> list[tuple[UUID, StoredMessage]]:
    found = [
        (
            UUID(fields[b"r"].decode()),
            StoredMessage(int(fields[b"s"]), int(fields[b"t"]), fields[b"b"]),
        )
        for _, fields in entries
        if fields.get(b"k") == b"m"
    ]
    if older_than is None:
        return found
    return [
        (room, message)
        for room, message in found
        if UUID(decode_body(message.body).message_id) < older_than
    ]
