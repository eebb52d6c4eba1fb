"""A whole room's way: from Redis to PostgreSQL as the worker takes it, under the tests' control."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import IDS, make_settings

from shared.message_log.message_log import MessageLog
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.engine import create_bulk_pool, create_engine
from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.ingest_entries import decode_entry
from shared.message_store.message_reader import MessageReader
from shared.message_store.records import MessageRow
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory
from shared.redis_schema.keys import CONSUMER_GROUP, Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import MessagePoster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from random import Random

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.domain.entities import RoomSettings

HOT_LIMIT = 10
NOWHERE_POSTGRES = "postgresql://adda@127.0.0.1:1/adda"
NOWHERE_REDIS = "redis://127.0.0.1:1"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, "test-usecases")
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine_away() -> AsyncIterator[AsyncEngine]:
    """PostgreSQL at an address where nobody listens."""
    engine = create_engine(NOWHERE_POSTGRES, "test-nobody")
    yield engine
    await engine.dispose()


@pytest.fixture
async def redis_away() -> AsyncIterator[Redis]:
    """Redis at an address where nobody listens."""
    redis = open_redis(NOWHERE_REDIS, "test-nobody")
    yield redis
    await redis.aclose()


@pytest.fixture
def directory(engine: AsyncEngine) -> RoomDirectory:
    return RoomDirectory(engine)


@pytest.fixture
def users(engine: AsyncEngine) -> UserDirectory:
    return UserDirectory(engine)


@pytest.fixture
def store(engine: AsyncEngine) -> MessageReader:
    return MessageReader(engine)


@pytest.fixture
def store_away(engine_away: AsyncEngine) -> MessageReader:
    return MessageReader(engine_away)


@pytest.fixture
def log(redis: Redis, scripts: Scripts) -> MessageLog:
    return MessageLog(redis, scripts, hot_limit=HOT_LIMIT)


@pytest.fixture
def opener(live: LiveRooms, directory: RoomDirectory) -> RoomOpener:
    return RoomOpener(live, directory, SystemClock(), IDS)


@pytest.fixture
def opener_without_postgres(live: LiveRooms, engine_away: AsyncEngine) -> RoomOpener:
    return RoomOpener(live, RoomDirectory(engine_away), SystemClock(), IDS)


@pytest.fixture
def poster(log: MessageLog, opener: RoomOpener) -> MessagePoster:
    return MessagePoster(log, opener, IDS)


@pytest.fixture
def new_room(directory: RoomDirectory) -> Callable[..., Awaitable[RoomSettings]]:
    """A function that stores a room in PostgreSQL only, as the API does."""

    async def store_one(**changes: Any) -> RoomSettings:
        settings = replace(make_settings(), **changes)
        await directory.create_room(settings)
        return settings

    return store_one


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
        names = [name async for name in self.redis.scan_iter(f"*room:{room}:*")]
        if names:
            await self.redis.delete(*names)

    async def _create_group(self, stream: str) -> None:
        groups: Any = await self.redis.xinfo_groups(stream)
        if not groups:
            await self.redis.xgroup_create(stream, CONSUMER_GROUP, id="0")


@pytest.fixture
async def mover(
    redis: Redis, keys: Keys, scripts: Scripts, database_url: str
) -> AsyncIterator[Mover]:
    async with create_bulk_pool(database_url, "test-mover") as pool:
        yield Mover(redis, keys, scripts, BulkWriter(pool))
