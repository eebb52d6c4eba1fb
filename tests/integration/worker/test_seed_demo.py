from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.message_store.database import Database
from shared.message_store.engine import create_engine
from shared.message_store.room_directory import RoomDirectory
from shared.runtime.clock import SystemClock
from worker.seed_demo import DEMO_ROOMS, seed_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncEngine

CLOCK = SystemClock()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, "test-seed")
    yield engine
    await engine.dispose()


async def test_the_four_demo_rooms_are_listed_in_their_order(engine: AsyncEngine) -> None:
    assert await seed_once(engine, CLOCK)
    page = await RoomDirectory(Database(engine)).list_rooms(1, 10)
    found = [(r.settings.name, r.settings.description, r.settings.max_users) for r in page.rooms]
    assert found == [tuple(room) for room in DEMO_ROOMS]
    assert page.count == 4


async def test_a_deleted_demo_room_does_not_come_back(engine: AsyncEngine) -> None:
    rooms = RoomDirectory(Database(engine))
    await seed_once(engine, CLOCK)
    first = (await rooms.list_rooms(1, 1)).rooms[0]
    await rooms.delete_room(first.settings.id, CLOCK.micros())
    assert not await seed_once(engine, CLOCK)
    assert (await rooms.list_rooms(1, 10)).count == 3


async def test_two_at_once_make_the_rooms_once(engine: AsyncEngine) -> None:
    made = await asyncio.gather(*(seed_once(engine, CLOCK) for _ in range(3)))
    assert sorted(made) == [False, False, True]
    assert (await RoomDirectory(Database(engine)).list_rooms(1, 10)).count == 4
