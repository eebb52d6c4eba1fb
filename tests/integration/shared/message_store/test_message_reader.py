from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.ingest_samples import entry_of, message_row, revision_row, room_settings

from shared.domain.times import micros_of
from shared.message_store.ingest_batch import IngestBatch
from shared.protocol.codec import decode_body

if TYPE_CHECKING:
    from shared.message_store.bulk_writer import BulkWriter
    from shared.message_store.message_reader import MessageReader
    from shared.message_store.records import IngestRow
    from shared.message_store.room_directory import RoomDirectory


async def store(writer: BulkWriter, *rows: IngestRow) -> None:
    await writer.write_batch(IngestBatch.of(rows), 0)


async def test_a_message_comes_back_as_the_body_that_was_sent(
    writer: BulkWriter, reader: MessageReader
) -> None:
    row = message_row(
        uuid4(),
        1,
        message_type="image",
        file_url="https://example.org/ছবি",
        reply_to=uuid4(),
        client_id="c",
    )
    await store(writer, row)
    message = await reader.message_by_id(row.id)
    assert message is not None
    assert message.body == entry_of(row)[b"b"]
    assert (message.seq, message.micros) == (1, micros_of(row.created_at))
    assert (message.revision, message.revised_micros, message.deleted) == (0, 0, False)


async def test_an_unknown_message_is_none(reader: MessageReader) -> None:
    assert await reader.message_by_id(uuid4()) is None


async def test_history_is_read_from_both_ends(writer: BulkWriter, reader: MessageReader) -> None:
    room = uuid4()
    await store(writer, *(message_row(room, seq) for seq in range(1, 11)), message_row(uuid4(), 1))

    async def before(seq: int | None, limit: int) -> list[int]:
        return [m.seq for m in await reader.messages_before(room, seq, limit)]

    async def after(seq: int, limit: int) -> list[int]:
        return [m.seq for m in await reader.messages_after(room, seq, limit)]

    assert await before(None, 3) == [10, 9, 8]
    assert await before(8, 3) == [7, 6, 5]
    assert await before(1, 3) == []
    assert await before(10**30, 1) == [10]
    assert await after(0, 3) == [1, 2, 3]
    assert await after(8, 5) == [9, 10]
    assert await after(10**30, 5) == []


async def test_changed_and_deleted_messages_are_flagged(
    writer: BulkWriter, reader: MessageReader
) -> None:
    room = uuid4()
    plain, changed, deleted = (message_row(room, seq) for seq in (1, 2, 3))
    edit, removal = revision_row(changed, 4, "নতুন"), revision_row(deleted, 2, deleted=True)
    await store(writer, plain, changed, deleted)
    await store(writer, edit, removal)
    gone, new, _ = await reader.messages_before(room, None, 10)
    assert (new.revision, new.revised_micros) == (4, micros_of(edit.changed_at))
    assert (decode_body(new.body).message, new.deleted) == ("নতুন", False)
    assert (gone.revision, gone.revised_micros) == (2, micros_of(removal.changed_at))
    assert (decode_body(gone.body).message, gone.deleted) == ("", True)


async def test_the_newest_of_all_public_rooms_leave_out_what_is_not_for_all(
    writer: BulkWriter, reader: MessageReader, rooms: RoomDirectory
) -> None:
    first, second, hidden = (
        room_settings(),
        room_settings(),
        room_settings(is_public=False),
    )
    for room in (first, second, hidden):
        await rooms.create_room(room)
    rows = [
        message_row(first.id, 1),
        message_row(hidden.id, 1),
        message_row(second.id, 1),
        message_row(first.id, 2),
        message_row(second.id, 2),
    ]
    await store(writer, *rows)
    await store(writer, revision_row(rows[3], 1, deleted=True))
    expected = sorted((rows[n].id for n in (0, 2, 4)), reverse=True)
    page = await reader.newest_public(2)
    found = [decode_body(message.body).message_id for message in page.messages]
    assert found == [str(i) for i in expected[:2]]
    rest = await reader.newest_public(2, older_than=expected[1])
    assert [decode_body(m.body).message_id for m in rest.messages] == [str(expected[2])]
    assert page.count == 4
