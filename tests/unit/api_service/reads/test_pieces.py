from __future__ import annotations

from uuid import UUID, uuid4

import orjson
import pytest

from api_service.presenting import author_view, made_micros
from api_service.reads.pieces import (
    join_messages,
    join_people,
    message_piece,
    object_of,
    people_pieces,
    presences,
)
from shared.domain.ids import uuid7
from shared.domain.times import format_micros
from shared.presence.presence import Present
from shared.protocol.codec import MessageBody, StoredMessage, encode, encode_body
from shared.protocol.envelopes import Person
from shared.protocol.views import MessageView, UserView

SENT = 1_795_000_000_000_000
NOW = SENT + 60_000_000
AUTHOR = uuid7(SENT // 1000 - 5000, 3)
ROOM, MESSAGE, OTHER = uuid4(), uuid7(SENT // 1000, 1), uuid4()


def body_by(user: UUID, content: str = "হ্যালো \"সবাই\"\n,'user':{") -> MessageBody:
    return MessageBody(
        content, str(user), 'রা"কিব', "#ff0000", str(MESSAGE), str(ROOM), "ক-১", "text", None, None
    )


def view_of(message: StoredMessage, body: MessageBody, seen_ms: int | None) -> MessageView:
    return MessageView(
        id=body.message_id,
        room_id=body.room_id,
        user=author_view(body, message.micros, seen_ms, NOW),
        content=body.message,
        message_type="text",
        file_url=body.file_url,
        timestamp=format_micros(message.micros),
        seq=message.seq,
        client_id=body.client_id,
        reply_to=body.reply_to,
        edited_at=format_micros(message.revised_micros) if message.revision else None,
    )


@pytest.mark.parametrize("seen_ms", [None, NOW // 1000 - 5000, NOW // 1000 + 5000])
@pytest.mark.parametrize("author", [AUTHOR, OTHER], ids=["v7", "v4"])
def test_joined_pieces_are_the_bytes_of_the_view(author: UUID, seen_ms: int | None) -> None:
    body = body_by(author)
    message = StoredMessage(41, SENT, encode_body(body))
    edited = StoredMessage(40, SENT - 1, encode_body(body), 2, SENT + 7)
    seen = {} if seen_ms is None else {author: seen_ms}
    joined = join_messages(map(message_piece, (message, edited)), presences(seen, NOW))
    expected = [encode(view_of(m, body, seen_ms)) for m in (message, edited)]
    assert joined == b"[" + b",".join(expected) + b"]"


def test_no_messages_are_an_empty_list() -> None:
    assert join_messages([], {}) == b"[]"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_people_are_the_bytes_of_their_views_all_of_them_seen_now(count: int) -> None:
    people = [
        Present(Person(str(uuid7(SENT // 1000, n)), f'জন "{n}",', "#00ff00"), SENT + n)
        for n in range(count)
    ]
    views = [
        UserView(
            id=present.person.id,
            username=present.person.username,
            color=present.person.color,
            is_online=True,
            last_seen=format_micros(NOW),
            created_at=format_micros(made_micros(UUID(present.person.id), present.joined_micros)),
        )
        for present in people
    ]
    assert join_people(people_pieces(people), NOW) == b"[" + b",".join(map(encode, views)) + b"]"


def test_a_value_that_is_json_already_is_the_last_field() -> None:
    made = object_of({"নাম": "এক"}, "list", b"[1]")
    assert orjson.loads(made) == {"নাম": "এক", "list": [1]}
