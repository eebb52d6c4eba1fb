from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from redis.crc import key_slot
from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica, run_replica

from local_stack.cluster import start_cluster
from shared.domain.budgets import parse_budget
from shared.domain.moderation import EVERYWHERE
from shared.limits.addresses import Addresses, rules_of
from shared.message_store.database import Database
from shared.message_store.engine import create_engine
from shared.message_store.moderation_directory import ModerationDirectory
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rules import RULES_KEEP_SECONDS, LiveRules, WrittenRules, encode_rules
from shared.runtime.clock import SystemClock
from shared.runtime.lifecycle import BackgroundTasks
from shared.runtime.redis_client import open_redis
from shared.usecases.know_rules import RulesReader
from ws_service.guards import Guards

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

ROOMS = [UUID(int=n) for n in range(1, 41)]
"""Of all partitions."""


async def put_quietly(replica: Replica, rules: WrittenRules) -> None:
    """A change of which nobody is told, as if what was published had been lost."""
    key = replica.deps.hub.parts.keys.rules(rules.room)
    value = b"%d " % rules.version + encode_rules(rules)
    await replica.deps.redis.set(key, value, ex=RULES_KEEP_SECONDS)


@asynccontextmanager
async def guards_for(settings: WsSettings) -> AsyncIterator[Guards]:
    """Guards of a replica in which nobody is."""
    redis = open_redis(settings.redis_url.get_secret_value(), "test")
    engine = create_engine(settings.database_url.get_secret_value(), "test")
    keys = Keys(settings.key_prefix, settings.partitions)
    clock, tasks = SystemClock(), BackgroundTasks()
    directory = ModerationDirectory(Database(engine))
    reader = RulesReader(LiveRules(redis, Scripts(redis, keys)), directory, clock)
    addresses = Addresses(CallBatcher(redis), keys, rules_of(settings), clock)
    yield Guards(reader, addresses, clock, tasks, keys, 0)
    await tasks.stop()
    await engine.dispose()
    await redis.aclose()


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_change_that_was_missed_is_found_by_the_next_check(
    replicas: tuple[Replica, Replica],
    room: UUID,
    everywhere: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    async with chat(replicas[0].base, room) as client:
        place = EVERYWHERE if everywhere else room
        await put_quietly(replicas[1], WrittenRules(place, version=1, notice="খেলা"))
        await replicas[0].deps.hub.parts.guards.check()
        event = await client.wait_for("room_rules")
        assert event["rules"]["notice"] == "খেলা"


async def test_what_is_published_is_felt_at_once_and_told_once(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        live = replicas[1].deps.hub.parts.guards._reader.live
        for version in (1, 2):
            await live.put(WrittenRules(room, version=version, notice="খেলা"))
        await live.put(WrittenRules(room, version=3, notice="খেলা শেষ"))
        await client.wait_for("room_rules", lambda e: e["rules"]["notice"] == "খেলা শেষ")
        notices = [event["rules"]["notice"] for event in client.of("room_rules")]
        assert notices in (["খেলা", "খেলা শেষ"], ["খেলা শেষ"])


async def test_a_room_over_its_limit_goes_into_slow_mode_and_out_again(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.guards.ADAPTIVE_SECONDS", 1.5)
    settings = settings_for("ws-1", limit_room=parse_budget("15/1"), slow_when_hot_seconds=600)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        for n in range(30):
            await client.say(f"{n}", client_id=f"{n}")
        slow = await client.wait_for("room_rules")
        assert slow["rules"]["slow_seconds"] == 600
        await client.wait_for("room_rules", lambda e: e["rules"]["slow_seconds"] == 0)


async def test_people_talk_on_while_nobody_knows_the_rules(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("postgres")

    monkeypatch.setattr("shared.usecases.know_rules.RulesReader.read", away)
    async with chat(replicas[0].base, room) as client:
        await client.say("কেউ আছেন?")
        assert (await client.wait_for("message"))["message"] == "কেউ আছেন?"


async def test_what_was_decided_holds_while_redis_is_away_and_is_read_again_afterwards(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url), position_check_seconds=60)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        guards = replica.deps.hub.parts.guards
        await put_quietly(replica, WrittenRules(EVERYWHERE, version=1, locked=True))
        await put_quietly(replica, WrittenRules(room, version=1, notice="আগে"))
        await guards.check()
        await client.wait_for("room_rules", lambda e: e["rules"]["notice"] == "আগে")
        await asyncio.to_thread(own_valkey.stop)
        guards.changed(room)
        await guards.check()
        assert guards[room].is_locked()
        assert guards[room].law.room.notice == "আগে"
        await asyncio.to_thread(own_valkey.start)
        await put_quietly(replica, WrittenRules(room, version=2, notice="পরে"))
        await guards.check()
        await client.wait_for("room_rules", lambda e: e["rules"]["notice"] == "পরে")
        assert all(event["rules"]["locked"] for event in client.of("room_rules"))


async def test_a_room_that_opens_while_redis_is_away_has_the_rules_that_were_known_last(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    settings = settings_for("ws-1", redis_url=SecretStr(own_valkey.url))
    async with guards_for(settings) as guards:
        live = guards._reader.live
        await live.put(WrittenRules(EVERYWHERE, version=1, notice="সবাই"))
        await live.put(WrittenRules(room, version=1, locked=True))
        await guards.open(room, None, ())
        guards.close(room)
        await asyncio.to_thread(own_valkey.stop)
        for opened in (room, uuid4()):
            await guards.open(opened, None, ())
            assert guards[opened].law.room.locked == (opened == room)
            assert guards[opened].law.everywhere.notice == "সবাই"


async def test_rules_of_all_rooms_that_could_not_be_read_at_first_are_read_by_the_next_room(
    settings_for: Callable[..., WsSettings], room: UUID, own_valkey: OwnValkey
) -> None:
    async with guards_for(settings_for("ws-1", redis_url=SecretStr(own_valkey.url))) as guards:
        await guards._reader.live.put(WrittenRules(EVERYWHERE, version=1, locked=True))
        await asyncio.to_thread(own_valkey.stop)
        await guards.open(room, None, ())
        assert not guards[room].is_locked()  # of what was never known nothing applies
        await asyncio.to_thread(own_valkey.start)
        await guards.open(uuid4(), None, ())
        assert guards[room].is_locked()


async def test_what_holds_in_all_rooms_holds_while_the_node_that_knows_it_is_away(
    settings_for: Callable[..., WsSettings], reachable_path: Path
) -> None:
    cluster = start_cluster(reachable_path / "cluster")
    try:
        async with guards_for(settings_for("ws-1", redis_url=SecretStr(cluster.url))) as guards:
            live, keys = guards._reader.live, guards._keys
            homes = {room: cluster.owner_of(key_slot(keys.rules(room).encode())) for room in ROOMS}
            home = cluster.owner_of(key_slot(keys.rules(EVERYWHERE).encode()))
            away = next(room for room in ROOMS if homes[room] == home)
            well, late = [room for room in ROOMS if homes[room] != home][:2]
            for place in (EVERYWHERE, away, well):
                await live.put(WrittenRules(place, version=1, notice="আগে", locked=True))
            for room in (away, well):
                await guards.open(room, None, ())
            await asyncio.to_thread(cluster.kill, home)
            await live.put(WrittenRules(well, version=2, notice="পরে"))
            await guards.check()
            await guards.open(late, None, ())
            assert [guards[room].law.room.notice for room in (away, well)] == ["আগে", "পরে"]
            assert all(guards[room].law.everywhere.locked for room in (away, well, late))
    finally:
        await asyncio.to_thread(cluster.stop)


async def test_more_rooms_than_may_wait_for_a_server_keep_their_rules(
    settings_for: Callable[..., WsSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.redis_schema.call_batcher.MOST_WAITING", 16)
    monkeypatch.setattr("ws_service.guards.CHECK_CHUNK", 16)
    async with guards_for(settings_for("ws-1")) as guards:
        for version, notice in ((1, "আগে"), (2, "পরে")):
            for room in ROOMS:
                await guards._reader.live.put(WrittenRules(room, version=version, notice=notice))
                if room not in guards:
                    await guards.open(room, None, ())
            await guards.check()
            assert {guards[room].law.room.notice for room in ROOMS} == {notice}


async def test_rules_that_have_not_changed_change_nothing_however_many_rooms_are_open(
    settings_for: Callable[..., WsSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.rooms.live_rules.MOST_COMPILED", len(ROOMS) - 1)
    async with guards_for(settings_for("ws-1")) as guards:
        for place in (EVERYWHERE, *ROOMS):
            await guards._reader.live.put(WrittenRules(place, version=1, locked=True))
        for room in ROOMS:
            await guards.open(room, None, ())
        changed: list[UUID] = []
        guards.on_change = lambda guard: changed.append(guard.room)
        await guards.check()
        assert changed == []
        await guards._reader.live.put(WrittenRules(ROOMS[0], version=2))
        await guards.check()
        assert changed == [ROOMS[0]]
