"""Reads the ingest streams as one member of their consumer group.

What Redis handed to this consumer stays pending until it is acknowledged. After a start, or an
error in which an answer may have been lost, the consumer's own pending entries are read again
before new ones. With `wait_replicas`, only what so many replicas have is handed on: PostgreSQL must
not keep what a failover takes back, since the number would be given out again. On a cluster the
streams that one object reads must share a slot: there, one object per partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import ResponseError

from shared.redis_schema.keys import CONSUMER_GROUP
from shared.redis_schema.pipelines import WAIT_MILLISECONDS
from worker.entry import Entry, EntryKey

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

log = structlog.stdlib.get_logger()

NEW: Final = b">"
FIRST: Final = b"0"
NOWHERE: Final = b"0-0"

_GROUP_LOST: Final = ("NOGROUP", "UNBLOCKED")
"""Errors after FLUSHALL: the streams are gone, and the groups with them."""

_RawEntries = Sequence[tuple[bytes, dict[bytes, bytes] | None]]


class IngestStreams:
    """Raises what redis-py raises while Redis is away; see `redis_client.OUTAGES`."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        consumer: str,
        partitions: Sequence[int],
        *,
        wait_replicas: int = 0,
    ) -> None:
        self._redis = redis
        self._consumer = consumer
        self._wait_replicas = wait_replicas
        self._names = {keys.ingest(partition): partition for partition in partitions}
        self._positions = dict.fromkeys(self._names, FIRST)
        self._claims = dict.fromkeys(self._names, NOWHERE)
        self.more = True
        """Whether the last read may have left something behind."""

    def recover(self) -> None:
        """Reads this consumer's pending entries again, from the first one on."""
        self._positions = dict.fromkeys(self._names, FIRST)
        self.more = True

    async def read(self, count: int, block_seconds: float) -> list[Entry]:
        """At most `count` entries of each stream; waits for new ones up to `block_seconds`."""
        # BLOCK 0 would wait for ever.
        block = max(int(block_seconds * 1000), 1) if block_seconds > 0 else None
        positions: dict[Any, Any] = dict(self._positions)
        try:
            answer: Any = await self._redis.xreadgroup(
                CONSUMER_GROUP, self._consumer, positions, count=count, block=block
            )
            found = {name.decode(): raw_entries for name, raw_entries in answer.items()}
            safe = await self._safe(found)
        except ResponseError as error:
            await self._restore_groups(error)
            return []
        entries: list[Entry] = []
        self.more = False
        for name, raw_entries in found.items():
            self._advance(name, raw_entries)
            self.more |= len(raw_entries) >= count or self._positions[name] != NEW
            entries += await self._readable(self._names[name], safe[name])
            await asyncio.sleep(0)  # decoding takes its time, and the batch before may go on
        if safe != found:
            self.recover()
        return entries

    async def ping(self) -> None:
        """Asks for a sign of life, for who does not read just now."""
        await self._redis.ping()

    async def claim(self, count: int, idle_seconds: float) -> list[Entry]:
        """Takes over entries that some consumer has held for `idle_seconds` or longer.

        At most `count` of each stream; the next call goes on where this one ended.
        """
        idle = int(idle_seconds * 1000)
        entries: list[Entry] = []
        for name, partition in self._names.items():
            try:
                cursor, claimed, _ = await self._redis.xautoclaim(
                    name, CONSUMER_GROUP, self._consumer, idle, self._claims[name], count
                )
                safe = await self._safe({name: claimed})
            except ResponseError as error:
                await self._restore_groups(error)
                return entries
            self._claims[name] = cursor
            entries += await self._readable(partition, safe[name])
        return entries

    async def _safe(self, found: dict[str, _RawEntries]) -> dict[str, _RawEntries]:
        """What of `found` a failover cannot take back; the rest stays pending.

        Claimed once more where it was read: a write, so that WAIT behind it covers the entries, and
        a proof that this server has them, if it became master meanwhile.
        """
        if not self._wait_replicas or not any(found.values()):
            return found
        pipeline = self._redis.pipeline(transaction=False)
        held = {name: raw for name, raw in found.items() if raw}
        for name, raw in held.items():
            ids: list[Any] = [entry_id for entry_id, _ in raw]
            pipeline.xclaim(name, CONSUMER_GROUP, self._consumer, 0, ids, justid=True)
        pipeline.execute_command("WAIT", self._wait_replicas, WAIT_MILLISECONDS)
        *claims, confirmed = await pipeline.execute()
        if confirmed < self._wait_replicas:
            log.warning("entries_not_on_replicas", confirmed=confirmed)
            claims = [[] for _ in held]
        safe = dict(found)
        for (name, raw), claimed in zip(held.items(), claims, strict=True):
            # Deleted ones are in no claim; `_readable` lets go of them.
            safe[name] = [one for one in raw if one[0] in claimed or not one[1]]
        return safe

    def _advance(self, name: str, raw_entries: Sequence[tuple[bytes, Any]]) -> None:
        if self._positions[name] == NEW:
            return
        self._positions[name] = raw_entries[-1][0] if raw_entries else NEW

    async def _readable(self, partition: int, raw_entries: _RawEntries) -> list[Entry]:
        """Decodes entries; those that somebody has deleted from the stream are acknowledged."""
        gone = [entry_id for entry_id, fields in raw_entries if not fields]
        if gone:
            name = next(name for name, known in self._names.items() if known == partition)
            await self._redis.xack(name, CONSUMER_GROUP, *gone)
        return [
            Entry.read(EntryKey(partition, entry_id), fields)
            for entry_id, fields in raw_entries
            if fields
        ]

    async def _restore_groups(self, error: ResponseError) -> None:
        """Creates the groups where they are missing; any other error is raised again."""
        if not str(error).startswith(_GROUP_LOST):
            raise error
        log.warning("consumer_groups_created", cause=str(error))
        for name in self._names:
            try:
                # From the first entry, not from now: what is in the stream is not stored yet.
                await self._redis.xgroup_create(name, CONSUMER_GROUP, id="0", mkstream=True)
            except ResponseError as present:
                if not str(present).startswith("BUSYGROUP"):
                    raise
        self.recover()
        self._claims = dict.fromkeys(self._names, NOWHERE)
