from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.ingest_samples import message_row
from tests.integration.shared.conftest import IDS
from tests.integration.shared.usecases.conftest import draft

from shared.message_store.ingest_batch import IngestBatch
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.usecases.change_message import MessageEditor

if TYPE_CHECKING:
    from tests.integration.shared.usecases.conftest import NewRoom, Post
    from tests.integration.shared.usecases.mover import Mover

    from shared.message_log.message_log import MessageLog
    from shared.message_store.message_reader import MessageReader
    from shared.redis_schema.keys import Keys
    from shared.usecases.open_room import RoomOpener


PLACES = ["in the log", "in both", "in postgresql"]


async def move_to(place: str, mover: Mover, room: UUID) -> None:
    if place != "in the log":
        await mover.save()
    if place == "in postgresql":
        await mover.trim(room)


async def assert_not_found(editor: MessageEditor, message_id: UUID) -> None:
    with pytest.raises(ChatError) as caught:
        await editor.find(message_id)
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND


@pytest.mark.parametrize("place", PLACES)
async def test_a_message_is_found_wherever_it_is(
    editor: MessageEditor, post: Post, new_room: NewRoom, mover: Mover, place: str
) -> None:
    room = (await new_room()).id
    _, wanted, _ = [await post(room, content) for content in ("আগে", "এই", "পরে")]
    await move_to(place, mover, room)
    found = await editor.find(wanted)
    assert (found.room, found.message.seq, found.body.message) == (room, 2, "এই")
    assert found.body.message_id == str(wanted)


@pytest.mark.parametrize("place", PLACES)
async def test_a_change_is_seen_at_once_and_reaches_postgresql(
    editor: MessageEditor,
    post: Post,
    reader: MessageReader,
    new_room: NewRoom,
    mover: Mover,
    place: str,
) -> None:
    room = (await new_room()).id
    message_id = await post(room, "আগে")
    await move_to(place, mover, room)
    changed = await editor.change(await editor.find(message_id), draft("পরে"))
    assert (changed.body.message, changed.message.revision) == ("পরে", 1)
    assert await editor.find(message_id) == changed
    await mover.save()
    await mover.trim(room)
    await mover.forget_edits(room)
    stored = await reader.message_by_id(message_id)
    assert stored == changed.message
    again = await editor.change(await editor.find(message_id), draft("আরও পরে"))
    assert again.message.revision == 2


@pytest.mark.parametrize("place", PLACES)
async def test_a_deleted_message_is_gone_for_good(
    editor: MessageEditor, post: Post, new_room: NewRoom, mover: Mover, place: str
) -> None:
    room = (await new_room()).id
    message_id = await post(room, "আগে")
    await move_to(place, mover, room)
    found = await editor.find(message_id)
    await editor.delete(found)
    await assert_not_found(editor, message_id)
    await editor.delete(found)  # the same call again, as after a lost answer, counts once
    with pytest.raises(ChatError) as caught:
        await editor.change(found, draft("ফিরে আসি"))
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND
    await mover.save()
    await mover.trim(room)
    await mover.forget_edits(room)
    await assert_not_found(editor, message_id)


async def test_who_changes_what_was_changed_meanwhile_is_told(
    editor: MessageEditor, post: Post, new_room: NewRoom
) -> None:
    message_id = await post((await new_room()).id, "আগে")
    found = await editor.find(message_id)
    await editor.change(found, draft("এক"))
    with pytest.raises(ChatError) as caught:
        await editor.change(found, draft("দুই"))
    assert caught.value.code is ErrorCode.CONFLICT
    assert (await editor.find(message_id)).body.message == "এক"


async def test_deleting_goes_through_though_it_was_changed_meanwhile(
    editor: MessageEditor, post: Post, new_room: NewRoom
) -> None:
    message_id = await post((await new_room()).id, "আগে")
    found = await editor.find(message_id)
    await editor.change(found, draft("এক"))
    await editor.delete(found)
    await assert_not_found(editor, message_id)


async def test_an_unknown_message_is_not_found(editor: MessageEditor) -> None:
    await assert_not_found(editor, IDS.new())
    await assert_not_found(editor, uuid4())  # nor one whose id tells no time


async def test_an_id_that_stands_in_anothers_text_is_not_that_message(
    editor: MessageEditor, post: Post, new_room: NewRoom
) -> None:
    mentioned = IDS.new()
    await post((await new_room()).id, f"দেখুন {mentioned}")
    await assert_not_found(editor, mentioned)


async def test_a_reply_from_elsewhere_does_not_hide_the_message(
    editor: MessageEditor, post: Post, new_room: NewRoom, keys: Keys
) -> None:
    rooms = sorted([(await new_room()).id for _ in range(8)], key=keys.partition_of)
    wanted = await post(rooms[-1], "প্রশ্ন")
    for room in rooms:  # their queues are looked through first
        await post(room, f'দেখুন {wanted}, "message_id":"{wanted}"')
    assert (await editor.find(wanted)).body.message == "প্রশ্ন"


async def test_an_old_message_with_an_id_of_another_kind_is_found(
    editor: MessageEditor, new_room: NewRoom, mover: Mover
) -> None:
    row = message_row((await new_room()).id, 1, id=uuid4())
    await mover.writer.write_batch(IngestBatch.of([row]), 0)
    assert (await editor.find(row.id)).body.message == row.content


@pytest.mark.parametrize("place", PLACES)
async def test_a_message_of_a_deleted_room_is_not_found(
    editor: MessageEditor,
    post: Post,
    opener: RoomOpener,
    new_room: NewRoom,
    mover: Mover,
    place: str,
) -> None:
    room = (await new_room()).id
    message_id = await post(room, "আগে")
    await move_to(place, mover, room)
    await opener.directory.delete_room(room, 1)
    await opener.live.close(room)
    await assert_not_found(editor, message_id)


async def test_a_message_of_a_room_that_redis_lost_can_be_changed(
    editor: MessageEditor, post: Post, new_room: NewRoom, mover: Mover
) -> None:
    room = (await new_room()).id
    message_id = await post(room, "আগে")
    await mover.save()
    await mover.lose(room)
    await editor.change(await editor.find(message_id), draft("পরে"))
    assert (await editor.find(message_id)).body.message == "পরে"


async def test_without_postgresql_what_is_still_on_its_way_there_can_be_changed(
    log: MessageLog,
    reader_away: MessageReader,
    opener_without_postgres: RoomOpener,
    post: Post,
    new_room: NewRoom,
    mover: Mover,
) -> None:
    editor = MessageEditor(log, reader_away, opener_without_postgres)
    room = (await new_room()).id
    stored = await post(room, "আগে")
    await mover.save()
    waiting = await post(room, "পরে")
    await editor.change(await editor.find(waiting), draft("বদলানো"))
    assert (await editor.find(waiting)).body.message == "বদলানো"
    with pytest.raises(Unavailable) as caught:
        await editor.find(stored)
    assert caught.value.part == "postgres"
