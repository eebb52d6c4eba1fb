from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.integration.shared.conftest import IDS, make_settings, make_user
from tests.patience import PATIENCE_SECONDS

from shared.domain.entities import RoomSettings
from shared.message_store.ingest_entries import encode_room
from shared.presence.presence import Member, Presence
from shared.protocol.envelopes import ControlEnvelope, decode_envelope
from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import ROOM_KEEP_SECONDS, Scripts
from shared.rooms.live_rooms import LiveRooms, OnlineTotals
from shared.runtime.redis_client import node_for, open_redis

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis


@pytest.fixture
def presence(redis: Redis, scripts: Scripts) -> Presence:
    return Presence(redis, scripts)


async def load(live: LiveRooms, settings: RoomSettings, **changes: Any) -> RoomSettings:
    values = {"epoch": "e1", "last_seq": 0, "total": 0, "closed": False, **changes}
    await live.load(settings, **values)
    return settings


async def people_join(presence: Presence, room: UUID, people: int) -> None:
    for _ in range(people):
        user = make_user()
        await presence.join(Member(room, user.id, IDS.new()), user)


async def test_a_room_comes_back_as_it_was_put_in(live: LiveRooms) -> None:
    plain = make_settings()
    full = RoomSettings(IDS.new(), "খেলা 🏏\n", "ক্রিকেট", False, 5, IDS.new(), 11, 12)
    for settings in (plain, full):
        await load(live, settings, last_seq=7, total=3)
        found = await live.read(settings.id)
        assert found is not None
        assert found.settings == settings
        assert (found.epoch, found.seq, found.rv, found.total, found.closed) == (
            "e1",
            7,
            0,
            3,
            False,
        )


async def test_an_unknown_room_is_none(live: LiveRooms) -> None:
    assert await live.read(IDS.new()) is None


async def test_who_loads_second_changes_nothing(live: LiveRooms) -> None:
    settings = await load(live, make_settings(), epoch="first", last_seq=7)
    await load(live, replace(settings, name="অন্য"), epoch="second", last_seq=99)
    found = await live.read(settings.id)
    assert found is not None
    assert (found.epoch, found.seq, found.settings.name) == ("first", 7, settings.name)


async def test_of_many_who_load_at_once_one_epoch_holds(live: LiveRooms) -> None:
    settings = make_settings()
    await asyncio.gather(*(load(live, settings, epoch=f"e{n}") for n in range(10)))
    epochs = {room.epoch for room in await live.read_many([settings.id] * 10) if room}
    assert len(epochs) == 1


async def test_a_room_outlives_its_last_use_by_a_month(
    live: LiveRooms, redis: Redis, keys: Keys
) -> None:
    settings = await load(live, make_settings())
    assert 0 < await redis.ttl(keys.meta(settings.id)) <= ROOM_KEEP_SECONDS


async def test_many_rooms_are_read_in_the_order_asked_for(live: LiveRooms) -> None:
    known = [await load(live, make_settings()) for _ in range(5)]
    wanted = [known[3].id, IDS.new(), known[0].id]
    found = await live.read_many(wanted)
    assert [None if room is None else room.settings.id for room in found] == [
        known[3].id,
        None,
        known[0].id,
    ]
    assert await live.read_many([]) == []


async def test_a_leftover_without_an_epoch_is_not_a_room(
    live: LiveRooms, redis: Redis, keys: Keys
) -> None:
    room = IDS.new()
    await redis.hset(keys.meta(room), "leavers", "1")
    assert await live.read(room) is None
    assert await live.read_many([room]) == [None]


async def test_every_replica_is_told_of_changes_and_of_closing(
    live: LiveRooms, redis: Redis, keys: Keys
) -> None:
    settings = await load(live, make_settings())
    channel = keys.channel(settings.id)
    pubsub = (await node_for(redis, channel)).pubsub()
    await pubsub.ssubscribe(channel)
    await pubsub.get_message(timeout=PATIENCE_SECONDS)
    await live.change(replace(settings, name="নতুন নাম", description="আরও"))
    await live.close(settings.id)
    heard = [await pubsub.get_message(timeout=PATIENCE_SECONDS) for _ in range(2)]
    await pubsub.aclose()  # type: ignore[no-untyped-call]
    envelopes = [decode_envelope(message["data"]) for message in heard if message]
    assert envelopes == [ControlEnvelope("updated"), ControlEnvelope("closed")]
    found = await live.read(settings.id)
    assert found is not None
    assert (found.settings.name, found.settings.description) == ("নতুন নাম", "আরও")
    assert found.closed


