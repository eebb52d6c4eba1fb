from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import IDS, make_user
from tests.redis_nodes import tell_all

from shared.domain.ids import uuid7_micros
from shared.message_log.message_log import MessageLog
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.codec import MessageBody, decode_body
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.scripts import EDITS_KEEP_SECONDS, EPOCH_GAP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.domain.entities import User
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts
    from shared.rooms.live_rooms import LiveRooms


def body_of(
    room: UUID, text: str = "হ্যালো", *, user: User | None = None, client_id: str | None = None
) -> MessageBody:
    author = user or make_user()
    return MessageBody(
        message=text,
        user_id=str(author.id),
        username=author.username,
        user_color=author.color,
        message_id=str(IDS.new()),
        room_id=str(room),
        client_id=client_id,
        message_type="text",
        file_url=None,
        reply_to=None,
    )


@pytest.fixture
def log(redis: Redis, scripts: Scripts) -> MessageLog:
    return MessageLog(redis, scripts, hot_limit=10)


async def test_messages_get_gapless_numbers_in_one_order(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    published = await asyncio.gather(*(log.publish(body_of(room, f"{n}")) for n in range(50)))
    assert sorted(p.seq for p in published) == list(range(1, 51))
    assert [p.micros for p in sorted(published, key=lambda p: p.seq)] == sorted(
        {p.micros for p in published}
    )


async def test_a_retry_with_the_same_client_id_gets_the_first_answer(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room, user = await open_room(), make_user()
    first = await log.publish(body_of(room, user=user, client_id="a"))
    second = await log.publish(body_of(room, user=user, client_id="a"))
    assert not first.again
    assert second.again
    assert (second.seq, second.message_id, second.micros) == (
        first.seq,
        first.message_id,
        first.micros,
    )
    assert (await log.before(room, None, 10)).total == 1


async def test_the_same_client_id_with_other_content_is_a_conflict(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room, user = await open_room(), make_user()
    await log.publish(body_of(room, "এক", user=user, client_id="a"))
    with pytest.raises(ChatError) as caught:
        await log.publish(body_of(room, "দুই", user=user, client_id="a"))
    assert caught.value.code is ErrorCode.CLIENT_ID_CONFLICT


async def test_client_ids_of_different_users_do_not_meet(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    first = await log.publish(body_of(room, client_id="a"))
    second = await log.publish(body_of(room, client_id="a"))
    assert (first.seq, second.seq) == (1, 2)


async def test_a_room_that_redis_does_not_know_is_asked_for(log: MessageLog) -> None:
    with pytest.raises(RoomNotLoaded):
        await log.publish(body_of(IDS.new()))
    with pytest.raises(RoomNotLoaded):
        await log.before(IDS.new(), None, 10)


async def test_a_closed_room_takes_no_messages(
    log: MessageLog, live: LiveRooms, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await live.close(room)
    with pytest.raises(ChatError) as caught:
        await log.publish(body_of(room))
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_a_full_queue_refuses_and_trims_nothing(
    redis: Redis, scripts: Scripts, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    log = MessageLog(redis, scripts, most_backlog=3)
    room = await open_room()
    for _ in range(3):
        await log.publish(body_of(room))
    with pytest.raises(Unavailable) as caught:
        await log.publish(body_of(room))
    assert caught.value.code is ErrorCode.OVERLOADED
    assert await log.backlog() == 3


async def test_what_postgresql_does_not_have_is_never_trimmed(
    log: MessageLog,
    scripts: Scripts,
    redis: Redis,
    keys: Keys,
    open_room: Callable[..., Awaitable[UUID]],
) -> None:
    room = await open_room()
    for n in range(250):
        await log.publish(body_of(room, f"{n}"))
    page = await log.before(room, None, 1000)
    assert [m.seq for m in page.messages] == list(range(250, 0, -1))
    partition = keys.partition_of(room)
    await redis.xgroup_create(keys.ingest(partition), "persist", id="0")
    entries: Any = await redis.xrange(keys.ingest(partition))
    await scripts.mark_saved(partition, [i for i, _ in entries], {room: list(range(1, 251))})
    assert await log.backlog() == 0
    assert 0 < await redis.ttl(keys.log(room)) <= 3600
    await log.publish(body_of(room))
    assert await redis.ttl(keys.log(room)) == -1  # it may not expire before it is saved
    page = await log.before(room, None, 1000)
    assert 10 <= len(page.messages) < 150  # trimmed by whole nodes of the stream


async def test_history_is_read_both_ways(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    for n in range(9):
        await log.publish(body_of(room, f"{n + 1}"))
    before = await log.before(room, 5, 3)
    after = await log.after(room, 5, 3)
    assert [m.seq for m in before.messages] == [4, 3, 2]
    assert [m.seq for m in after.messages] == [6, 7, 8]
    assert (after.seq, after.total) == (9, 9)


async def test_a_change_lies_over_history_and_counts_its_revisions(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await log.publish(body_of(room, "আগে"))
    (message,) = (await log.before(room, None, 1)).messages
    changed = await log.revise(room, message, body_of(room, "পরে"), delete=False)
    assert (changed.revision, changed.deleted) == (1, False)
    (read,) = (await log.before(room, None, 1)).messages
    assert read == changed
    assert decode_body(read.body).message == "পরে"


async def test_a_change_of_what_was_changed_meanwhile_is_a_conflict(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await log.publish(body_of(room))
    (message,) = (await log.before(room, None, 1)).messages
    await log.revise(room, message, body_of(room, "এক"), delete=False)
    with pytest.raises(ChatError) as caught:
        await log.revise(room, message, body_of(room, "দুই"), delete=False)
    assert caught.value.code is ErrorCode.CONFLICT


async def test_deleting_twice_counts_once(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await log.publish(body_of(room))
    await log.publish(body_of(room))
    message = (await log.before(room, None, 1)).messages[0]
    await log.revise(room, message, body_of(room, ""), delete=True)
    with pytest.raises(ChatError) as caught:
        await log.revise(room, message, body_of(room, ""), delete=True)
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND
    assert (await log.before(room, None, 1)).total == 1


async def test_what_was_changed_or_deleted_stays_so_when_its_revisions_have_expired(
    log: MessageLog, redis: Redis, keys: Keys, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    for text in ("মোছা হবে", "বদলাবে", "থাকবে"):
        await log.publish(body_of(room, text))
    await redis.expire(keys.log(room), 1000)
    newest, second, first = (await log.before(room, None, 9)).messages
    deleted = await log.revise(room, first, body_of(room, ""), delete=True)
    changed = await log.revise(room, second, body_of(room, "বদলে গেছে"), delete=False)
    await redis.delete(keys.edits(room), keys.edited(room))
    assert (await log.before(room, None, 9)).messages == (newest, changed, deleted)
    assert 0 < await redis.ttl(keys.log(room)) <= 1000
    again = await log.revise(room, changed, body_of(room, "আবার"), delete=False)
    assert again.revision == 2
    assert (await log.after(room, 1, 1)).messages == (again,)
    assert "মোছা হবে".encode() not in repr_of(await redis.xrange(keys.log(room)))
    await log.publish(body_of(room, "চলছে"))
    assert [m.seq for m in (await log.before(room, None, 9)).messages] == [4, 3, 2, 1]


def repr_of(entries: Any) -> bytes:
    return b"\n".join(value for _, fields in entries for value in fields.values())


async def test_a_message_on_its_way_to_postgresql_is_found_by_its_id(
    log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await log.publish(body_of(room))
    body = body_of(room)
    published = await log.publish(body)
    from uuid import UUID  # noqa: PLC0415

    wanted = UUID(body.message_id)
    assert await log.find_unsaved(wanted, uuid7_micros(wanted) // 1000) == (room, published.seq)
    other = IDS.new()
    assert await log.find_unsaved(other, uuid7_micros(other) // 1000) is None


async def test_a_server_that_forgot_its_scripts_is_taught_again(
    redis: Redis, log: MessageLog, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await log.publish(body_of(room))
    await tell_all(redis, "SCRIPT", "FLUSH")
    published = await asyncio.gather(*(log.publish(body_of(room)) for _ in range(5)))
    assert sorted(p.seq for p in published) == [2, 3, 4, 5, 6]


async def test_an_outage_is_an_error_that_may_be_retried(
    scripts: Scripts,
) -> None:
    from shared.runtime.redis_client import open_redis  # noqa: PLC0415

    nowhere = open_redis("redis://127.0.0.1:1", "test")
    log = MessageLog(nowhere, scripts)
    with pytest.raises(Unavailable) as caught:
        await log.publish(body_of(IDS.new()))
    assert (caught.value.code, caught.value.part) == (ErrorCode.UNAVAILABLE, "redis")
    await nowhere.aclose()


async def test_of_saved_revisions_only_the_newest_are_kept_and_of_others_all(
    log: MessageLog,
    scripts: Scripts,
    redis: Redis,
    keys: Keys,
    open_room: Callable[..., Awaitable[UUID]],
) -> None:
    room = await open_room()
    for n in range(320):
        await log.publish(body_of(room, f"{n}"))
    page = await log.before(room, None, 320)
    oldest_first = page.messages[::-1]
    for message in oldest_first:
        await log.revise(room, message, body_of(room, "বদল"), delete=False)
    saved = [(message.seq, 1) for message in oldest_first[:-5]]
    await scripts.mark_saved(keys.partition_of(room), [], {room: []}, {room: saved})
    assert await redis.hlen(keys.edits(room)) == 305
    everything = await log.changes(room, 0, 1000)
    assert (len(everything.messages), everything.whole) == (305, False)
    recent = await log.changes(room, everything.messages[0].revised_micros, 1000)
    assert (len(recent.messages), recent.whole) == (304, True)
    # Changed again, it waits for PostgreSQL again, whatever was saved of it before.
    (again,) = (await log.before(room, 320, 1)).messages
    await log.revise(room, again, body_of(room, "আবার"), delete=False)
    await scripts.mark_saved(keys.partition_of(room), [], {room: []}, {room: [(again.seq, 1)]})
    assert (await log.before(room, 320, 1)).messages[0].revision == 2


async def test_a_room_that_was_set_back_goes_on_above_what_was_seen(
    log: MessageLog, redis: Redis, scripts: Scripts, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    for n in range(3):
        await log.publish(body_of(room, str(n)))
    epoch = (await log.before(room, None, 1)).epoch
    await redis.hset(scripts.keys.meta(room), "seq", 1)
    placed = await log.publish(body_of(room, "পরে"))
    assert placed.seq == 3 + EPOCH_GAP + 1
    assert (await log.before(room, None, 1)).epoch != epoch


async def test_the_fence_moves_only_rooms_that_lost_something(
    log: MessageLog, redis: Redis, scripts: Scripts, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    assert not await log.fence(room, 0, 0)
    await log.publish(body_of(room, "এক"))
    assert not await log.fence(room, 0, 0)
    await redis.hset(scripts.keys.meta(room), "seq", 0)
    assert await log.fence(room, 0, 0)
    assert not await log.fence(room, 0, 0)
    await log.before(room, None, 1)
    assert await log.fence(room, 0, 7)
    head = await log.head(room)
    assert head is not None
    assert (head.seq, head.ev) == (1 + EPOCH_GAP, 8)


async def test_only_so_many_rooms_are_remembered(
    log: MessageLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.message_log.seen_places.MOST_SEEN", 2)
    rooms = [IDS.new() for _ in range(3)]
    for room in rooms:
        log.saw(room, "a", 1)
    assert [log._seen.get(room) is not None for room in rooms] == [False, True, True]


async def test_changes_come_behind_what_was_said_and_changed_before_though_the_clock_goes_back(
    log: MessageLog, redis: Redis, keys: Keys, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    ahead = 4_000_000_000_000_000  # as the clock went until just now, or on the master before
    await redis.hset(keys.meta(room), "at", ahead)
    for _ in range(2):
        await log.publish(body_of(room))
    second, first = (await log.before(room, None, 2)).messages
    changed = await log.revise(room, first, body_of(room, "বদল"), delete=False)
    deleted = await log.revise(room, second, body_of(room, ""), delete=True)
    assert second.micros < changed.revised_micros < deleted.revised_micros
    missed = await log.changes(room, second.micros, 10)
    assert [message.seq for message in missed.messages] == [first.seq, second.seq]
    missed = await log.changes(room, changed.revised_micros, 10)
    assert [message.seq for message in missed.messages] == [second.seq]


async def test_revisions_expire_only_when_postgresql_has_them_all(
    log: MessageLog,
    scripts: Scripts,
    redis: Redis,
    keys: Keys,
    open_room: Callable[..., Awaitable[UUID]],
) -> None:
    room = await open_room()
    partition = keys.partition_of(room)
    for _ in range(2):
        await log.publish(body_of(room))
    for message in (await log.before(room, None, 2)).messages:
        await log.revise(room, message, body_of(room, ""), delete=True)
    assert await redis.ttl(keys.edits(room)) > EDITS_KEEP_SECONDS
    await scripts.mark_saved(partition, [], {room: [1]}, {room: [(1, 1)]})
    for key in (keys.edits(room), keys.edited(room)):
        assert await redis.ttl(key) > EDITS_KEEP_SECONDS
    await scripts.mark_saved(partition, [], {room: [2]}, {room: [(2, 1)]})
    for key in (keys.edits(room), keys.edited(room)):
        assert EDITS_KEEP_SECONDS - 60 < await redis.ttl(key) <= EDITS_KEEP_SECONDS
    await log.publish(body_of(room))
    (message,) = (await log.before(room, None, 1)).messages
    await log.revise(room, message, body_of(room, "বদল"), delete=False)
    for key in (keys.edits(room), keys.edited(room)):
        assert await redis.ttl(key) > EDITS_KEEP_SECONDS
