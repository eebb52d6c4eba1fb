from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from tests.ingest_samples import at, message_row, room_settings, user_snapshot

from shared.domain.times import micros_of
from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.records import RoomRecord, Totals
from shared.message_store.room_directory import RoomCursor

if TYPE_CHECKING:
    from asyncpg import Pool

    from shared.domain.entities import RoomSettings
    from shared.message_store.bulk_writer import BulkWriter
    from shared.message_store.room_directory import RoomDirectory

NOW = micros_of(at(1000))


async def make_rooms(rooms: RoomDirectory, count: int, **changes: Any) -> list[RoomSettings]:
    """Rooms one second apart, newest first as lists have them."""
    made = [
        room_settings(**{"name": f"রুম {n}", "created_micros": micros_of(at(n)), **changes})
        for n in range(count)
    ]
    for settings in made:
        assert await rooms.create_room(settings)
    return made[::-1]


def settings_of(records: tuple[RoomRecord, ...]) -> list[RoomSettings]:
    return [record.settings for record in records]


async def test_a_room_is_read_as_it_was_created(rooms: RoomDirectory) -> None:
    settings = room_settings(owner_id=uuid4(), description=None, is_public=False)
    assert await rooms.create_room(settings)
    assert await rooms.read_room(settings.id) == RoomRecord(settings, False, 0, 0)


async def test_an_unknown_room_is_none(rooms: RoomDirectory) -> None:
    assert await rooms.read_room(uuid4()) is None


async def test_creating_a_room_again_keeps_the_first(rooms: RoomDirectory) -> None:
    settings = room_settings()
    assert await rooms.create_room(settings)
    assert not await rooms.create_room(replace(settings, name="অন্য"))
    record = await rooms.read_room(settings.id)
    assert record is not None
    assert record.settings == settings
    assert (await rooms.totals()).rooms == 1


async def test_a_change_keeps_owner_and_age(rooms: RoomDirectory) -> None:
    settings = room_settings(owner_id=uuid4())
    await rooms.create_room(settings)
    changed = replace(settings, name="নতুন", description=None, max_users=7, updated_micros=NOW)
    record = await rooms.update_room(replace(changed, owner_id=uuid4(), created_micros=NOW))
    assert record is not None
    assert record.settings == changed


async def test_what_is_not_there_cannot_be_changed(rooms: RoomDirectory) -> None:
    settings = room_settings()
    assert await rooms.update_room(settings) is None
    await rooms.create_room(settings)
    await rooms.delete_room(settings.id, NOW)
    assert await rooms.update_room(settings) is None


async def test_an_unlisted_room_leaves_the_list_and_its_count(rooms: RoomDirectory) -> None:
    (settings,) = await make_rooms(rooms, 1)
    await rooms.update_room(replace(settings, is_public=False))
    assert (await rooms.list_rooms(1, 10)).count == 0
    again = await rooms.update_room(settings)
    assert again is not None
    page = await rooms.list_rooms(1, 10)
    assert (settings_of(page.rooms), page.count) == ([again.settings], 1)


async def test_changes_of_different_fields_at_once_do_not_undo_each_other(
    rooms: RoomDirectory,
) -> None:
    settings = room_settings()
    await rooms.create_room(settings)
    named = replace(settings, name="নতুন নাম")
    described = replace(settings, description="নতুন বর্ণনা")
    await asyncio.gather(
        rooms.update_room(named, ["name"]), rooms.update_room(described, ["description"])
    )
    record = await rooms.read_room(settings.id)
    assert record is not None
    assert (record.settings.name, record.settings.description) == ("নতুন নাম", "নতুন বর্ণনা")
    assert record.settings.updated_micros >= settings.updated_micros + 2


async def test_a_deleted_room_takes_its_messages_out_of_all_sums(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any]
) -> None:
    gone, stays = await make_rooms(rooms, 2)
    rows = [message_row(room.id, seq) for room in (gone, stays) for seq in (1, 2, 3)]
    await writer.write_batch(IngestBatch.of(rows), 0)
    assert await rooms.delete_room(gone.id, NOW)
    record = await rooms.read_room(gone.id)
    assert record is not None
    assert record.deleted
    assert (record.total_messages, record.last_seq) == (0, 0)
    assert await rooms.totals() == Totals(rooms=1, users=0, messages=3)
    kept = "SELECT count(*) FROM room_stats WHERE room_id = $1"
    assert [await pool.fetchval(kept, room.id) for room in (gone, stays)] == [0, 1]
    assert settings_of((await rooms.list_rooms(1, 10)).rooms) == [stays]


