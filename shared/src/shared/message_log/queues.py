"""How much is on its way to PostgreSQL. Read for people and for alerts, never by a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from shared.redis_schema.keys import CONSUMER_GROUP
from shared.runtime.redis_client import is_outage, redis_outage_as_unavailable, unavailable_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys


@dataclass(frozen=True, slots=True)
class QueueState:
    """The way to PostgreSQL of one partition."""

    partition: int
    queued: int
    """Entries that PostgreSQL does not have yet,"""
    pending: int
    """of which a worker has so many in hand."""
    oldest_micros: int | None
    """When the oldest of them was made."""
    dead: int
    connections: int


async def read_queues(redis: Redis, keys: Keys) -> list[QueueState]:
    """All partitions, in order.

    Raises:
        Unavailable: Redis is away.
    """
    pipeline = redis.pipeline(transaction=False)
    for n in range(keys.partitions):
        pipeline.xlen(keys.ingest(n))
        pipeline.xpending(keys.ingest(n), CONSUMER_GROUP)
        pipeline.xrange(keys.ingest(n), count=1)
        pipeline.xlen(keys.dead(n))
        pipeline.zcard(keys.conns(n))
    with redis_outage_as_unavailable():
        answers = await pipeline.execute(raise_on_error=False)
    return [
        QueueState(n, *_read_queue(answers[at : at + 5]))
        for n, at in enumerate(range(0, len(answers), 5))
    ]


def _read_queue(answers: Sequence[Any]) -> tuple[int, int, int | None, int, int]:
    queued, pending, oldest, dead, connections = answers
    for answer in (queued, oldest, dead, connections):
        if isinstance(answer, Exception):
            raise unavailable_for(answer)
    if isinstance(pending, Exception):
        # Before the first worker there is no group, and nothing in anybody's hand.
        if not isinstance(pending, ResponseError) or is_outage(pending):
            raise unavailable_for(pending)
        pending = {"pending": 0}
    made = int(oldest[0][0].partition(b"-")[0]) * 1000 if oldest else None
    return int(queued), int(pending["pending"]), made, int(dead), int(connections)