async def test_changing_or_closing_a_room_that_is_not_in_redis_does_nothing(
    live: LiveRooms, redis: Redis, keys: Keys
) -> None:
    settings = make_settings()
    await live.change(settings)
    await live.close(settings.id)
    assert not await redis.exists(keys.meta(settings.id))


async def test_a_room_that_is_made_is_queued_for_postgresql(
    live: LiveRooms, redis: Redis, keys: Keys
) -> None:
    settings = make_settings()
    entry = encode_room(settings, settings.created_micros)
    await live.announce_creation(settings, entry)
    entries: Any = await redis.xrange(keys.ingest(keys.partition_of(settings.id)))
    assert [fields for _, fields in entries] == [
        {name.encode(): value for name, value in entry.items()}
    ]


async def test_listed_rooms_are_ranked_by_people_and_then_by_id(
    live: LiveRooms, presence: Presence
) -> None:
    rooms = [await load(live, make_settings()) for _ in range(5)]
    for settings, people in zip(rooms, (2, 3, 2, 0, 1), strict=True):
        await people_join(presence, settings.id, people)
    tied = sorted((rooms[0].id, rooms[2].id))
    ranked = [(rooms[1].id, 3), (tied[0], 2), (tied[1], 2), (rooms[4].id, 1)]
    assert await live.ranked_public() == ranked
    assert await live.ranked_public(2) == ranked[:2]


async def test_an_unlisted_room_is_in_no_ranking_until_it_is_listed(
    live: LiveRooms, presence: Presence
) -> None:
    hidden = await load(live, replace(make_settings(), is_public=False))
    await people_join(presence, hidden.id, 2)
    assert await live.ranked_public() == []
    await live.change(replace(hidden, is_public=True))
    assert await live.ranked_public() == [(hidden.id, 2)]
    await live.change(hidden)
    assert await live.ranked_public() == []


async def test_a_closed_room_is_in_no_ranking_even_when_people_are_still_in_it(
    live: LiveRooms, presence: Presence
) -> None:
    settings = await load(live, make_settings())
    await people_join(presence, settings.id, 2)
    await live.close(settings.id)
    assert await live.ranked_public() == []
    assert (await live.totals(0)).rooms == 0


async def test_people_and_messages_of_rooms_are_counted(
    live: LiveRooms, presence: Presence
) -> None:
    room, unknown = await load(live, make_settings(), total=9), IDS.new()
    await people_join(presence, room.id, 3)
    assert await live.online_counts([unknown, room.id]) == [(0, None), (3, 9)]
    assert await live.online_counts([]) == []


async def test_a_person_in_two_rooms_is_counted_once_and_both_rooms_are(
    live: LiveRooms, presence: Presence
) -> None:
    user = make_user()
    listed = await load(live, make_settings())
    hidden = await load(live, replace(make_settings(), is_public=False))
    for settings in (listed, hidden):
        await presence.join(Member(settings.id, user.id, IDS.new()), user)
    await presence.mark_seen([user.id], 5000)
    assert await live.totals(4000) == OnlineTotals(users=1, rooms=2)
    assert await live.totals(6000) == OnlineTotals(users=0, rooms=2)


async def test_an_outage_is_an_error_that_may_be_retried(keys: Keys) -> None:
    nowhere = open_redis("redis://127.0.0.1:1", "test")
    live, settings = LiveRooms(nowhere, Scripts(nowhere, keys)), make_settings()
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: live.read(settings.id),
        lambda: live.read_many([settings.id]),
        lambda: load(live, settings),
        lambda: live.announce_creation(settings, {"k": b"r"}),
        lambda: live.change(settings),
        lambda: live.close(settings.id),
        lambda: live.online_counts([settings.id]),
        live.ranked_public,
        lambda: live.totals(0),
    ]
    for call in calls:
        with pytest.raises(Unavailable) as caught:
            await call()
        assert caught.value.code is ErrorCode.UNAVAILABLE
    await nowhere.aclose()


async def test_of_two_changes_the_later_one_holds_in_whatever_order_they_come(
    live: LiveRooms,
) -> None:
    old = make_settings()
    await live.load(old, epoch="aa", last_seq=0, total=0, closed=False)
    later = replace(old, name="পরে", updated_micros=old.updated_micros + 2)
    earlier = replace(old, name="আগে", updated_micros=old.updated_micros + 1)
    await live.change(later)
    await live.change(earlier)
    found = await live.read(old.id)
    assert found is not None
    assert found.settings.name == "পরে"
