from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from tests.ingest_samples import (
    at,
    message_row,
    revision_row,
    room_settings,
    room_snapshot,
    user_snapshot,
)
from tests.patience import PATIENCE_SECONDS

from shared.domain.times import micros_of
from shared.message_store import bulk_statements, bulk_writer
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.ingest_batch import IngestBatch, MessageKey
from shared.message_store.unavailable import DataRefused, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg import Pool

    from shared.message_store.ingest_batch import WriteReport
    from shared.message_store.records import IngestRow
    from shared.message_store.room_directory import RoomDirectory

SHARD = 3


async def write(writer: BulkWriter, *rows: IngestRow, shard: int = SHARD) -> WriteReport:
    return await writer.write_batch(IngestBatch.of(rows), shard)


async def counters(pool: Pool[Any]) -> dict[str, int]:
    rows = await pool.fetch("SELECT name, sum(value)::int AS value FROM counters GROUP BY name")
    return {row["name"]: row["value"] for row in rows}


async def check_sums(pool: Pool[Any]) -> None:
    """Every sum that is kept equals what a full count finds; deleted rooms are in none."""
    counted = await pool.fetch(
        """
        SELECT room_id, count(*) FILTER (WHERE deleted_at IS NULL) AS total_messages,
               max(seq) AS last_seq, max(created_at) AS last_message_at
        FROM messages
        WHERE NOT EXISTS (SELECT FROM rooms WHERE id = room_id AND rooms.deleted_at IS NOT NULL)
        GROUP BY room_id ORDER BY room_id
        """
    )
    kept = await pool.fetch("SELECT * FROM room_stats WHERE last_seq > 0 ORDER BY room_id")
    columns = ("room_id", "total_messages", "last_seq", "last_message_at")
    assert [[row[name] for name in columns] for row in kept] == [list(row) for row in counted]
    found = await counters(pool)
    assert found.get("messages", 0) == sum(row["total_messages"] for row in counted)
    assert found.get("users", 0) == await pool.fetchval("SELECT count(*) FROM users")
    living = "SELECT count(*) FROM rooms WHERE deleted_at IS NULL"
    assert found.get("rooms", 0) == await pool.fetchval(living)
    assert found.get("public_rooms", 0) == await pool.fetchval(living + " AND is_public")


async def test_a_message_is_stored_with_all_its_fields(writer: BulkWriter, pool: Pool[Any]) -> None:
    row = message_row(
        uuid4(),
        5,
        message_type="file",
        file_url="https://example.org/f",
        reply_to=uuid4(),
        client_id="c1",
    )
    assert (await write(writer, row)).inserted == 1
    stored = await pool.fetchrow("SELECT * FROM messages")
    assert stored is not None
    assert tuple(stored)[: len(row)] == tuple(row)
    assert (stored["revision"], stored["edited_at"], stored["deleted_at"]) == (0, None, None)
    await check_sums(pool)


async def test_a_batch_delivered_again_changes_nothing(writer: BulkWriter, pool: Pool[Any]) -> None:
    room = uuid4()
    rows: list[IngestRow] = [message_row(room, seq, client_id=f"c{seq}") for seq in range(1, 50)]
    rows += [user_snapshot(), room_snapshot(id=room)]
    await write(writer, *rows)
    before = await pool.fetch("SELECT * FROM messages ORDER BY seq")
    again = await write(writer, *rows, shard=7)
    assert (again.inserted, again.duplicates, again.conflicts) == (0, 49, [])
    assert await pool.fetch("SELECT * FROM messages ORDER BY seq") == before
    await check_sums(pool)


async def test_a_revision_may_come_before_its_message(writer: BulkWriter, pool: Pool[Any]) -> None:
    message = message_row(uuid4(), 1, client_id="c")
    assert (await write(writer, revision_row(message, 1, "নতুন"))).inserted == 1
    assert (await write(writer, message)).duplicates == 1
    stored = await pool.fetchrow("SELECT content, revision, client_id FROM messages")
    assert stored == ("নতুন", 1, "c")
    await check_sums(pool)


