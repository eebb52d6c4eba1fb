"""What tests of shared capabilities stand on: real servers, keys and tables of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from local_stack.cluster import ValkeyCluster, start_cluster
from shared.domain.entities import RoomSettings, User
from shared.domain.ids import session_hash
from shared.message_store.database import Database
from shared.message_store.engine import create_engine
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from pathlib import Path

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine

IDS = IdMaker(SystemClock())


def make_user(name: str = "রাকিব", color: str = "#ff0000") -> User:
    return User(IDS.new(), session_hash(IDS.session_id()), name, color, SystemClock().micros())


def make_settings(room: UUID | None = None, *, max_users: int = 100) -> RoomSettings:
    now = SystemClock().micros()
    return RoomSettings(room or IDS.new(), "আড্ডা", None, True, max_users, None, now, now)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = open_redis(redis_url, "test")
    yield client
    await client.aclose()


@pytest.fixture(scope="module")
def cluster(server_directory: Path) -> Iterator[ValkeyCluster]:
    """For the tests of one module alone: slots are moved there, nodes killed."""
    started = start_cluster(server_directory / f"cluster-{uuid4().hex[:8]}")
    yield started
    started.stop()


@pytest.fixture
async def cluster_redis(cluster: ValkeyCluster) -> AsyncIterator[Redis]:
    client = open_redis(cluster.url, "test")
    yield client
    await client.aclose()


@pytest.fixture
def keys(redis_key_prefix: str) -> Keys:
    return Keys(redis_key_prefix, 16)


@pytest.fixture
def scripts(redis: Redis, keys: Keys) -> Scripts:
    return Scripts(redis, keys)


@pytest.fixture
def live(redis: Redis, scripts: Scripts) -> LiveRooms:
    return LiveRooms(redis, scripts)


@pytest.fixture
def open_room(live: LiveRooms) -> Callable[..., Awaitable[UUID]]:
    """A function that puts a new room into Redis."""

    async def open_one(max_users: int = 100) -> UUID:
        settings = make_settings(max_users=max_users)
        await live.load(settings, epoch=IDS.epoch(), last_seq=0, total=0, closed=False)
        return settings.id

    return open_one


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, "test")
    yield engine
    await engine.dispose()


@pytest.fixture
def rooms(engine: AsyncEngine) -> RoomDirectory:
    return RoomDirectory(Database(engine))


@pytest.fixture
def users(engine: AsyncEngine) -> UserDirectory:
    return UserDirectory(Database(engine))


@pytest.fixture
def reader(engine: AsyncEngine) -> MessageReader:
    return MessageReader(Database(engine))
