"""What the log holds over all rooms and PostgreSQL does not have yet, for lists that mix rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.message_log.message_log import parse_revision
from shared.protocol.codec import Revision, StoredMessage
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

Place = tuple[UUID, int]
"""Room and seq of a message."""


class UnsavedMessages:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def newest(self, most: int) -> list[tuple[UUID, StoredMessage]]:
        """Messages on their way to PostgreSQL, with their rooms, as they were sent.

        Looks at the newest `most` entries of each partition's queue.
        """
        pipeline: Any = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.xrevrange(self._keys.ingest(partition), "+", "-", count=most)
        with redis_outage_as_unavailable():
            answers: list[Any] = await pipeline.execute()
        return [
            (
                UUID(fields[b"r"].decode()),
                StoredMessage(int(fields[b"s"]), int(fields[b"t"]), fields[b"b"]),
            )
            for entries in answers
            for _, fields in entries
            if fields.get(b"k") == b"m"
        ]

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
