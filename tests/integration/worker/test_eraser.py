from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from tests.everything import everything_in_postgresql, everything_in_redis
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

from shared.domain.moderation import Role
from shared.domain.position import Position
from shared.message_log.log_removal import LogRemoval
from shared.message_store.review_directory import HeldRecord
from shared.presence.presence import Member
from shared.protocol.codec import decode_body
from shared.protocol.errors import ChatError, ErrorCode
from shared.usecases.moderate import Actor
from shared.usecases.post_message import CheckedDraft

if TYPE_CHECKING:
    from api_service.wiring import Deps
    from shared.domain.entities import User
    from shared.message_store.erasures import ErasureRecord
    from worker.settings import WorkerSettings

NAME, COLOR, WORD = "গোপনবালা", "#12ab34", "গোপনকথা"
SECRETS = (NAME, COLOR, WORD, "গোপনছবি")


@pytest.fixture
def settings(settings: WorkerSettings) -> WorkerSettings:
    """Those of a worker that is in a hurry."""
    return settings.model_copy(
        update={"erase_every_seconds": 0.1, "erase_settle_seconds": 0.3, "partitions": 4}
    )


@pytest.fixture(autouse=True)
def sweeps_follow_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.eraser.AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("worker.eraser.PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("worker.eraser.MESSAGES_AT_ONCE", 3)


async def request(deps: Deps, user: User) -> ErasureRecord:
    erasure = await deps.erasures.request(deps.ids.new(), user, deps.clock.micros())
    await deps.sessions.end(user.session_hash)
    return erasure


async def wait_until_done(deps: Deps, erasure: ErasureRecord) -> None:
    async def done() -> bool:
        found = await deps.erasures.find(erasure.id)
        return found is not None and found.finished_micros is not None

    await eventually(done)


async def assert_nothing_is_left(settings: WorkerSettings, ingest: Ingest) -> None:
    held = await everything_in_redis(ingest.redis, settings.key_prefix)
    stored = await everything_in_postgresql(settings.database_url.get_secret_value())
    assert "অন্যজন" in stored
    assert [secret for secret in SECRETS if secret in held or secret in stored] == []


async def test_nothing_of_the_erased_is_left_anywhere(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    hot, cold, owned = (
        (await make_room(deps)).id,
        (await make_room(deps)).id,
        await make_room(deps, user),
    )
    for room in (hot, cold):
        for n in range(4):
            await say(deps, user, room, f"{WORD} {n}")
            await say(deps, other, room, f"অন্যজন {n}")
    await say(deps, user, hot, WORD, file="https://example.org/গোপনছবি.png")
    edited = await deps.editor.find(await say(deps, user, hot, "প্রথমে"))
    await deps.editor.change(edited, CheckedDraft(f"{WORD} বদলানো", None, "text", None, None))
    await deps.editor.delete(await deps.editor.find(await say(deps, user, hot, WORD)))
    await say(deps, user, owned.id, WORD)
    await carried(ingest, settings)
    await make_cold(ingest, cold)
    last = await say(deps, user, hot, f"{WORD}, এখনো পথে")
    before = await deps.history.log.head(hot)
    assert before is not None

    erasure = await request(deps, user)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)

    await assert_nothing_is_left(settings, ingest)
    await assert_sums_are_exact(deps, ingest, hot, cold, owned.id)
    for room in (hot, cold):
        page = await deps.history.before(room, None, 50)
        assert {decode_body(m.body).user_id for m in page.messages} == {str(other.id)}
        assert page.total == 4
    start = Position(before.epoch, 0)
    recovery = await deps.history.recover(hot, start, Position(before.epoch, before.seq))
    assert recovery.complete
    told = [m for m in recovery.messages if decode_body(m.body).user_id == str(user.id)]
    assert len(told) == 8
    assert all(m.deleted and decode_body(m.body).message == "" for m in told)
    with pytest.raises(ChatError):
        await deps.editor.find(last)
    released = await deps.room_directory.read_room(owned.id)
    assert released is not None
    assert released.settings.owner_id is None
    live = await deps.live.read(owned.id)
    assert live is not None
    assert live.settings.owner_id is None
    assert await ingest.query("SELECT count(*) FROM erasures WHERE session_hash IS NOT NULL") == 0


async def test_an_erasure_that_was_broken_off_is_gone_on_with(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    room = (await make_room(deps)).id
    for n in range(7):
        await say(deps, user, room, f"{WORD} {n}")
    await say(deps, other, room, "অন্যজন")
    await carried(ingest, settings)
    erasure = await request(deps, user)

    # A worker that took it up, emptied some messages and died.
    taken = await deps.erasures.take(deps.clock.micros(), 0.2)
    assert taken is not None
    assert taken.id == erasure.id
    assert await deps.erasures.take(deps.clock.micros(), 0.2) is None
    some = await deps.erasures.messages_left(user.id, None, 3)
    removal = LogRemoval(ingest.redis, ingest.keys)
    assert await removal.erase(room, [left.message for left in some]) == 3

    async with (
        running_worker(settings),
        running_worker(settings.model_copy(update={"instance": "worker-2"})),
    ):
        await wait_until_done(deps, erasure)
    await assert_nothing_is_left(settings, ingest)
    await assert_sums_are_exact(deps, ingest, room)
    head = await deps.history.log.head(room)
    assert head is not None
    assert (head.seq, head.ev) == (8, 7)  # each was told once


async def test_what_comes_from_the_queue_after_the_wish_is_emptied_too(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    room = (await make_room(deps)).id
    await say(deps, other, room, "অন্যজন")
    erasure = await request(deps, user)
    # By a socket that nobody could close in time, with its leave behind it.
    await say(deps, user, room, WORD)
    member = Member(room, user.id, uuid4())
    await deps.presence.join(member, user)
    await deps.presence.leave(member, user, grace_ms=0)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)
        await eventually(lambda: _nobody_in(deps, room))
    await assert_nothing_is_left(settings, ingest)
    await assert_sums_are_exact(deps, ingest, room)


async def _nobody_in(deps: Deps, room: UUID) -> bool:
    return (await deps.presence.snapshot(room)).people == ()


async def test_an_erasure_is_not_done_while_a_socket_is_open(
    deps: Deps, settings: WorkerSettings
) -> None:
    user = await make_person(deps, NAME, COLOR)
    room = (await make_room(deps)).id
    await deps.rooms.open(room)
    member = Member(room, user.id, uuid4())
    await deps.presence.join(member, user)
    erasure = await request(deps, user)
    async with running_worker(settings):

        async def settled() -> bool:
            waited = deps.clock.micros() - erasure.requested_micros
            return waited > 3 * settings.erase_settle_seconds * 1_000_000

        await eventually(settled)
        found = await deps.erasures.find(erasure.id)
        assert found is not None
        assert found.finished_micros is None
        await deps.presence.leave(member, user, grace_ms=0)
        await wait_until_done(deps, erasure)


async def test_a_message_in_a_room_that_is_nowhere_is_emptied(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    room = (await make_room(deps)).id
    await say(deps, user, room, WORD)
    await say(deps, other, room, "অন্যজন")
    await carried(ingest, settings)
    await make_cold(ingest, room)
    await ingest.query("DELETE FROM rooms WHERE id = $1", room)
    erasure = await request(deps, user)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)
    await assert_nothing_is_left(settings, ingest)
    await assert_sums_are_exact(deps, ingest, room)


async def test_an_erasure_ends_when_a_deleted_room_has_nothing_of_them_any_more(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    gone, stays = (await make_room(deps)).id, (await make_room(deps)).id
    for n in range(4):
        await say(deps, user, gone, f"{WORD} {n}")
    await say(deps, other, stays, "অন্যজন")
    await carried(ingest, settings)
    await make_cold(ingest, gone)
    await deps.room_directory.delete_room(gone, deps.clock.micros())
    erasure = await request(deps, user)
    late = settings.model_copy(update={"empty_every_seconds": 600.0})
    await ingest.query("UPDATE rooms SET emptied_at = now() WHERE id = $1", gone)
    async with running_worker(late):

        async def swept() -> bool:
            since = deps.clock.micros() - erasure.requested_micros
            return since > 5 * settings.erase_settle_seconds * 1_000_000

        await eventually(swept)
        found = await deps.erasures.find(erasure.id)
        assert found is not None
        assert found.finished_micros is None
    await ingest.query("UPDATE rooms SET emptied_at = NULL WHERE id = $1", gone)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)
    await assert_nothing_is_left(settings, ingest)
    await assert_sums_are_exact(deps, ingest, stays)


async def put_records_of_staff(ingest: Ingest, room: UUID, user: UUID, other: UUID) -> None:
    """Reports by and about `user`, what was held of them, and what staff decided about them."""
    await ingest.query(
        "INSERT INTO reports (id, room_id, message_id, user_id, username, content, reporter_id,"
        " reason, created_at) VALUES ($1, $2, $1, $3, $4, $5, $6, 'অন্যজন', now())",
        uuid4(),
        room,
        user,
        NAME,
        WORD,
        other,
    )
    await ingest.query(
        "INSERT INTO reports (id, room_id, message_id, user_id, username, content, reporter_id,"
        " reason, created_at) VALUES ($1, $2, $1, $3, 'অন্যজন', 'অন্যজন', $4, $5, now())",
        uuid4(),
        room,
        other,
        user,
        WORD,
    )
    await ingest.query(
        "INSERT INTO held_messages (id, room_id, user_id, username, color, content, message_type,"
        " file_url, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'image', $7, now())",
        uuid4(),
        room,
        user,
        NAME,
        COLOR,
        WORD,
        "https://example.org/গোপনছবি.png",
    )
    await ingest.query(
        "INSERT INTO moderators (room_id, user_id, username, created_at)"
        " VALUES ($1, $2, $3, now())",
        room,
        user,
        NAME,
    )
    await ingest.query(
        "INSERT INTO sanctions (id, room_id, kind, subject_kind, subject, shown_as, reason,"
        " made_by, created_at) VALUES ($1, $2, 'ban', 'user', $3, $4, '', 'admin:x', now())",
        uuid4(),
        room,
        str(user),
        NAME,
    )


async def test_dead_letters_and_records_of_staff_are_emptied(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    room = (await make_room(deps)).id
    await say(deps, other, room, "অন্যজন")
    fields: Any = {
        b"k": b"m",
        b"b": f'{{"message":"{WORD}","user_id":"{user.id}"}}'.encode(),
        b"reason": b"newer_version",
    }
    await ingest.redis.xadd(ingest.keys.dead(1), fields)
    await ingest.redis.xadd(ingest.keys.dead(1), {**fields, b"b": b"{}"})
    await put_records_of_staff(ingest, room, user.id, other.id)
    erasure = await request(deps, user)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)
    await assert_nothing_is_left(settings, ingest)
    assert await ingest.redis.xlen(ingest.keys.dead(1)) == 1


async def test_staff_are_not_asked_about_the_erased_any_more(
    deps: Deps, ingest: Ingest, settings: WorkerSettings
) -> None:
    user, other = await make_person(deps, NAME, COLOR), await make_person(deps, "অন্যজন")
    room = (await make_room(deps)).id
    await put_records_of_staff(ingest, room, user.id, other.id)
    await ingest.query(
        "UPDATE held_messages SET decided_at = now(), decided_by = 'admin:x', decision = 'rejected'"
    )
    held = HeldRecord(
        deps.ids.new(), room, user.id, NAME, COLOR, WORD, "text", None, None, deps.clock.micros()
    )
    await deps.reviews.hold(held)
    erasure = await request(deps, user)
    async with running_worker(settings):
        await wait_until_done(deps, erasure)
    decided = "SELECT string_agg(decision || ' ' || decided_by, ', ' ORDER BY id) FROM {}"
    assert await ingest.query(decided.format("held_messages WHERE id = $1"), held.id) == (
        "erased erasure"
    )
    assert await ingest.query(decided.format("held_messages WHERE id <> $1"), held.id) == (
        "rejected admin:x"
    )
    assert await ingest.query(decided.format("reports WHERE user_id = $1"), user.id) == (
        "erased erasure"
    )
    # Others are still answerable for what the erased have reported.
    [report] = await deps.reviews.open_reports(room, 10)
    assert (report.user, report.reporter) == (other.id, user.id)
    with pytest.raises(ChatError) as caught:
        await deps.moderator.decide_held(Actor(Role.ADMIN, "x"), room, held.id, approve=True)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert (await deps.history.before(room, None, 10)).total == 0
