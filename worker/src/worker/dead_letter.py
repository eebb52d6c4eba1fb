"""Puts entries that can never be stored where a person can look at them, and off the queue.

A dead letter is an entry of the stream `{pN}:dead`: the original fields, with `reason`, the
original `entry` id and the time `at` (µs) beside them. To try one again after a repair: XADD its
one-letter fields to the ingest stream, then XDEL it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock
    from worker.entry import Entry

log = structlog.stdlib.get_logger()

MAX_REASON_CHARACTERS: Final = 500
LETTERS_AT_ONCE: Final = 1000


class DeadLetters:
    """Raises what redis-py raises while Redis is away; a letter may then be put in twice."""

    def __init__(self, redis: Redis, keys: Keys, clock: Clock) -> None:
        self._redis = redis
        self._keys = keys
        self._clock = clock

    async def bury(self, entry: Entry, reason: str) -> None:
        """Keeps a copy of `entry`. The caller acknowledges it afterwards."""
        partition, entry_id = entry.key
        fields: dict[Any, Any] = {
            **entry.fields,
            b"reason": reason[:MAX_REASON_CHARACTERS].encode("utf-8", "replace"),
            b"entry": entry_id,
            b"at": b"%d" % self._clock.micros(),
        }
        await self._redis.xadd(self._keys.dead(partition), fields)
        log.error(
            "entry_buried",
            partition=partition,
            entry=entry_id.decode(),
            kind=entry.fields.get(b"k", b"").decode("ascii", "replace"),
            reason=reason[:MAX_REASON_CHARACTERS],
        )

    async def forget_user(self, user: UUID) -> None:
        """Removes letters that speak of a user: what they wrote, and who they were."""
        needles = (f'"user_id":"{user}"'.encode(), f'"id":"{user}"'.encode())
        for partition in range(self._keys.partitions):
            stream, place = self._keys.dead(partition), "-"
            while True:
                letters: Any = await self._redis.xrange(stream, place, "+", LETTERS_AT_ONCE)
                theirs = [
                    letter_id
                    for letter_id, fields in letters
                    if any(needle in fields.get(b"b", b"") for needle in needles)
                ]
                if theirs:
                    await self._redis.xdel(stream, *theirs)
                if len(letters) < LETTERS_AT_ONCE:
                    break
                place = f"({letters[-1][0].decode()}"

    async def trim(self, partition: int, days: float) -> None:
        """Forgets letters older than `days`."""
        oldest = self._clock.micros() // 1000 - int(days * 86_400_000)
        await self._redis.xtrim(self._keys.dead(partition), minid=max(oldest, 0), approximate=False)
