from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import IDS, make_user

from shared.domain.moderation import EVERYWHERE
from shared.domain.rooms import ROOM_RULES, default_room_name
from shared.protocol.errors import ChatError, ErrorCode, RateLimited, Unavailable
from shared.redis_schema.scripts import EPOCH_GAP, Scripts
from shared.rooms.live_rooms import LiveRoom, LiveRooms
from shared.runtime.clock import SystemClock
from shared.usecases.open_room import Payment, RoomOpener
from shared.usecases.post_message import CheckedDraft, MessagePoster

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis
    from tests.integration.shared.usecases.conftest import NewRoom
    from tests.integration.shared.usecases.mover import Mover

    from shared.message_store.records import RoomRecord
    from shared.message_store.room_directory import RoomDirectory
    from shared.redis_schema.keys import Keys


async def post(poster: MessagePoster, room: UUID, times: int) -> None:
    for n in range(times):
        await poster.post(make_user(), room, CheckedDraft(f"{n}", None, "text", None, None))


def paying(paid: list[str], who: str) -> Payment:
    async def pay() -> None:
        await asyncio.sleep(0.01)
        paid.append(who)

    return pay


async def broke() -> None:
    await asyncio.sleep(0.01)
    raise RateLimited("address", 1.0, 10)


async def test_a_room_of_postgresql_is_put_into_redis(
    opener: RoomOpener, new_room: NewRoom
) -> None:
    settings = await new_room(name="খেলা", description="ক্রিকেট", is_public=False)
    found = await opener.open(settings.id)
    assert found.settings == settings
    assert (found.seq, found.total, found.closed) == (0, 0, False)
    assert await opener.live.read(settings.id) == found


async def test_a_room_of_redis_needs_no_postgresql(
    opener: RoomOpener, opener_without_postgres: RoomOpener, new_room: NewRoom
) -> None:
    settings = await new_room()
    found = await opener.open(settings.id)
    assert await opener_without_postgres.open(settings.id) == found


async def test_an_unknown_room_is_not_found_and_not_made(
    opener: RoomOpener, redis: Redis, keys: Keys
) -> None:
    room = IDS.new()
    with pytest.raises(ChatError) as caught:
        await opener.open(room)
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND
    assert not await redis.exists(keys.meta(room), keys.ingest(keys.partition_of(room)))


async def test_an_unknown_room_is_made_where_that_is_allowed(
    opener: RoomOpener, rooms: RoomDirectory, mover: Mover
) -> None:
    room = IDS.new()
    found = await opener.open(room, create=True)
    assert found.settings.name == default_room_name(room)
    assert (found.settings.is_public, found.settings.max_users, found.settings.owner_id) == (
        True,
        ROOM_RULES.default_max_users,
        None,
    )
    await mover.save()
    record = await rooms.read_room(room)
    assert record is not None
    assert record.settings == found.settings


async def test_of_many_who_make_a_room_at_once_all_find_the_same(
    opener: RoomOpener, rooms: RoomDirectory, mover: Mover
) -> None:
    room = IDS.new()
    found = await asyncio.gather(*(opener.open(room, create=True) for _ in range(5)))
    assert len({(one.epoch, one.settings) for one in found}) == 1
    await mover.save()
    assert (await rooms.totals()).rooms == 1


async def test_who_makes_a_room_pays_and_who_enters_it_does_not(
    opener: RoomOpener, new_room: NewRoom
) -> None:
    paid: list[str] = []
    made, known = IDS.new(), (await new_room()).id
    for room in (known, made, known, made):
        await opener.open(room, create=True, pay=paying(paid, str(room)))
    assert paid == [str(made)]


async def test_of_many_who_come_to_a_new_room_at_once_one_pays(opener: RoomOpener) -> None:
    paid: list[str] = []
    room = IDS.new()
    await asyncio.gather(
        *(opener.open(room, create=True, pay=paying(paid, f"{n}")) for n in range(50))
    )
    assert len(paid) == 1


