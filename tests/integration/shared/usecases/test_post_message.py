from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from tests.integration.shared.conftest import IDS, make_user

from shared.domain.rules import RuleViolation
from shared.message_log.message_log import MessageLog
from shared.protocol.codec import decode_body
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.scripts import Scripts
from shared.runtime.clock import SystemClock
from shared.usecases.post_message import CheckedDraft, Draft, MessagePoster, check_draft

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from tests.integration.shared.usecases.conftest import NewRoom
    from tests.integration.shared.usecases.mover import Mover

    from shared.message_store.message_reader import MessageReader
    from shared.redis_schema.keys import Keys
    from shared.usecases.open_room import RoomOpener


REPLY = "123e4567-e89b-12d3-a456-426614174000"


def checked(draft: Draft) -> CheckedDraft:
    found = check_draft(draft)
    assert found is not None
    return found


def test_a_draft_is_brought_into_its_stored_form() -> None:
    draft = Draft("  হ্যালো \n", "c1", "image", "https://example.org/a.png", REPLY.upper())
    assert check_draft(draft) == CheckedDraft(
        "হ্যালো", "c1", "image", "https://example.org/a.png", REPLY
    )


@pytest.mark.parametrize("content", ["", " ", "\n\t \u200b\u2003"])
def test_a_blank_draft_is_to_be_ignored(content: str) -> None:
    assert check_draft(Draft(content)) is None


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (Draft("x" * 4001), "content"),
        (Draft("x", client_id="c" * 65), "client_id"),
        (Draft("x", message_type="video"), "message_type"),
        (Draft("x", message_type="image"), "file_url"),
        (Draft("x", message_type="file", file_url=""), "file_url"),
        (Draft("x", file_url="javascript:alert(1)"), "file_url"),
        (Draft("x", reply_to="not an id"), "reply_to"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_by_field(draft: Draft, field: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_draft(draft)
    assert caught.value.field == field


async def test_a_message_has_its_place_and_is_in_the_log_and_later_in_postgresql(
    poster: MessagePoster, log: MessageLog, reader: MessageReader, new_room: NewRoom, mover: Mover
) -> None:
    room, user = (await new_room()).id, make_user()
    draft = checked(Draft("হ্যালো", "c1", "file", "https://example.org/a.pdf", REPLY))
    body, place = await poster.post(user, room, draft)
    assert (place.seq, place.again, place.message_id) == (1, False, body.message_id)
    assert (body.user_id, body.username, body.user_color) == (
        str(user.id),
        user.username,
        user.color,
    )
    (hot,) = (await log.before(room, None, 10)).messages
    await mover.save()
    (stored,) = await reader.messages_before(room, None, 10)
    assert decode_body(hot.body) == decode_body(stored.body) == body
    assert hot.micros == stored.micros == place.micros


async def test_a_retry_gets_the_first_answer_and_sends_nothing(
    poster: MessagePoster, log: MessageLog, new_room: NewRoom
) -> None:
    room, user = (await new_room()).id, make_user()
    draft = checked(Draft("হ্যালো", "c1"))
    _, first = await poster.post(user, room, draft)
    _, second = await poster.post(user, room, draft)
    assert second.again
    assert (second.seq, second.message_id, second.micros) == (
        first.seq,
        first.message_id,
        first.micros,
    )
    assert (await log.before(room, None, 10)).total == 1


async def test_a_client_id_that_said_something_else_is_a_conflict(
    poster: MessagePoster, new_room: NewRoom
) -> None:
    room, user = (await new_room()).id, make_user()
    await poster.post(user, room, checked(Draft("এক", "c1")))
    with pytest.raises(ChatError) as caught:
        await poster.post(user, room, checked(Draft("দুই", "c1")))
    assert caught.value.code is ErrorCode.CLIENT_ID_CONFLICT


async def test_many_first_messages_at_once_open_the_room_once(
    poster: MessagePoster, new_room: NewRoom
) -> None:
    room = (await new_room()).id
    places = await asyncio.gather(
        *(poster.post(make_user(), room, checked(Draft(f"{n}"))) for n in range(10))
    )
    assert sorted(place.seq for _, place in places) == list(range(1, 11))


@pytest.mark.parametrize("closed", [True, False])
async def test_nobody_speaks_in_a_room_that_is_not_there_any_more(
    poster: MessagePoster, opener: RoomOpener, new_room: NewRoom, *, closed: bool
) -> None:
    room = (await new_room()).id if closed else IDS.new()
    if closed:
        await opener.open(room)
        await opener.live.close(room)
    with pytest.raises(ChatError) as caught:
        await poster.post(make_user(), room, checked(Draft("x")))
    assert caught.value.code is ErrorCode.ROOM_NOT_FOUND


async def test_who_is_in_a_room_that_is_nowhere_any_more_begins_it_anew(
    poster: MessagePoster, opener: RoomOpener, new_room: NewRoom
) -> None:
    _, place = await poster.post(make_user(), IDS.new(), checked(Draft("x")), create=True)
    assert place.seq == 1
    deleted = (await new_room()).id
    await opener.directory.delete_room(deleted, SystemClock().micros())
    with pytest.raises(ChatError):
        await poster.post(make_user(), deleted, checked(Draft("x")), create=True)


async def test_without_postgresql_the_chat_goes_on_in_rooms_that_redis_knows(
    log: MessageLog, opener: RoomOpener, opener_without_postgres: RoomOpener, new_room: NewRoom
) -> None:
    known, unknown = (await new_room()).id, (await new_room()).id
    await opener.open(known)
    poster = MessagePoster(log, opener_without_postgres, IDS)
    _, place = await poster.post(make_user(), known, checked(Draft("চলছে")))
    assert place.seq == 1
    with pytest.raises(Unavailable) as caught:
        await poster.post(make_user(), unknown, checked(Draft("থেমে আছে")))
    assert caught.value.part == "postgres"


async def test_a_message_in_a_lost_room_comes_back_under_a_new_number(
    poster: MessagePoster, new_room: NewRoom, mover: Mover
) -> None:
    room, user = (await new_room()).id, make_user()
    draft = checked(Draft("হ্যালো", "c1"))
    _, first = await poster.post(user, room, draft)
    await mover.save()
    await mover.lose(room)
    _, second = await poster.post(user, room, checked(Draft("আবার")))
    assert second.seq > first.seq
    assert UUID(second.message_id) > UUID(first.message_id)


async def test_without_redis_a_message_is_not_accepted(
    redis_away: Redis, keys: Keys, opener: RoomOpener, new_room: NewRoom
) -> None:
    room = (await new_room()).id
    log = MessageLog(redis_away, Scripts(redis_away, keys))
    with pytest.raises(Unavailable) as caught:
        await MessagePoster(log, opener, IDS).post(make_user(), room, checked(Draft("x")))
    assert caught.value.part == "redis"