async def test_a_room_is_deleted_at_once_whatever_is_done_with_its_messages(
    rooms: RoomDirectory, writer: BulkWriter, database_url: str
) -> None:
    (settings,) = await make_rooms(rooms, 1)
    await writer.write_batch(IngestBatch.of([message_row(settings.id, 1)]), 0)
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM messages FOR UPDATE")
            async with asyncio.timeout(5):
                assert await rooms.delete_room(settings.id, NOW)
    finally:
        await other.close()


async def test_a_room_is_deleted_once(rooms: RoomDirectory) -> None:
    settings = room_settings()
    await rooms.create_room(settings)
    assert await rooms.delete_room(settings.id, NOW)
    assert not await rooms.delete_room(settings.id, NOW)
    assert not await rooms.create_room(settings)
    assert await rooms.totals() == Totals(rooms=0, users=0, messages=0)


async def test_a_list_is_paged_newest_first_and_public_only(rooms: RoomDirectory) -> None:
    made = await make_rooms(rooms, 5)
    await make_rooms(rooms, 2, is_public=False)
    first, second = await rooms.list_rooms(1, 3), await rooms.list_rooms(2, 3)
    assert settings_of(first.rooms) + settings_of(second.rooms) == made
    assert first.count == second.count == 5
    assert (await rooms.list_rooms(9, 3)).rooms == ()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ক্রিকেট", ["খেলাধুলা"]),
        ("খেলা", ["খেলাধুলা"]),
        ("ধ", ["খেলাধুলা"]),
        ("PYTHON", ["টেকনোলজি"]),
        ("100%", ["টেকনোলজি"]),
        ("%", ["টেকনোলজি"]),
        ("_", []),
        ("\\", []),
        ("'; DROP TABLE rooms; --", []),
        ("\0", []),
        ("/", []),
    ],
)
async def test_a_search_takes_every_character_as_it_is(
    rooms: RoomDirectory, search: str, found: list[str]
) -> None:
    for name, description in (
        ("খেলাধুলা", "ক্রিকেট, ফুটবল সহ সব খেলাধুলা"),
        ("টেকনোলজি", "Python, 100% প্রোগ্রামিং"),
        ("নীরব", None),
    ):
        await rooms.create_room(room_settings(name=name, description=description))
    await rooms.create_room(room_settings(name="গোপন ক্রিকেট 100%", is_public=False))
    page = await rooms.list_rooms(1, 10, search)
    assert [record.settings.name for record in page.rooms] == found
    assert page.count == len(found)


async def test_a_cursor_goes_through_all_public_rooms_once(rooms: RoomDirectory) -> None:
    made = await make_rooms(rooms, 3)
    twins = await make_rooms(rooms, 4, created_micros=micros_of(at(1)))
    seen: list[RoomRecord] = []
    cursor = None
    while batch := await rooms.public_rooms_after(cursor, 2):
        seen += batch
        cursor = RoomCursor.of(batch[-1])
    expected = sorted([*made, *twins], key=lambda s: (s.created_micros, s.id), reverse=True)
    assert [record.settings for record in seen] == expected


async def test_rooms_are_read_by_their_ids(rooms: RoomDirectory) -> None:
    made = await make_rooms(rooms, 3)
    found = await rooms.rooms_by_ids([made[0].id, made[2].id, uuid4()])
    assert {key: record.settings for key, record in found.items()} == {
        made[0].id: made[0],
        made[2].id: made[2],
    }
    assert await rooms.rooms_by_ids([]) == {}


async def test_totals_are_sums_over_all_who_count(rooms: RoomDirectory, writer: BulkWriter) -> None:
    made = await make_rooms(rooms, 3)
    rows = [message_row(made[0].id, seq) for seq in range(1, 6)]
    for shard in range(3):
        await writer.write_batch(IngestBatch.of([*rows, user_snapshot()]), shard)
    assert await rooms.totals() == Totals(rooms=3, users=3, messages=5)
    record = await rooms.read_room(made[0].id)
    assert record is not None
    assert (record.total_messages, record.last_seq) == (5, 5)


async def test_a_room_that_is_just_being_stored_is_deleted_too(
    rooms: RoomDirectory, database_url: str
) -> None:
    settings = room_settings()
    storing = await asyncpg.connect(database_url)
    try:
        transaction = storing.transaction()
        await transaction.start()
        await storing.execute(
            "INSERT INTO rooms (id, name, is_public, max_users, created_at, updated_at)"
            " VALUES ($1, 'x', true, 100, now(), now())",
            settings.id,
        )
        deleting = asyncio.create_task(rooms.delete_room(settings.id, NOW))
        await asyncio.sleep(0.2)
        assert not deleting.done()
        await transaction.commit()
        assert await deleting is True
    finally:
        await storing.close()
    record = await rooms.read_room(settings.id)
    assert record is not None
    assert record.deleted
