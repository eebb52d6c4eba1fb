from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest
from tests.integration.shared.conftest import IDS
from tests.integration.shared.usecases.model_room import (
    ModelRoom,
    assert_pages_are_true,
    lines,
    one_event,
)

from shared.domain.position import Position
from shared.message_log.message_log import MessageLog
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.scripts import EPOCH_GAP
from shared.usecases.change_message import MessageEditor
from shared.usecases.post_message import MessagePoster
from shared.usecases.read_history import FALLBACK_MESSAGES, RECOVERY_LIMIT, HistoryReader

if TYPE_CHECKING:
    from tests.integration.shared.usecases.conftest import NewRoom
    from tests.integration.shared.usecases.mover import Mover

    from shared.message_store.message_reader import MessageReader
    from shared.usecases.open_room import RoomOpener


@pytest.fixture
def history(log: MessageLog, reader: MessageReader, opener: RoomOpener) -> HistoryReader:
    return HistoryReader(log, reader, opener)


@pytest.fixture
def history_without_postgres(
    log: MessageLog, reader_away: MessageReader, opener_without_postgres: RoomOpener
) -> HistoryReader:
    return HistoryReader(log, reader_away, opener_without_postgres)


@pytest.fixture
async def room(
    new_room: NewRoom,
    poster: MessagePoster,
    editor: MessageEditor,
) -> ModelRoom:
    return ModelRoom((await new_room()).id, poster, editor)


