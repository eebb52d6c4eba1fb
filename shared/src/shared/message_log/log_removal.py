"""Takes messages out of the log of each room: emptied on their author's wish, or too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.message_log.message_log import MOST_BACKLOG
from shared.message_log.outcomes import refusal
from shared.protocol.codec import decode_body, encode_body
from shared.redis_schema.pipelines import run_all
from shared.redis_schema.removal_calls import Emptied, cut_call, erase_call
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.protocol.codec import StoredMessage
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.removal_calls import Cut


def emptied(body: bytes) -> bytes:
    """The body of a message of which nothing is left but whose it was and where it stood."""
    return encode_body(
        decode_body(body)._replace(
            message="",
            username="",
            user_color="",
            client_id=None,
            message_type="text",
            file_url=None,
            reply_to=None,
        )
    )


class LogRemoval:
    """Every method raises Unavailable while Redis is away or the queue is full."""

    def __init__(self, redis: Redis, keys: Keys, *, most_backlog: int = MOST_BACKLOG) -> None:
        self._redis = redis
        self._keys = keys
        self._most_backlog = most_backlog

    async def erase(self, room: UUID, messages: Sequence[StoredMessage]) -> int:
        """Empties messages of one room, as they were read from PostgreSQL, and tells everybody.

        PostgreSQL hears of it by the queue. Returns how many were not empty before.

        Raises:
            RoomNotLoaded: see there.
        """
        wanted = [
            Emptied(m.seq, m.micros, m.revision, m.deleted, emptied(m.body)) for m in messages
        ]
        with redis_outage_as_unavailable():
            call = erase_call(self._keys, room, wanted, self._most_backlog)
            answer = await call.run(self._redis)
        if (refused := refusal(answer[0])) is not None:
            raise refused
        return int(answer[1])

    async def cut(self, cuts: Sequence[Cut]) -> None:
        """Takes out what PostgreSQL has removed; rooms that are not in Redis are passed over."""
        with redis_outage_as_unavailable():
            answers = await run_all(self._redis, [cut_call(self._keys, cut) for cut in cuts])
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer

    async def queue_ends(self) -> list[bytes | None]:
        """The newest entry of each partition's queue; None where it is empty."""
        pipeline: Any = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.xrevrange(self._keys.ingest(partition), "+", "-", count=1)
        return await self._first_ids(pipeline)

    async def is_carried(self, ends: Sequence[bytes | None]) -> bool:
        """Has everything up to `ends` left the queue, so that PostgreSQL has it?"""
        pipeline: Any = self._redis.pipeline(transaction=False)
        for partition in range(self._keys.partitions):
            pipeline.xrange(self._keys.ingest(partition), "-", "+", count=1)
        firsts = await self._first_ids(pipeline)
        return all(
            end is None or first is None or _place(first) > _place(end)
            for first, end in zip(firsts, ends, strict=True)
        )

    async def _first_ids(self, pipeline: Any) -> list[bytes | None]:
        with redis_outage_as_unavailable():
            answers = await pipeline.execute()
        return [entries[0][0] if entries else None for entries in answers]


def _place(entry_id: bytes) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition(b"-")
    return int(milliseconds), int(number)
