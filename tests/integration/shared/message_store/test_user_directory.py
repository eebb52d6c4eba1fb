from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.ingest_samples import at, user, user_snapshot

from shared.domain.times import micros_of
from shared.message_store.ingest_batch import IngestBatch

if TYPE_CHECKING:
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