@pytest.mark.parametrize("seed", range(20))
async def test_a_page_is_always_what_was_said_wherever_the_messages_are(
    seed: int, room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    random = Random(seed)
    for _ in range(40):
        await one_event(random, room, mover)
        await assert_pages_are_true(random, room, history)


@pytest.mark.parametrize("seed", range(5))
async def test_what_is_recovered_is_complete_or_says_that_it_is_not(
    seed: int, room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    random = Random(seed)
    for _ in range(40):
        await one_event(random, room, mover)
        head = await history.before(room.room, None, 1)
        since = random.randrange(head.seq + 1)
        upto = random.randrange(since, head.seq + 1)
        found = await history.recover(
            room.room, Position(head.epoch, since), Position(head.epoch, upto)
        )
        held = [line for seq, line in sorted(room.model.items()) if since < seq <= upto]
        if found.complete:
            assert lines(found.messages) == held
        else:  # the position is of an epoch that this one has left behind
            assert upto - since > len(held)
            newest = room.before(upto + 1)[:FALLBACK_MESSAGES]
            assert lines(found.messages) == newest[::-1]
        assert (found.epoch, found.seq) == (head.epoch, upto)


async def test_pages_are_true_while_messages_move_from_the_log_to_postgresql(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    random = Random(1)
    await room.post_many(150)
    for seq in range(40, 140, 3):
        await room.delete(seq)

    async def move() -> None:
        for _ in range(15):
            await mover.save(0.3, random)
            await mover.trim(room.room, random.randrange(20))
        await mover.save()
        await mover.trim(room.room)

    pages = 0
    async with asyncio.TaskGroup() as group:
        moving = group.create_task(move())
        while not moving.done() or pages < 10:
            await assert_pages_are_true(random, room, history)
            pages += 1


@pytest.mark.parametrize("place", ["in the log", "in postgresql"])
async def test_deleted_messages_do_not_end_a_page(
    room: ModelRoom, mover: Mover, history: HistoryReader, place: str
) -> None:
    seqs = await room.post_many(30)
    for seq in seqs[10:20]:
        await room.delete(seq)
    if place == "in postgresql":
        await mover.save()
        await mover.trim(room.room)
    page = await history.before(room.room, 21, 5)
    assert [m.seq for m in page.messages] == [10, 9, 8, 7, 6]
    assert page.has_more
    page = await history.after(room.room, 10, 5)
    assert [m.seq for m in page.messages] == [21, 22, 23, 24, 25]
    assert page.has_more


async def test_a_change_that_postgresql_does_not_have_lies_over_its_row(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    await room.post_many(3)
    await mover.save()
    await mover.trim(room.room)
    await room.change(1, "নতুন")
    await room.delete(2)
    for page in (
        await history.after(room.room, 0, 10),
        await history.before(room.room, None, 10),
    ):
        assert sorted(lines(page.messages)) == [(1, "নতুন", 1, False), (3, "বার্তা 2", 0, False)]
        assert page.total == 2


async def test_the_history_of_an_empty_room_is_empty(
    room: ModelRoom, history: HistoryReader
) -> None:
    for page in (
        await history.before(room.room, None, 10),
        await history.before(room.room, 5, 10),
        await history.after(room.room, 0, 10),
    ):
        assert (page.messages, page.has_more, page.total, page.seq) == ((), False, 0, 0)


async def test_an_unknown_room_has_no_history(history: HistoryReader) -> None:
    with pytest.raises(ChatError) as caught:
        await history.before(IDS.new(), None, 10)
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_recovery_gives_all_that_was_missed_deleted_ones_marked(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    await room.post_many(20)
    await mover.save()
    await mover.trim(room.room, 5)  # the older ones must come from PostgreSQL
    await room.change(8, "নতুন")
    await room.delete(18)
    epoch = (await history.before(room.room, None, 1)).epoch
    found = await history.recover(room.room, Position(epoch, 4), Position(epoch, 19))
    assert found.complete
    assert lines(found.messages) == [room.model[seq] for seq in range(5, 20)]


async def test_who_missed_nothing_is_told_so(room: ModelRoom, history: HistoryReader) -> None:
    await room.post_many(3)
    epoch = (await history.before(room.room, None, 1)).epoch
    found = await history.recover(room.room, Position(epoch, 3), Position(epoch, 3))
    assert (found.complete, found.messages, found.seq) == (True, (), 3)


@pytest.mark.parametrize("seq", [0, 3, 9])
async def test_a_position_of_another_epoch_or_from_the_future_is_not_complete(
    room: ModelRoom, history: HistoryReader, seq: int
) -> None:
    await room.post_many(5)
    head = await history.before(room.room, None, 1)
    epoch = head.epoch if seq > head.seq else "another"
    found = await history.recover(room.room, Position(epoch, seq), Position(epoch, head.seq))
    assert not found.complete
    assert [m.seq for m in found.messages] == [1, 2, 3, 4, 5]
    assert found.epoch == head.epoch


async def test_who_missed_too_much_gets_the_newest_fifty(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    await room.post("প্রথম")
    await asyncio.gather(*(room.post(f"{n}") for n in range(RECOVERY_LIMIT)))
    await mover.save()
    epoch = (await history.before(room.room, None, 1)).epoch
    last = RECOVERY_LIMIT + 1
    found = await history.recover(room.room, Position(epoch, 0), Position(epoch, last))
    assert not found.complete
    assert [m.seq for m in found.messages] == list(range(last - FALLBACK_MESSAGES + 1, last + 1))
    found = await history.recover(room.room, Position(epoch, 1), Position(epoch, last))
    assert found.complete
    assert [m.seq for m in found.messages] == list(range(2, last + 1))


async def test_without_postgresql_the_log_is_enough_where_it_reaches(
    room: ModelRoom, history_without_postgres: HistoryReader
) -> None:
    await room.post_many(30)
    history = history_without_postgres
    page = await history.before(room.room, None, 10)
    assert [m.seq for m in page.messages] == list(range(30, 20, -1))
    page = await history.before(room.room, None, 50)  # the log has the room's first message
    assert len(page.messages) == 30
    page = await history.after(room.room, 25, 10)
    assert [m.seq for m in page.messages] == [26, 27, 28, 29, 30]
    found = await history.recover(room.room, Position(page.epoch, 0), Position(page.epoch, 30))
    assert found.complete


async def test_without_postgresql_older_messages_are_unavailable_and_not_missing(
    room: ModelRoom, mover: Mover, history_without_postgres: HistoryReader
) -> None:
    await room.post_many(30)
    await mover.save()
    await mover.trim(room.room, 10)
    history = history_without_postgres
    page = await history.before(room.room, None, 5)
    assert [m.seq for m in page.messages] == [30, 29, 28, 27, 26]
    for call in (
        history.before(room.room, None, 10),  # is there one more?
        history.before(room.room, 15, 5),
        history.after(room.room, 5, 5),
    ):
        with pytest.raises(Unavailable) as caught:
            await call
        assert (caught.value.part, caught.value.code) == ("postgres", ErrorCode.UNAVAILABLE)


async def test_without_postgresql_a_recovery_is_complete_or_what_the_log_has(
    room: ModelRoom, mover: Mover, history_without_postgres: HistoryReader
) -> None:
    await room.post_many(30)
    await mover.save()
    await mover.trim(room.room, 10)
    history = history_without_postgres
    epoch = (await history.before(room.room, None, 5)).epoch
    found = await history.recover(room.room, Position(epoch, 20), Position(epoch, 30))
    assert found.complete
    assert [m.seq for m in found.messages] == list(range(21, 31))
    found = await history.recover(room.room, Position(epoch, 19), Position(epoch, 30))
    assert not found.complete
    assert [m.seq for m in found.messages] == list(range(21, 31))


async def test_a_recovery_has_a_bound_in_bytes(room: ModelRoom, history: HistoryReader) -> None:
    await room.post_many(10)
    page = await history.before(room.room, None, 10)
    size = len(page.messages[0].body)
    start = Position(page.epoch, 0)
    found = await history.recover(room.room, start, Position(start.epoch, 10), most_bytes=10 * size)
    assert found.complete
    found = await history.recover(room.room, start, Position(start.epoch, 10), most_bytes=4 * size)
    assert not found.complete
    assert [m.seq for m in found.messages] == [7, 8, 9, 10]


async def test_a_room_that_redis_lost_begins_a_new_epoch_above_all_that_is_stored(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    await room.post_many(5)
    old = await history.before(room.room, None, 10)
    await mover.save()
    await mover.lose(room.room)
    new = await history.before(room.room, None, 10)
    assert (lines(new.messages), new.total) == (lines(old.messages), 5)
    assert new.epoch != old.epoch
    assert new.seq == 5 + EPOCH_GAP
    assert await room.post("পরে") == 6 + EPOCH_GAP
    page = await history.after(room.room, 3, 10)
    assert [m.seq for m in page.messages] == [4, 5, 6 + EPOCH_GAP]
    found = await history.recover(room.room, Position(old.epoch, 3), Position(old.epoch, 5))
    assert (found.complete, found.epoch, found.seq) == (False, page.epoch, page.seq)


async def test_pages_follow_each_other_through_both_places_without_hole_or_repetition(
    room: ModelRoom, mover: Mover, history: HistoryReader
) -> None:
    await room.post_many(40)
    await mover.save()
    await mover.trim(room.room, 8)
    await room.post_many(5)
    down: list[int] = []
    seq, more = None, True
    while more:
        page = await history.before(room.room, seq, 7)
        down += [m.seq for m in page.messages]
        seq, more = down[-1], page.has_more
    assert down == list(range(45, 0, -1))
    up: list[int] = []
    more = True
    while more:
        page = await history.after(room.room, up[-1] if up else 0, 7)
        up += [m.seq for m in page.messages]
        more = page.has_more
    assert up == list(range(1, 46))


@pytest.mark.parametrize("changed_again", [False, True])
async def test_a_recovery_behind_changes_that_have_expired_is_not_complete(
    room: ModelRoom, mover: Mover, history: HistoryReader, *, changed_again: bool
) -> None:
    await room.post_many(3)
    await move_clock(mover, room, 3600)
    await room.delete(1)
    await move_clock(mover, room, 3600)
    await room.post_many(2)
    await mover.save()
    await mover.forget_edits(room.room)
    if changed_again:
        await room.change(5, "নতুন")
    await mover.trim(room.room, 0)  # the times of what is known are PostgreSQL's to tell
    epoch = (await history.before(room.room, None, 1)).epoch
    upto = Position(epoch, 5)
    found = await history.recover(room.room, Position(epoch, 3), upto)
    assert not found.complete
    assert lines(found.messages) == [room.model[seq] for seq in range(2, 6)]
    found = await history.recover(room.room, Position(epoch, 4), upto)
    assert found.complete
    assert lines(found.messages) == [room.model[5]]
    found = await history.recover(room.room, Position(epoch, 0), upto)
    assert found.complete


async def move_clock(mover: Mover, room: ModelRoom, seconds: int) -> None:
    """What is said and changed next is that much later."""
    meta = mover.keys.meta(room.room)
    at, changed = [int(value or 0) for value in await mover.redis.hmget(meta, "at", "changed")]
    await mover.redis.hset(meta, "at", max(at, changed) + seconds * 1_000_000)
