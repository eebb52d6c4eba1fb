from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import IDS
from tests.integration.shared.message_log.test_message_log import body_of

from shared.message_log.log_removal import LogRemoval, emptied
from shared.message_log.message_log import MessageLog
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.codec import decode_body, encode_body
from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.removal_calls import Cut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts
    from shared.rooms.live_rooms import LiveRooms

    OpenRoom = Callable[..., Awaitable[UUID]]


@pytest.fixture
def log(redis: Redis, scripts: Scripts) -> MessageLog:
    return MessageLog(redis, scripts)


@pytest.fixture
def removal(redis: Redis, keys: Keys) -> LogRemoval:
    return LogRemoval(redis, keys)


def test_an_emptied_body_says_only_whose_it_was_and_where_it_stood() -> None:
    room = IDS.new()
    full = body_of(room, "কথা", client_id="আমার")._replace(
        message_type="image", file_url="https://example.org/a", reply_to=str(IDS.new())
    )
    empty = decode_body(emptied(encode_body(full)))
    assert empty == full._replace(
        message="",
        username="",
        user_color="",
        client_id=None,
        message_type="text",
        file_url=None,
        reply_to=None,
    )


async def test_what_is_emptied_is_a_deletion_to_everybody_and_counts_once(
    log: MessageLog, removal: LogRemoval, open_room: OpenRoom, redis: Redis, keys: Keys
) -> None:
    room = await open_room()
    for n in range(4):
        await log.publish(body_of(room, f"কথা {n}"))
    messages = (await log.after(room, 0, 4)).messages
    await log.revise(room, messages[0], body_of(room, ""), delete=True)
    queued = await redis.xlen(keys.ingest(keys.partition_of(room)))
    assert await removal.erase(room, messages[:3]) == 3
    read = (await log.after(room, 0, 4)).messages
    assert [(m.revision, m.deleted) for m in read] == [(2, True), (1, True), (1, True), (0, False)]
    assert [decode_body(m.body).username for m in read] == ["", "", "", "রাকিব"]
    head = await log.head(room)
    assert head is not None
    assert ((await log.before(room, None, 1)).total, head.ev) == (1, 4)
    assert await redis.xlen(keys.ingest(keys.partition_of(room))) == queued + 3

    assert await removal.erase(room, messages[:3]) == 0
    assert (await log.after(room, 0, 4)).messages == read
    assert await redis.xlen(keys.ingest(keys.partition_of(room))) == queued + 3


async def test_a_room_that_is_not_loaded_and_a_full_queue_refuse_to_empty(
    log: MessageLog, removal: LogRemoval, open_room: OpenRoom, redis: Redis, keys: Keys
) -> None:
    room = await open_room()
    await log.publish(body_of(room))
    messages = (await log.after(room, 0, 4)).messages
    with pytest.raises(RoomNotLoaded):
        await removal.erase(IDS.new(), messages)
    with pytest.raises(Unavailable) as caught:
        await LogRemoval(redis, keys, most_backlog=1).erase(room, messages)
    assert caught.value.code is ErrorCode.OVERLOADED
    assert (await log.after(room, 0, 4)).messages == messages


async def test_a_cut_takes_the_beginning_but_never_what_is_only_here(
    log: MessageLog,
    removal: LogRemoval,
    scripts: Scripts,
    live: LiveRooms,
    open_room: OpenRoom,
    redis: Redis,
    keys: Keys,
) -> None:
    room = await open_room()
    for n in range(1, 7):
        await log.publish(body_of(room, f"কথা {n}"))
    for message in (await log.after(room, 0, 2)).messages:
        await log.revise(room, message, body_of(room, "বদল"), delete=False)
    partition = keys.partition_of(room)
    await scripts.mark_saved(partition, [], {room: [1, 2, 3, 5, 6]}, {room: [(1, 1)]})
    for _ in range(2):
        await removal.cut([Cut(room, 5, 5), Cut(IDS.new(), 5, 5)])
        assert [m.seq for m in (await log.after(room, 0, 9)).messages] == [4, 5, 6]
        found = await live.read(room)
        assert found is not None
        assert found.total == 1
    # A revision that PostgreSQL does not have yet stays.
    assert await redis.hkeys(keys.edits(room)) == [b"2"]
    await removal.cut([Cut(room, 5, 6)])
    found = await live.read(room)
    assert found is not None
    assert found.total == 0


async def test_a_queue_is_carried_when_all_that_was_in_it_has_left(
    log: MessageLog, removal: LogRemoval, open_room: OpenRoom, redis: Redis, keys: Keys
) -> None:
    assert await removal.is_carried(await removal.queue_ends())
    room = await open_room()
    await log.publish(body_of(room))
    stream = keys.ingest(keys.partition_of(room))
    entries: Any = await redis.xrange(stream)
    [(first, _)] = entries
    ends = await removal.queue_ends()
    await log.publish(body_of(room))
    assert not await removal.is_carried(ends)
    await redis.xdel(stream, first)
    assert await removal.is_carried(ends)
    assert not await removal.is_carried(await removal.queue_ends())


async def test_who_heard_of_one_emptied_message_can_ask_for_those_behind_it(
    log: MessageLog, removal: LogRemoval, open_room: OpenRoom
) -> None:
    room = await open_room()
    for n in range(3):
        await log.publish(body_of(room, f"কথা {n}"))
    await removal.erase(room, (await log.after(room, 0, 3)).messages)
    first = (await log.after(room, 0, 1)).messages[0]
    missed = await log.changes(room, first.revised_micros, 10)
    assert [message.seq for message in missed.messages] == [2, 3]
