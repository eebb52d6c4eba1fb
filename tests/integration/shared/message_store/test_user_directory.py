from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import event
from tests.ingest_samples import at, user, user_snapshot

from shared.domain.times import micros_of
from shared.message_store.ingest_batch import IngestBatch

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.message_store.bulk_writer import BulkWriter
    from shared.message_store.room_directory import RoomDirectory
    from shared.message_store.user_directory import UserDirectory


async def test_a_user_is_found_by_session_and_by_id(users: UserDirectory) -> None:
    somebody = user()
    assert await users.create_user(somebody)
    assert await users.user_by_session(somebody.session_hash) == somebody
    found = await users.users_by_ids([somebody.id, uuid4()])
    assert found[somebody.id].user == somebody
    assert found[somebody.id].last_seen_micros == somebody.created_micros
    assert len(found) == 1


async def test_an_unknown_session_is_nobody(users: UserDirectory) -> None:
    assert await users.user_by_session(b"\0" * 32) is None


async def test_a_crowd_that_comes_at_once_is_looked_up_with_a_few_questions(
    users: UserDirectory, engine: AsyncEngine
) -> None:
    known = [user() for _ in range(5)]
    for somebody in known:
        assert await users.create_user(somebody)
    asked: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    strangers = [uuid4().bytes * 2 for _ in range(300)]
    hashes = [*(somebody.session_hash for somebody in known), *strangers]
    found = await asyncio.gather(*map(users.user_by_session, hashes))
    assert found == [*known, *[None] * 300]
    assert 1 <= len(asked) <= 2


async def test_creating_a_user_again_changes_nothing(
    users: UserDirectory, rooms: RoomDirectory
) -> None:
    somebody = user()
    assert await users.create_user(somebody)
    assert not await users.create_user(replace(somebody, username="অন্য"))
    assert not await users.create_user(user(session_hash=somebody.session_hash))
    assert await users.user_by_session(somebody.session_hash) == somebody
    assert (await rooms.totals()).users == 1


async def test_a_snapshot_moves_the_time_last_seen(
    users: UserDirectory, writer: BulkWriter, rooms: RoomDirectory
) -> None:
    somebody = user()
    await users.create_user(somebody)
    snapshot = user_snapshot(
        id=somebody.id, session_hash=somebody.session_hash, username="নতুন", taken_at=at(60)
    )
    await writer.write_batch(IngestBatch.of([snapshot]), 0)
    found = (await users.users_by_ids([somebody.id]))[somebody.id]
    assert (found.user.username, found.last_seen_micros) == ("নতুন", micros_of(at(60)))
    assert (await rooms.totals()).users == 1
