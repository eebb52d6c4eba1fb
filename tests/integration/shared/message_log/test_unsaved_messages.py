from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.integration.shared.conftest import IDS, make_user

from shared.message_log import unsaved_messages
from shared.message_log.message_log import MessageLog
from shared.message_log.unsaved_messages import UnsavedMessages
from shared.protocol.codec import MessageBody, decode_body
from shared.protocol.errors import Unavailable
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from collections.abc import Set as AbstractSet

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts

    OpenRoom = Callable[..., Awaitable[UUID]]


@pytest.fixture
def log(redis: Redis, scripts: Scripts) -> MessageLog:
    return MessageLog(redis, scripts)


@pytest.fixture
def unsaved(redis: Redis, keys: Keys) -> UnsavedMessages:
    return UnsavedMessages(redis, keys)


def body_of(room: UUID, text: str) -> MessageBody:
    user = make_user()
    ids = (str(user.id), user.username, user.color, str(IDS.new()), str(room))
    return MessageBody(text, *ids, None, "text", None, None)


async def say(log: MessageLog, room: UUID, text: str) -> UUID:
    body = body_of(room, text)
    await log.publish(body)
    return UUID(body.message_id)


async def every_room(rooms: AbstractSet[UUID]) -> AbstractSet[UUID]:
    return rooms


async def test_the_newest_of_every_queue_come_with_their_rooms(
    log: MessageLog, unsaved: UnsavedMessages, open_room: OpenRoom
) -> None:
    rooms = [await open_room() for _ in range(5)]
    for n in range(4):
        for room in rooms:
            await say(log, room, f"{n}")
    found = await unsaved.newest(100, None, every_room)
    assert sorted((room, message.seq) for room, message in found) == sorted(
        (room, seq) for room in rooms for seq in range(1, 5)
    )


@pytest.mark.parametrize("most", [1, 3, 7])
async def test_older_ones_are_found_behind_newer_ones(
    log: MessageLog, unsaved: UnsavedMessages, open_room: OpenRoom, most: int
) -> None:
    room = await open_room()
    said: list[UUID] = []
    for n in range(20):
        said.append(await say(log, room, f"{n}"))
        await asyncio.sleep(0.002)  # ids of one millisecond have no order
    found = await unsaved.newest(most, said[12], every_room)
    ids = [UUID(decode_body(message.body).message_id) for _, message in found]
    assert all(message_id < said[12] for message_id in ids)
    assert sorted(ids, reverse=True)[:most] == said[11 : 11 - most : -1]


async def test_the_newest_are_found_though_the_queue_has_another_order(
    log: MessageLog,
    unsaved: UnsavedMessages,
    open_room: OpenRoom,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = await open_room()
    bodies = sorted((body_of(room, f"{n}") for n in range(12)), key=lambda body: body.message_id)
    for body in reversed(bodies):
        await log.publish(body)
    monkeypatch.setattr(unsaved_messages, "LEAST_AT_ONCE", 2)
    found = await unsaved.newest(2, None, every_room)
    ids = sorted((decode_body(message.body).message_id for _, message in found), reverse=True)
    assert ids[:2] == [body.message_id for body in bodies[:-3:-1]]


async def test_rooms_that_are_not_wanted_hide_nothing_as_far_as_is_looked(
    log: MessageLog,
    unsaved: UnsavedMessages,
    open_room: OpenRoom,
    keys: Keys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = await open_room()
    busy = await open_room()
    while keys.partition_of(busy) != keys.partition_of(wanted):
        busy = await open_room()
    await say(log, wanted, "হ্যালো")
    for n in range(30):
        await say(log, busy, f"{n}")

    async def one_room(_: AbstractSet[UUID]) -> AbstractSet[UUID]:
        return {wanted}

    assert [room for room, _ in await unsaved.newest(3, None, one_room)] == [wanted]
    monkeypatch.setattr(unsaved_messages, "LEAST_AT_ONCE", 5)
    monkeypatch.setattr(unsaved_messages, "MOST_LOOKED_AT", 15)
    assert await unsaved.newest(3, None, one_room) == []


async def test_a_place_that_tells_no_time_is_only_compared(
    log: MessageLog, unsaved: UnsavedMessages, open_room: OpenRoom
) -> None:
    said = await say(log, await open_room(), "হ্যালো")
    place = uuid4()
    found = await unsaved.newest(5, place, every_room)
    assert len(found) == int(said < place)


async def test_revisions_are_told_by_place(
    log: MessageLog, unsaved: UnsavedMessages, open_room: OpenRoom
) -> None:
    one, other = await open_room(), await open_room()
    for room in (one, other):
        await say(log, room, "আগে")
    (message,) = (await log.before(one, None, 1)).messages
    await log.revise(one, message, body_of(one, "পরে"), delete=False)
    revisions = await unsaved.revisions([(one, 1), (other, 1)])
    assert {place: revision.number for place, revision in revisions.items()} == {(one, 1): 1}
    assert await unsaved.revisions([]) == {}


async def test_an_outage_is_an_error_that_may_be_retried(keys: Keys) -> None:
    nowhere = open_redis("redis://127.0.0.1:1", "test")
    unsaved = UnsavedMessages(nowhere, keys)
    with pytest.raises(Unavailable):
        await unsaved.newest(5, None, every_room)
    with pytest.raises(Unavailable):
        await unsaved.revisions([(IDS.new(), 1)])
    await nowhere.aclose()
