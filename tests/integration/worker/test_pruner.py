from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.integration.worker.harness import Ingest, running_worker
from tests.integration.worker.talking import (
    assert_sums_are_exact,
    carried,
    make_cold,
    make_person,
    make_room,
    say,
)
from tests.patience import eventually

from shared.domain.position import Position
from shared.message_store.retention import Retention
from shared.protocol.codec import decode_body
from shared.usecases.post_message import CheckedDraft

if TYPE_CHECKING:
    from api_service.wiring import Deps
    from worker.settings import WorkerSettings


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.pruner.ROOMS_AT_ONCE", 2)
    monkeypatch.setattr("worker.pruner.MESSAGES_AT_ONCE", 3)
    monkeypatch.setattr("worker.pruner.USERS_AT_ONCE", 2)
    monkeypatch.setattr("worker.pruner.PAUSE_SECONDS", 0.001)


def keeping(settings: WorkerSettings, **days: float) -> WorkerSettings:
    return settings.model_copy(update={"retention_every_seconds": 0.05, **days})


async def age(ingest: Ingest, room: UUID, upto: int) -> None:
    """Messages up to a seq were sent ten days ago."""
    await ingest.query(
        "UPDATE messages SET created_at = created_at - interval '10 days'"
        " WHERE room_id = $1 AND seq <= $2",
        room,
        upto,
    )


async def stored_in(ingest: Ingest, room: UUID) -> int:
    return int(await ingest.query("SELECT count(*) FROM messages WHERE room_id = $1", room))