async def test_who_cannot_pay_makes_no_room_and_keeps_nobody_out(opener: RoomOpener) -> None:
    paid: list[str] = []
    room = IDS.new()
    asked = await asyncio.gather(
        opener.open(room, create=True, pay=broke),
        opener.open(room),
        opener.open(room, create=True, pay=broke),
        return_exceptions=True,
    )
    assert [type(one) for one in asked] == [RateLimited, ChatError, RateLimited]
    assert await opener.live.read(room) is None
    first, *others = await asyncio.gather(
        opener.open(room, create=True, pay=broke),
        *(opener.open(room, create=True, pay=paying(paid, f"{n}")) for n in range(5)),
        return_exceptions=True,
    )
    assert isinstance(first, RateLimited)
    assert [isinstance(one, LiveRoom) for one in others] == [True] * 5
    assert len(paid) == 1


async def test_a_deleted_room_never_comes_back(
    opener: RoomOpener, rooms: RoomDirectory, new_room: NewRoom
) -> None:
    settings = await new_room()
    await rooms.delete_room(settings.id, SystemClock().micros())
    for create in (False, True):
        with pytest.raises(ChatError) as caught:
            await opener.open(settings.id, create=create)
        assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_a_closed_room_is_not_found(opener: RoomOpener, new_room: NewRoom) -> None:
    settings = await new_room()
    await opener.open(settings.id)
    await opener.live.close(settings.id)
    with pytest.raises(ChatError) as caught:
        await opener.open(settings.id, create=True)
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_the_id_that_stands_for_all_rooms_is_never_a_room(
    opener: RoomOpener, redis: Redis, keys: Keys
) -> None:
    for create in (False, True):
        with pytest.raises(ChatError) as caught:
            await opener.open(EVERYWHERE, create=create)
        assert caught.value.code is ErrorCode.ROOM_NOT_FOUND
    assert not await redis.exists(keys.meta(EVERYWHERE))


async def test_a_room_that_redis_lost_goes_on_above_all_numbers_of_postgresql(
    opener: RoomOpener, poster: MessagePoster, new_room: NewRoom, mover: Mover
) -> None:
    settings = await new_room()
    await post(poster, settings.id, 7)
    old = await opener.open(settings.id)
    await mover.save()
    await mover.lose(settings.id)
    new = await opener.open(settings.id)
    assert new.epoch != old.epoch
    assert (new.seq, new.total) == (7 + EPOCH_GAP, 7)
    await post(poster, settings.id, 1)
    await mover.save()
    record = await opener.directory.read_room(settings.id)
    assert record is not None
    assert (record.last_seq, record.total_messages) == (8 + EPOCH_GAP, 8)


async def test_without_postgresql_a_room_that_redis_does_not_know_is_unavailable(
    opener_without_postgres: RoomOpener,
) -> None:
    for create in (False, True):
        with pytest.raises(Unavailable) as caught:
            await opener_without_postgres.open(IDS.new(), create=create)
        assert caught.value.part == "postgres"


async def test_without_redis_every_room_is_unavailable(
    redis_away: Redis, keys: Keys, rooms: RoomDirectory, new_room: NewRoom
) -> None:
    settings: Any = await new_room()
    live = LiveRooms(redis_away, Scripts(redis_away, keys))
    with pytest.raises(Unavailable) as caught:
        await RoomOpener(live, rooms, SystemClock(), IDS).open(settings.id)
    assert caught.value.part == "redis"


async def test_many_who_come_at_once_ask_postgresql_once(
    opener: RoomOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []
    read_room = opener.directory.read_room

    async def counting(room: UUID) -> RoomRecord | None:
        asked.append(room)
        return await read_room(room)

    monkeypatch.setattr(opener.directory, "read_room", counting)
    room = IDS.new()
    found = await asyncio.gather(*(opener.open(room, create=True) for _ in range(50)))
    assert {live.epoch for live in found} == {found[0].epoch}
    assert asked == [room]