async def test_the_higher_revision_wins_in_any_order(writer: BulkWriter, pool: Pool[Any]) -> None:
    message = message_row(uuid4(), 1)
    await write(writer, message)
    assert (await write(writer, revision_row(message, 2, "second"))).revised == 1
    assert (await write(writer, revision_row(message, 1, "first"))).revised == 0
    stored = await pool.fetchrow("SELECT content, revision, edited_at, created_at FROM messages")
    assert stored == ("second", 2, at(10_002), message.created_at)


async def test_a_deleted_message_leaves_a_tombstone_that_is_not_counted(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    room = uuid4()
    first, second = message_row(room, 1), message_row(room, 2)
    await write(writer, first, second)
    gone = revision_row(first, 1, deleted=True)
    await write(writer, gone)
    await write(writer, gone)
    stats = await pool.fetchrow("SELECT total_messages, last_seq FROM room_stats")
    assert stats == (1, 2)
    stored = await pool.fetchrow("SELECT content, deleted_at FROM messages WHERE seq = 1")
    assert stored == ("", gone.changed_at)
    await check_sums(pool)


async def test_a_message_deleted_before_it_arrived_is_never_counted(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    message = message_row(uuid4(), 1)
    await write(writer, revision_row(message, 1, deleted=True))
    await write(writer, message)
    assert await pool.fetchval("SELECT total_messages FROM room_stats") == 0
    await check_sums(pool)


async def test_a_client_id_used_twice_loses_no_message(writer: BulkWriter, pool: Pool[Any]) -> None:
    room, author = uuid4(), uuid4()
    first = message_row(room, 1, user_id=author, client_id="same")
    second = message_row(room, 2, user_id=author, client_id="same")
    third = message_row(room, 3, user_id=author, client_id="same")
    await write(writer, first, second)
    report = await write(writer, third)
    assert (report.inserted, report.without_client_id, report.conflicts) == (1, 1, [])
    stored = await pool.fetch("SELECT id, client_id FROM messages ORDER BY seq")
    assert stored == [(first.id, "same"), (second.id, None), (third.id, None)]
    again = await write(writer, second, third)
    assert (again.inserted, again.duplicates) == (0, 2)
    await check_sums(pool)


async def test_a_seq_held_by_another_message_is_reported_and_the_rest_is_stored(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    room = uuid4()
    holder = message_row(room, 1)
    await write(writer, holder)
    late, good = message_row(room, 1), message_row(room, 2)
    report = await write(writer, late, good)
    assert [(c.key, c.reason) for c in report.conflicts] == [
        (MessageKey(room, 1, late.id), "seq_taken")
    ]
    assert report.inserted == 1
    assert [row["id"] for row in await pool.fetch("SELECT id FROM messages ORDER BY seq")] == [
        holder.id,
        good.id,
    ]
    await check_sums(pool)


async def test_of_two_messages_on_one_seq_in_one_batch_one_is_stored(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    room = uuid4()
    report = await write(writer, message_row(room, 1), message_row(room, 1))
    assert (report.inserted, [c.reason for c in report.conflicts]) == (1, ["seq_taken"])
    await check_sums(pool)


async def test_a_message_that_stands_at_another_seq_is_reported(writer: BulkWriter) -> None:
    row = message_row(uuid4(), 1)
    await write(writer, row)
    report = await write(writer, row._replace(seq=2))
    assert [conflict.reason for conflict in report.conflicts] == ["id_at_another_seq"]


async def test_messages_of_a_deleted_room_are_dropped(
    writer: BulkWriter, pool: Pool[Any], rooms: RoomDirectory
) -> None:
    settings = room_settings()
    await rooms.create_room(settings)
    await write(writer, message_row(settings.id, 1))
    await rooms.delete_room(settings.id, micros_of(at(5)))
    other = message_row(uuid4(), 1)
    report = await write(writer, message_row(settings.id, 2), other)
    assert (report.inserted, report.of_deleted_rooms) == (1, 1)
    found = await pool.fetch("SELECT room_id, seq FROM messages")
    assert set(found) == {(settings.id, 1), (other.room_id, 1)}
    assert await pool.fetchval("SELECT count(*) FROM room_stats") == 1
    await check_sums(pool)


async def test_a_deleted_room_is_never_resurrected(
    writer: BulkWriter, pool: Pool[Any], rooms: RoomDirectory
) -> None:
    known, unknown = room_snapshot(), room_snapshot()
    await write(writer, known)
    assert await rooms.delete_room(known.id, micros_of(at(5)))
    # Deleted while its snapshot is still on the way: the tombstone comes first.
    assert not await rooms.delete_room(unknown.id, micros_of(at(5)))
    await write(writer, known, unknown, message_row(unknown.id, 1))
    assert {
        room.deleted for room in (await rooms.rooms_by_ids([known.id, unknown.id])).values()
    } == {True}
    assert await pool.fetchval("SELECT count(*) FROM messages") == 0
    await check_sums(pool)


async def test_the_newest_snapshot_of_a_person_wins(writer: BulkWriter, pool: Pool[Any]) -> None:
    first = user_snapshot(username="এক", taken_at=at(1))
    second = first._replace(username="দুই", taken_at=at(2), is_online=False)
    await write(writer, second)
    await write(writer, first)
    row = await pool.fetchrow("SELECT username, last_seen, current_room_id FROM users")
    assert row == ("দুই", at(2), None)
    await write(writer, first._replace(username="তিন", taken_at=at(3)))
    row = await pool.fetchrow("SELECT username, last_seen, current_room_id FROM users")
    assert row == ("তিন", at(3), first.current_room)
    await check_sums(pool)


async def test_a_session_stays_with_the_user_who_has_it(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    owner = user_snapshot()
    thief = user_snapshot(session_hash=owner.session_hash)
    other = user_snapshot()
    await write(writer, owner)
    report = await write(writer, thief, other, owner)
    assert report.user_conflicts == [thief]
    assert {row["id"] for row in await pool.fetch("SELECT id FROM users")} == {owner.id, other.id}
    await check_sums(pool)


async def test_data_that_postgresql_refuses_is_told_apart_and_nothing_is_written(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    room = uuid4()
    with pytest.raises(DataRefused):
        await write(writer, message_row(room, 1), message_row(room, 2, content="a\0b"))
    with pytest.raises(DataRefused):
        await write(writer, message_row(room, 1), message_row(room, 2, client_id="x" * 65))
    with pytest.raises(DataRefused):
        await write(writer, message_row(room, 1)._replace(seq=2**63))
    assert await pool.fetchval("SELECT count(*) FROM messages") == 0
    await check_sums(pool)


class RecordingConnection:
    """Passes everything on, and remembers what was asked of PostgreSQL."""

    def __init__(self, connection: Any, asked: list[str]) -> None:
        self._connection = connection
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in ("execute", "fetch", "copy_records_to_table"):
            return method

        def ask(*args: Any, **options: Any) -> Any:
            names = {text: name for name, text in vars(bulk_statements).items() if name.isupper()}
            self._asked.append(names.get(args[0], name))
            return method(*args, **options)

        return ask


class RecordingPool:
    """Lends the connections of a pool, recording."""

    def __init__(self, pool: Pool[Any]) -> None:
        self._pool = pool
        self.asked: list[str] = []

    @asynccontextmanager
    async def acquire(self, **options: Any) -> AsyncIterator[RecordingConnection]:
        async with self._pool.acquire(**options) as connection:
            yield RecordingConnection(connection, self.asked)


BEFORE_MESSAGES = ["LOCK_ROOM_STATS", "DELETED_ROOMS"]
SUMS = ["ADD_TO_ROOM_STATS", "ADD_TO_COUNTERS"]


async def test_the_statements_of_a_batch_do_not_grow_with_it(pool: Pool[Any]) -> None:
    recording: Any = RecordingPool(pool)
    writer = BulkWriter(recording)
    rooms = [uuid4() for _ in range(7)]
    await write(writer, *(message_row(room, 1) for room in rooms))  # their totals exist now
    for seq, count in ((2, 1), (3, 100)):
        recording.asked.clear()
        rows = [message_row(room, seq * 1000 + n) for room in rooms for n in range(count)]
        assert (await write(writer, *rows)).inserted == len(rows)
        assert recording.asked == [*BEFORE_MESSAGES, "copy_records_to_table", *SUMS]
    await check_sums(pool)


async def test_what_was_stored_before_is_copied_in_vain_and_then_judged_row_by_row(
    pool: Pool[Any],
) -> None:
    recording: Any = RecordingPool(pool)
    writer = BulkWriter(recording)
    room = uuid4()
    rows = [message_row(room, seq) for seq in range(1, 11)]
    await write(writer, *rows[:5])
    recording.asked.clear()
    report = await write(writer, *rows)
    assert (report.inserted, report.duplicates) == (5, 5)
    again = [*BEFORE_MESSAGES, "INSERT_MESSAGES", "HOLDERS", *SUMS]
    assert recording.asked == [*BEFORE_MESSAGES, "copy_records_to_table", *again]
    await check_sums(pool)


async def test_a_server_that_stops_reading_what_is_copied_is_an_outage(
    writer: BulkWriter, pool: Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute(
        """
        CREATE FUNCTION stop_reading() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END';
        CREATE TRIGGER stop_reading BEFORE INSERT ON messages
        FOR EACH ROW EXECUTE FUNCTION stop_reading()
        """
    )
    room = uuid4()
    # More than sockets take in by themselves.
    rows = [message_row(room, seq, content="x" * 100_000) for seq in range(1, 301)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        with monkeypatch.context() as hasty:
            hasty.setattr(bulk_writer, "COPY_SECONDS", 0.5)
            with pytest.raises(StoreUnavailable):
                await write(writer, *rows)
        await pool.execute("DROP TRIGGER stop_reading ON messages")
        assert (await write(writer, *rows)).inserted == 300
    await check_sums(pool)


async def test_an_empty_batch_is_no_work(writer: BulkWriter, pool: Pool[Any]) -> None:
    assert (await write(writer)).inserted == 0
    assert await counters(pool) == {}


async def test_totals_are_exact_under_two_writers_and_random_redelivery(
    writer: BulkWriter, pool: Pool[Any]
) -> None:
    luck = random.Random(20261123)
    rooms = [room_snapshot(is_public=luck.random() < 0.5) for _ in range(4)]
    people = [user_snapshot() for _ in range(20)]
    rows: list[IngestRow] = [*rooms, *people]
    for room in rooms:
        for seq in range(1, 101):
            client_id = f"c{luck.randrange(40)}" if luck.random() < 0.5 else None
            person = luck.choice(people).id
            message = message_row(room.id, seq, user_id=person, client_id=client_id)
            rows.append(message)
            last = luck.choice([0, 0, 1, 2])
            rows += [revision_row(message, n, f"v{n}") for n in range(1, last)]
            if last:
                rows.append(revision_row(message, last, "v", deleted=luck.random() < 0.5))

    async def deliver(worker: int) -> None:
        delivered = luck.sample(rows, len(rows))
        for start in range(0, len(delivered), 60):
            batch = delivered[start : start + 60] + luck.sample(rows, 30)
            await write(writer, *batch, shard=worker)

    await asyncio.gather(deliver(0), deliver(1))
    assert await pool.fetchval("SELECT count(*) FROM messages") == 400
    await check_sums(pool)
