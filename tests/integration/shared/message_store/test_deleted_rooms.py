from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.ingest_samples import at, message_row, room_settings

from shared.domain.times import micros_of
from shared.message_store.database import Database
from shared.message_store.deleted_rooms import DeletedRooms, Piece
from shared.message_store.erasures import Erasures
from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.message_reader import MessageReader
from shared.message_store.own_data import OwnData
from shared.message_store.records import Totals

if TYPE_CHECKING:
    from asyncpg import Pool
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.message_store.bulk_writer import BulkWriter
    from shared.message_store.room_directory import RoomDirectory

NOW = micros_of(at(1000))
AUTHOR = uuid4()


@pytest.fixture
def database(engine: AsyncEngine) -> Database:
    return Database(engine)


@pytest.fixture
def deleted(database: Database) -> DeletedRooms:
    return DeletedRooms(database)


async def room_of(rooms: RoomDirectory, writer: BulkWriter, messages: int) -> UUID:
    settings = room_settings()
    await rooms.create_room(settings)
    rows = [message_row(settings.id, n, user_id=AUTHOR) for n in range(1, messages + 1)]
    if rows:
        await writer.write_batch(IngestBatch.of(rows), 0)
    return settings.id


async def left(pool: Pool[Any], room: UUID) -> list[int]:
    rows = await pool.fetch("SELECT seq FROM messages WHERE room_id = $1 ORDER BY seq", room)
    return [row["seq"] for row in rows]


async def test_messages_of_a_deleted_room_go_in_pieces_and_those_of_others_stay(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any], deleted: DeletedRooms
) -> None:
    gone, stays = await room_of(rooms, writer, 7), await room_of(rooms, writer, 2)
    await rooms.delete_room(gone, NOW)
    assert await deleted.next_room() == gone
    assert await deleted.remove_messages(gone, 0, 3) == Piece(3, 3, is_last=False)
    assert await left(pool, gone) == [4, 5, 6, 7]
    assert await deleted.remove_messages(gone, 3, 3) == Piece(3, 6, is_last=False)
    assert await deleted.next_room() == gone
    assert await deleted.remove_messages(gone, 6, 3) == Piece(1, 7, is_last=True)
    assert await deleted.next_room() is None
    assert (await left(pool, gone), await left(pool, stays)) == ([], [1, 2])
    assert await rooms.totals() == Totals(rooms=1, users=0, messages=2)


async def test_a_room_that_was_begun_is_found_again_and_the_oldest_comes_first(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any], deleted: DeletedRooms
) -> None:
    first, second = await room_of(rooms, writer, 4), await room_of(rooms, writer, 4)
    await rooms.delete_room(second, NOW + 1)
    await rooms.delete_room(first, NOW)
    assert await deleted.next_room() == first
    await deleted.remove_messages(first, 0, 2)  # and the worker died here
    assert await deleted.next_room() == first
    assert await deleted.remove_messages(first, 0, 4) == Piece(2, 4, is_last=True)
    assert await deleted.next_room() == second
    assert await left(pool, second) == [1, 2, 3, 4]


async def test_a_room_without_messages_is_looked_at_once(
    rooms: RoomDirectory, writer: BulkWriter, deleted: DeletedRooms
) -> None:
    empty, unknown = await room_of(rooms, writer, 0), uuid4()
    for room in (empty, unknown):
        await rooms.delete_room(room, NOW)
        assert await deleted.next_room() == room
        assert await deleted.remove_messages(room, 0, 3) == Piece(0, 0, is_last=True)
        assert await deleted.next_room() is None
        assert await deleted.remove_messages(room, 0, 3) is None


async def test_a_room_that_is_there_keeps_its_messages(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any], deleted: DeletedRooms
) -> None:
    room = await room_of(rooms, writer, 2)
    assert await deleted.next_room() is None
    assert await deleted.remove_messages(room, 0, 3) is None
    assert await left(pool, room) == [1, 2]


