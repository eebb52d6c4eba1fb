"""A message's way from Redis to PostgreSQL, step by step, when a test wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.redis_nodes import names_like

from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.ingest_entries import decode_entry
from shared.message_store.records import MessageRow
from shared.redis_schema.keys import CONSUMER_GROUP

if TYPE_CHECKING:
    from random import Random

    from redis.asyncio import Redis

    from shared.message_store.bulk_writer import BulkWriter
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts


@dataclass(frozen=True, slots=True)
class Mover:
    """Does what a worker does, and what time does to Redis, when the test wants it."""

    redis: Redis
    keys: Keys
    scripts: Scripts
    writer: BulkWriter

    async def save(self, share: float = 1.0, random: Random | None = None) -> None:
        """Moves all entries to PostgreSQL, or a part of them by chance."""
        for partition in range(self.keys.partitions):
            stream = self.keys.ingest(partition)
            entries: Any = await self.redis.xrange(stream)
            if random is not None:
                entries = [entry for entry in entries if random.random() < share]
            rows = [decode_entry(entry_id.decode(), fields) for entry_id, fields in entries]
            if not rows:
                continue
            await self.writer.write_batch(IngestBatch.of(rows), 0)
            await self._create_group(stream)
            saved: dict[Any, list[int]] = {}
            for row in rows:
                if isinstance(row, MessageRow):
                    saved.setdefault(row.room_id, []).append(row.seq)
            await self.scripts.mark_saved(partition, [i for i, _ in entries], saved)

    async def trim(self, room: Any, keep: int = 0) -> None:
        """Trims the log to `keep` messages, as far as PostgreSQL has them."""
        unsaved: Any = await self.redis.zrange(self.keys.unsaved(room), 0, 0)
        head = int(await self.redis.hget(self.keys.meta(room), "seq") or 0)
        floor = min([head - keep + 1, *(int(seq) for seq in unsaved)])
        if floor > 0:
            await self.redis.xtrim(self.keys.log(room), minid=f"{floor}-0", approximate=False)

    async def forget_edits(self, room: Any) -> None:
        """What a day does to revisions that PostgreSQL has."""
        if not await self.redis.xlen(self.keys.ingest(self.keys.partition_of(room))):
            await self.redis.delete(self.keys.edits(room))

    async def lose(self, room: Any) -> None:
        """Redis forgets a room, as after FLUSHALL."""
        names = await names_like(self.redis, f"*room:{room}:*")
        if names:
            await self.redis.delete(*names)

    async def _create_group(self, stream: str) -> None:
        groups: Any = await self.redis.xinfo_groups(stream)
        if not groups:
            await self.redis.xgroup_create(stream, CONSUMER_GROUP, id="0")
