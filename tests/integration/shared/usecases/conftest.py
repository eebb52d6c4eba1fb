"""The use cases on real servers, and on servers that are away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.integration.shared.conftest import IDS, make_settings, make_user
from tests.integration.shared.usecases.mover import Mover

from shared.message_log.message_log import MessageLog
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.database import Database
from shared.message_store.engine import create_bulk_pool, create_engine
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis
from shared.usecases.change_message import MessageEditor
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import CheckedDraft, MessagePoster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.domain.entities import RoomSettings

    NewRoom = Callable[..., Awaitable[RoomSettings]]
    Post = Callable[[UUID, str], Awaitable[UUID]]

HOT_LIMIT = 10
NOWHERE_POSTGRES = "postgresql://adda@127.0.0.1:1/adda"
NOWHERE_REDIS = "redis://127.0.0.1:1"


def draft(content: str) -> CheckedDraft:
    return CheckedDraft(content, None, "text", None, None)


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
def reader_away(engine_away: AsyncEngine) -> MessageReader:
    return MessageReader(Database(engine_away))


@pytest.fixture
def log(redis: Redis, scripts: Scripts) -> MessageLog:
    return MessageLog(redis, scripts, hot_limit=HOT_LIMIT)


@pytest.fixture
def opener(live: LiveRooms, rooms: RoomDirectory) -> RoomOpener:
    return RoomOpener(live, rooms, SystemClock(), IDS)


@pytest.fixture
def opener_without_postgres(live: LiveRooms, engine_away: AsyncEngine) -> RoomOpener:
    return RoomOpener(live, RoomDirectory(Database(engine_away)), SystemClock(), IDS)


@pytest.fixture
def poster(log: MessageLog, opener: RoomOpener) -> MessagePoster:
    return MessagePoster(log, opener, IDS)


@pytest.fixture
def new_room(rooms: RoomDirectory) -> NewRoom:
    """A function that stores a room in PostgreSQL only, as the API does."""

    async def store_one(**changes: Any) -> RoomSettings:
        settings = replace(make_settings(), **changes)
        await rooms.create_room(settings)
        return settings

    return store_one


@pytest.fixture
def editor(log: MessageLog, reader: MessageReader, opener: RoomOpener) -> MessageEditor:
    return MessageEditor(log, reader, opener)


@pytest.fixture
def post(poster: MessagePoster) -> Post:
    """A function that says something and returns the message's id."""

    async def post_one(room: UUID, content: str) -> UUID:
        _, place = await poster.post(make_user(), room, draft(content))
        return UUID(place.message_id)

    return post_one


@pytest.fixture
async def mover(
    redis: Redis, keys: Keys, scripts: Scripts, database_url: str
) -> AsyncIterator[Mover]:
    async with create_bulk_pool(database_url, "test-mover") as pool:
        yield Mover(redis, keys, scripts, BulkWriter(pool))