async def test_of_two_workers_at_one_room_the_second_does_not_wait(
    rooms: RoomDirectory, writer: BulkWriter, database_url: str, deleted: DeletedRooms
) -> None:
    room = await room_of(rooms, writer, 2)
    await rooms.delete_room(room, NOW)
    other = await asyncpg.connect(database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM rooms WHERE id = $1 FOR NO KEY UPDATE", room)
            async with asyncio.timeout(5):
                assert await deleted.remove_messages(room, 0, 3) is None
    finally:
        await other.close()
    assert await deleted.remove_messages(room, 0, 3) == Piece(2, 2, is_last=True)


async def test_nothing_comes_behind_a_tombstone_however_writers_race_with_it(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any], deleted: DeletedRooms
) -> None:
    async def delete(room: UUID) -> list[int]:
        await rooms.delete_room(room, NOW)
        return await left(pool, room)

    for _ in range(10):
        room = await room_of(rooms, writer, 0)
        batches = [[message_row(room, n * 10 + i) for i in range(1, 10)] for n in range(8)]
        *_, then = await asyncio.gather(
            *(writer.write_batch(IngestBatch.of(rows), n) for n, rows in enumerate(batches)),
            delete(room),
        )
        assert await left(pool, room) == then
        piece = await deleted.remove_messages(room, 0, 100)
        assert piece == Piece(len(then), max(then, default=0), is_last=True)
    assert await pool.fetchval("SELECT count(*) FROM room_stats") == 0
    assert await rooms.totals() == Totals(rooms=0, users=0, messages=0)


async def test_nobody_reads_what_is_still_there_of_a_deleted_room(
    rooms: RoomDirectory, writer: BulkWriter, pool: Pool[Any], database: Database
) -> None:
    gone, stays = await room_of(rooms, writer, 3), await room_of(rooms, writer, 1)
    newest = await pool.fetchval("SELECT id FROM messages WHERE room_id = $1 AND seq = 3", gone)
    await rooms.delete_room(gone, NOW)
    assert await left(pool, gone) == [1, 2, 3]

    reader, own = MessageReader(database), OwnData(database)
    for deleted in (True, False):
        assert await reader.messages_before(gone, None, 9, deleted=deleted) == []
        assert await reader.messages_after(gone, 0, 9, deleted=deleted) == []
        assert len(await reader.messages_before(stays, None, 9, deleted=deleted)) == 1
        assert len(await reader.messages_after(stays, 0, 9, deleted=deleted)) == 1
    assert await reader.message_by_id(newest) is None
    found = await reader.newest_public(9)
    assert (len(found.messages), found.count) == (1, 1)
    assert len(await own.messages(AUTHOR, None, 9)) == 1


async def test_messages_of_a_room_that_is_not_stored_yet_are_read(
    writer: BulkWriter, database: Database
) -> None:
    room = uuid4()
    row = message_row(room, 1, user_id=AUTHOR)
    await writer.write_batch(IngestBatch.of([row]), 0)
    reader = MessageReader(database)
    assert len(await reader.messages_before(room, None, 9)) == 1
    assert len(await reader.messages_after(room, 0, 9)) == 1
    assert await reader.message_by_id(row.id) is not None
    assert len(await OwnData(database).messages(AUTHOR, None, 9)) == 1


async def test_who_is_erased_is_not_taken_out_of_the_sums_of_a_deleted_room_again(
    rooms: RoomDirectory,
    writer: BulkWriter,
    pool: Pool[Any],
    database: Database,
    deleted: DeletedRooms,
) -> None:
    gone, stays = await room_of(rooms, writer, 3), await room_of(rooms, writer, 2)
    await rooms.delete_room(gone, NOW)
    erasures = Erasures(database)
    await erasures.empty_orphans(AUTHOR, gone)
    assert (await rooms.totals()).messages == 2
    # They keep the erasure open until they are gone.
    assert {each.room for each in await erasures.messages_left(AUTHOR, None, 9)} >= {gone}
    await deleted.remove_messages(gone, 0, 9)
    assert {each.room for each in await erasures.messages_left(AUTHOR, None, 9)} == {stays}
    assert await left(pool, gone) == []
