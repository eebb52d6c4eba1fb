"""Connections to a freshly migrated database of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.engine import create_bulk_pool, create_engine
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg import Pool
    from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool[Any]]:
    async with create_bulk_pool(database_url, "test-bulk", size=4) as pool:
        yield pool


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, "test-engine")
    yield engine
    await engine.dispose()


@pytest.fixture
def writer(pool: Pool[Any]) -> BulkWriter:
    return BulkWriter(pool)


@pytest.fixture
def rooms(engine: AsyncEngine) -> RoomDirectory:
    return RoomDirectory(engine)


@pytest.fixture
def users(engine: AsyncEngine) -> UserDirectory:
    return UserDirectory(engine)


@pytest.fixture
def reader(engine: AsyncEngine) -> MessageReader:
    return MessageReader(engine)
