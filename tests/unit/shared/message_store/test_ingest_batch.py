from __future__ import annotations

import random
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.ingest_samples import at, message_row, revision_row, room_snapshot, user_snapshot

if TYPE_CHECKING:
    from shared.message_store.records import IngestRow

from shared.message_store.ingest_batch import IngestBatch, StoredRow, columns


def test_rows_are_sorted_by_the_key_that_is_locked() -> None:
    rooms = [uuid4() for _ in range(5)]
    rows = [message_row(room, seq) for room in rooms for seq in (3, 1, 2)]
    random.shuffle(rows)
    batch = IngestBatch.of([*rows, *(revision_row(row, 1) for row in rows[::4])])
    for found, count in ((batch.sent, 11), (batch.messages, 15)):
        places = [row.key if isinstance(row, StoredRow) else row[:3] for row in found]
        assert places == sorted(places)
        assert len(places) == count


def test_of_one_message_only_the_newest_revision_is_left() -> None:
    message = message_row(uuid4(), 1)
    newest = revision_row(message, 2, "b")
    rows: list[IngestRow] = [message, revision_row(message, 1, "a"), newest]
    for order in (rows, rows[::-1]):
        (row,) = IngestBatch.of(order).messages
        assert (row.revision, row.message.content, row.edited_at) == (2, "b", newest.changed_at)


def test_a_message_delivered_twice_is_written_once() -> None:
    message = message_row(uuid4(), 1)
    assert IngestBatch.of([message, message._replace()]).sent == (message,)


def test_messages_of_some_rooms_can_be_left_out() -> None:
    gone, kept = message_row(uuid4(), 1), message_row(uuid4(), 1)
    changed = revision_row(gone._replace(seq=2), 1)
    batch = IngestBatch.of([gone, kept, changed, room_snapshot()])
    assert batch.rooms_of_messages == {gone.room_id, kept.room_id}
    left = batch.without_messages_of({gone.room_id})
    assert (left.sent, left.changed, left.rooms) == ((kept,), (), batch.rooms)
    assert (batch.count, left.count) == (3, 1)


def test_two_messages_on_one_seq_are_both_kept_for_the_database_to_judge() -> None:
    room = uuid4()
    assert len(IngestBatch.of([message_row(room, 1), message_row(room, 1)]).messages) == 2


def test_of_one_person_only_the_newest_snapshot_is_left() -> None:
    older = user_snapshot(username="আগে", taken_at=at(1))
    newer = older._replace(username="পরে", taken_at=at(2))
    assert IngestBatch.of([newer, older]).users == (newer,)
    assert IngestBatch.of([older, newer]).users == (newer,)


def test_of_one_room_the_first_snapshot_is_left() -> None:
    room = room_snapshot()
    assert IngestBatch.of([room, room._replace(name="অন্য")]).rooms == (room,)


def test_a_deleted_message_is_a_tombstone() -> None:
    revision = revision_row(message_row(uuid4(), 1), 1, deleted=True)
    (row,) = IngestBatch.of([revision]).messages
    assert row.deleted_at == row.edited_at == revision.changed_at


def test_columns_are_rows_turned_around() -> None:
    assert columns([(1, "a"), (2, "b")]) == [(1, 2), ("a", "b")]
