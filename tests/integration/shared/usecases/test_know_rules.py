from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.integration.shared.conftest import IDS

from local_stack.ports import free_ports
from shared.domain.moderation import EVERYWHERE
from shared.domain.room_rules import NO_RULES, Law
from shared.message_store.database import Database
from shared.message_store.engine import create_engine
from shared.message_store.moderation_directory import Deed, ModerationDirectory
from shared.protocol.errors import Unavailable
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rules import LiveRules, WrittenRules
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis
from shared.usecases.know_rules import RulesReader

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine
    from tests.own_valkey import OwnValkey

    from shared.redis_schema.keys import Keys

CLOCK = SystemClock()


@pytest.fixture
def reader(redis: Redis, scripts: Scripts, engine: AsyncEngine) -> RulesReader:
    return RulesReader(LiveRules(redis, scripts), ModerationDirectory(Database(engine)), CLOCK)


async def lock(reader: RulesReader, room: UUID) -> None:
    deed = Deed(IDS.new(), room, "owner:x", "rules", "", CLOCK.micros(), {})
    await reader.directory.change_rules(deed, {"locked": True})


async def test_what_redis_does_not_have_is_read_from_postgresql_and_kept(
    reader: RulesReader,
) -> None:
    room = uuid4()
    await lock(reader, room)
    assert (await reader.read(room)).locked
    assert await reader.live.read(room) is not None


async def test_a_room_without_rules_is_asked_for_once(
    reader: RulesReader, redis: Redis, keys: Keys
) -> None:
    room = uuid4()
    assert (await reader.read(room)).version == 0
    assert await redis.exists(keys.rules(room))


async def test_a_change_shows_once_it_was_brought_over(reader: RulesReader) -> None:
    room = uuid4()
    assert not (await reader.read(room)).locked
    await lock(reader, room)
    assert not (await reader.read(room)).locked
    await reader.renew(room)
    assert (await reader.read(room)).locked


async def test_the_law_of_a_room_is_its_rules_and_those_of_all(reader: RulesReader) -> None:
    room = uuid4()
    await lock(reader, EVERYWHERE)
    law = await reader.law(room)
    assert (law.room.locked, law.everywhere.locked) == (False, True)


async def test_while_neither_server_answers_nothing_applies_of_what_was_never_known(
    redis: Redis, scripts: Scripts
) -> None:
    [port] = free_ports(1)
    engine = create_engine(f"postgresql://x:x@127.0.0.1:{port}/x", "test")
    directory = ModerationDirectory(Database(engine))
    reader = RulesReader(LiveRules(redis, scripts), directory, CLOCK)
    with pytest.raises(Unavailable):
        await reader.read(uuid4())
    assert await reader.law(uuid4()) == Law(NO_RULES, NO_RULES)
    await engine.dispose()


async def test_while_redis_is_away_what_was_known_last_applies(
    own_valkey: OwnValkey, keys: Keys, engine: AsyncEngine
) -> None:
    redis = open_redis(own_valkey.url, "test")
    live = LiveRules(redis, Scripts(redis, keys))
    reader = RulesReader(live, ModerationDirectory(Database(engine)), CLOCK)
    room = uuid4()
    for place in (room, EVERYWHERE):
        await live.put(WrittenRules(place, version=1, locked=True))
    known = await reader.law(room)
    await asyncio.to_thread(own_valkey.stop)
    assert await reader.law(room) == known
    assert await reader.law(uuid4()) == Law(NO_RULES, known.everywhere)
    with pytest.raises(Unavailable):
        await reader.read(room)
    await redis.aclose()
