from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from tests.integration.shared.conftest import IDS, make_user
from tests.integration.shared.usecases.conftest import draft

from shared.message_log.unsaved_messages import UnsavedMessages
from shared.message_store.ingest_entries import encode_user
from shared.presence.presence import Member, Presence
from shared.protocol.codec import decode_body
from shared.protocol.errors import Unavailable
from shared.usecases.change_message import MessageEditor
from shared.usecases.read_newest import NewestPage, NewestReader

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from tests.integration.shared.usecases.conftest import NewRoom, Post
    from tests.integration.shared.usecases.mover import Mover

    from shared.message_store.message_reader import MessageReader
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts
    from shared.rooms.live_rooms import LiveRooms
    from shared.usecases.open_room import RoomOpener


@pytest.fixture
def newest(redis: Redis, keys: Keys, reader: MessageReader, live: LiveRooms) -> NewestReader:
    return NewestReader(UnsavedMessages(redis, keys), reader, live)


def ids_of(page: NewestPage) -> list[UUID]:
    return [UUID(decode_body(message.body).message_id) for message in page.messages]


async def all_pages(newest: NewestReader, limit: int) -> list[UUID]:
    found: list[UUID] = []
    place: UUID | None = None
    while True:
        page = await newest.read(place, limit)
        found += ids_of(page)
        if page.older_than is None:
            return found
        place = page.older_than


async def test_an_empty_server_has_nothing_new(newest: NewestReader) -> None:
    assert await newest.read(None, 10) == NewestPage((), None, 0)


async def test_messages_of_all_rooms_are_merged_by_time_wherever_they_are(
    newest: NewestReader, post: Post, new_room: NewRoom, mover: Mover
) -> None:
    rooms = [(await new_room()).id for _ in range(4)]
    said = [await post(rooms[n % 4], f"{n}") for n in range(8)]
    await mover.save()
    said += [await post(rooms[n % 4], f"{n}") for n in range(8, 14)]
    page = await newest.read(None, 50)
    assert ids_of(page) == sorted(said, reverse=True)
    assert page.older_than is None
    assert page.count == 8


@pytest.mark.parametrize("saved", [0, 5, 25, 30])
@pytest.mark.parametrize("limit", [1, 4, 100])
async def test_pages_follow_each_other_without_hole_or_repetition(
    newest: NewestReader, post: Post, new_room: NewRoom, mover: Mover, saved: int, limit: int
) -> None:
    room = (await new_room()).id
    said = []
    for n in range(30):
        if n == saved:
            await mover.save()
        said.append(await post(room, f"{n}"))
    if saved == 30:
        await mover.save()
    assert await all_pages(newest, limit) == sorted(said, reverse=True)


async def test_what_else_waits_in_the_queue_hides_no_message(
    newest: NewestReader, post: Post, new_room: NewRoom, redis: Redis, keys: Keys
) -> None:
    room = (await new_room()).id
    said = await post(room, "হ্যালো")
    ingest = keys.ingest(keys.partition_of(room))
    for n in range(30):  # people come and go
        await redis.xadd(ingest, dict(encode_user(make_user(), room, n)))  # type: ignore[arg-type]
    assert ids_of(await newest.read(None, 3)) == [said]


async def test_a_busy_unlisted_room_hides_no_message(
    newest: NewestReader, post: Post, new_room: NewRoom, keys: Keys
) -> None:
    listed = (await new_room()).id
    hidden = (await new_room(is_public=False)).id
    while keys.partition_of(hidden) != keys.partition_of(listed):
        hidden = (await new_room(is_public=False)).id
    said = await post(listed, "হ্যালো")
    for n in range(20):
        await post(hidden, f"{n}")
    assert ids_of(await newest.read(None, 3)) == [said]


async def test_unlisted_and_deleted_rooms_are_left_out(
    newest: NewestReader, post: Post, new_room: NewRoom, opener: RoomOpener, mover: Mover
) -> None:
    listed, hidden, closed = (
        (await new_room()).id,
        (await new_room(is_public=False)).id,
        (await new_room()).id,
    )
    for room in (hidden, closed):
        await post(room, "না")
    said = await post(listed, "হ্যাঁ")
    await opener.directory.delete_room(closed, 1)
    await opener.live.close(closed)
    assert ids_of(await newest.read(None, 10)) == [said]
    await mover.save()
    assert ids_of(await newest.read(None, 10)) == [said]


@pytest.mark.parametrize("saved", [True, False])
async def test_changes_are_seen_and_deleted_messages_are_left_out(
    newest: NewestReader,
    post: Post,
    new_room: NewRoom,
    mover: Mover,
    editor: MessageEditor,
    *,
    saved: bool,
) -> None:
    room = (await new_room()).id
    changed, deleted = await post(room, "আগে"), await post(room, "ভুল")
    if saved:
        await mover.save()
    await editor.change(await editor.find(changed), draft("পরে"))
    await editor.delete(await editor.find(deleted))
    for _ in range(2):
        page = await newest.read(None, 10)
        assert ids_of(page) == [changed]
        assert decode_body(page.messages[0].body).message == "পরে"
        await mover.save()


async def test_a_page_of_deleted_messages_alone_still_leads_on(
    newest: NewestReader, post: Post, new_room: NewRoom, editor: MessageEditor
) -> None:
    room = (await new_room()).id
    said = [await post(room, f"{n}") for n in range(9)]
    for message_id in said[3:]:
        await editor.delete(await editor.find(message_id))
    assert await all_pages(newest, 2) == sorted(said[:3], reverse=True)


async def test_people_who_come_and_go_are_no_messages(
    newest: NewestReader, redis: Redis, scripts: Scripts, opener: RoomOpener, new_room: NewRoom
) -> None:
    room, user = (await new_room()).id, make_user()
    await opener.open(room)
    await Presence(redis, scripts).join(Member(room, user.id, IDS.new()), user)
    assert (await newest.read(None, 10)).messages == ()


async def test_without_postgresql_the_list_is_unavailable(
    redis: Redis, keys: Keys, reader_away: MessageReader, live: LiveRooms
) -> None:
    with pytest.raises(Unavailable) as caught:
        await NewestReader(UnsavedMessages(redis, keys), reader_away, live).read(None, 10)
    assert caught.value.part == "postgres"


async def test_without_redis_the_list_is_unavailable(
    redis_away: Redis, keys: Keys, reader: MessageReader, live: LiveRooms
) -> None:
    with pytest.raises(Unavailable) as caught:
        await NewestReader(UnsavedMessages(redis_away, keys), reader, live).read(None, 10)
    assert caught.value.part == "redis"