async def test_what_is_too_old_is_gone_and_the_rest_is_as_it_was(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user = await make_person(deps, "মিতা")
    rooms = [(await make_room(deps)).id for _ in range(3)]
    for room in rooms:
        for n in range(1, 11):
            await say(deps, user, room, f"কথা {n}")
    await deps.editor.delete(await deps.editor.find(await _id_of(deps, rooms[0], 2)))
    changed = await deps.editor.find(await _id_of(deps, rooms[0], 3))
    await deps.editor.change(changed, CheckedDraft("বদলানো", None, "text", None, None))
    await carried(ingest, settings)
    await age(ingest, rooms[0], 7)
    await age(ingest, rooms[1], 10)
    await make_cold(ingest, rooms[1])
    waiting = await say(deps, user, rooms[0], "এখনো পথে")

    async with running_worker(keeping(settings, retention_messages_days=9.0)):
        await ingest.wait_until_empty()
        await eventually(lambda: _is(ingest, rooms[0], 4))
        await eventually(lambda: _is(ingest, rooms[1], 0))
        await eventually(lambda: _trimmed(deps, rooms[0]))

    assert await stored_in(ingest, rooms[2]) == 10
    await assert_sums_are_exact(deps, ingest, *rooms)
    page = await deps.history.before(rooms[0], None, 50)
    assert [m.seq for m in page.messages] == [11, 10, 9, 8]
    assert (page.has_more, page.total) == (False, 4)
    older = await deps.history.before(rooms[0], 9, 1)
    assert ([m.seq for m in older.messages], older.has_more) == ([8], False)
    assert decode_body(page.messages[0].body).message_id == str(waiting)
    beyond = await deps.history.before(rooms[0], 8, 50)
    assert (beyond.messages, beyond.has_more) == ((), False)
    newer = await deps.history.after(rooms[0], 2, 50)
    assert ([m.seq for m in newer.messages], newer.has_more) == ([8, 9, 10, 11], False)
    assert await deps.history.log.revisions(rooms[0], [2, 3]) == {}

    # Who was away since before the cut is told to begin anew; who was away since after it is not.
    live = await deps.rooms.open(rooms[0])
    upto = Position(live.epoch, live.seq)
    lost = await deps.history.recover(rooms[0], Position(live.epoch, 3), upto)
    assert (lost.complete, [m.seq for m in lost.messages]) == (False, [8, 9, 10, 11])
    kept = await deps.history.recover(rooms[0], Position(live.epoch, 7), upto)
    assert (kept.complete, [m.seq for m in kept.messages]) == (True, [8, 9, 10, 11])

    # Numbers go on where they were, also in a room of which nothing is left.
    assert (await deps.rooms.open(rooms[1])).total == 0
    await say(deps, user, rooms[1], "আবার")
    head = await deps.history.log.head(rooms[1])
    assert head is not None
    assert head.seq > 10


async def _id_of(deps: Deps, room: UUID, seq: int) -> UUID:
    [message] = (await deps.history.after(room, seq - 1, 1)).messages
    return UUID(decode_body(message.body).message_id)


async def _is(ingest: Ingest, room: UUID, count: int) -> bool:
    return await stored_in(ingest, room) == count


async def _trimmed(deps: Deps, room: UUID) -> bool:
    return (await deps.history.log.after(room, 0, 1)).messages[0].seq == 8


async def test_redis_follows_also_when_it_was_away_at_the_cut(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, room = await make_person(deps, "মিতা"), (await make_room(deps)).id
    for n in range(1, 6):
        await say(deps, user, room, f"কথা {n}")
    await carried(ingest, settings)
    await age(ingest, room, 3)
    retention, now = _retention(deps), deps.clock.micros()
    before = now - 9 * 86_400 * 1_000_000
    assert await retention.remove_messages(room, before, 100) == 3
    live = await deps.live.read(room)
    assert live is not None
    assert live.total == 5  # the worker died here

    async def followed() -> bool:
        live = await deps.live.read(room)
        return live is not None and live.total == 2

    async with running_worker(keeping(settings, retention_messages_days=9.0)):
        await eventually(followed)
    await assert_sums_are_exact(deps, ingest, room)
    assert [m.seq for m in (await deps.history.before(room, None, 9)).messages] == [5, 4]


def _retention(deps: Deps) -> Retention:
    return Retention(deps.room_directory._database)


async def test_messages_are_kept_for_ever_unless_somebody_says_otherwise(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, room = await make_person(deps, "মিতা"), (await make_room(deps)).id
    await say(deps, user, room, "কথা")
    await carried(ingest, settings)
    await age(ingest, room, 1)
    tail = (await make_room(deps)).id
    async with running_worker(keeping(settings)):
        await say(deps, user, tail, "পরে")
        await eventually(lambda: _is(ingest, tail, 1))
    assert await stored_in(ingest, room) == 1


async def test_people_go_who_were_not_seen_and_left_nothing(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    names = ("গেছে", "গেছে ২", "লিখেছে", "মালিক", "সেশন আছে", "অনলাইন", "নতুন")
    gone, gone_too, writer, owner, quiet, online, fresh = [
        await make_person(deps, name) for name in names
    ]
    await make_room(deps, owner)
    await say(deps, writer, (await make_room(deps)).id, "কথা")
    await carried(ingest, settings)
    for user in (gone, gone_too, writer, owner, online):
        await ingest.redis.delete(ingest.keys.session(user.session_hash))
    await deps.presence.mark_seen([online.id], deps.clock.micros() // 1000)
    await ingest.query(
        "UPDATE users SET last_seen = last_seen - interval '10 days' WHERE id <> $1", fresh.id
    )

    async def pruned() -> bool:
        return int(await ingest.query("SELECT count(*) FROM users")) == 5

    async with running_worker(keeping(settings, retention_users_days=9.0)):
        await eventually(pruned)
    stayed = await deps.user_directory.users_by_ids(
        [user.id for user in (gone, gone_too, writer, owner, quiet, online, fresh)]
    )
    assert set(stayed) == {user.id for user in (writer, owner, quiet, online, fresh)}
    assert (await deps.room_directory.totals()).users == 5


async def test_erasures_are_forgotten_long_after_their_end(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    for days, finished in ((31, True), (29, True), (31, False)):
        when = datetime.now(UTC) - timedelta(days=days)
        await ingest.query(
            "INSERT INTO erasures (id, user_id, requested_at, due_at, finished_at)"
            " VALUES ($1, $2, $3, now() + interval '1 day', $4)",
            uuid4(),
            uuid4(),
            when,
            when if finished else None,
        )

    async def forgotten() -> bool:
        return int(await ingest.query("SELECT count(*) FROM erasures")) == 2

    async with running_worker(keeping(settings)):
        await eventually(forgotten)
