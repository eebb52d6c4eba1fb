from __future__ import annotations

import json

import pytest

from shared.protocol.codec import (
    MessageBody,
    Revision,
    StoredMessage,
    decode_body,
    encode_body,
    encode_list,
    finish_message,
    finish_update,
)
from shared.protocol.events import MessageEvent, MessageUpdatedEvent

BODY = MessageBody(
    message='সবাইকে "সালাম"\n}',
    user_id="u",
    username="রাকিব",
    user_color="#ff0000",
    message_id="m",
    room_id="r",
    client_id=None,
    message_type="text",
    file_url=None,
    reply_to=None,
)
TIME = "2026-01-15T10:25:30.000001+06:00"


def test_a_body_survives_the_wire() -> None:
    assert decode_body(encode_body(BODY)) == BODY


def test_bangla_is_not_escaped() -> None:
    assert "রাকিব".encode() in encode_body(BODY)


def test_a_finished_message_is_an_event_of_the_contract() -> None:
    finished = finish_message(StoredMessage(7, 0, encode_body(BODY)), TIME)
    event = MessageEvent.model_validate_json(finished)
    assert (event.seq, event.timestamp, event.message) == (7, TIME, BODY.message)
    assert list(json.loads(finished))[:2] == ["type", "message"]


def test_a_changed_message_tells_its_revision() -> None:
    message = StoredMessage(7, 0, encode_body(BODY)).revised_by(
        Revision(2, 9, False, encode_body(BODY))
    )
    event = MessageUpdatedEvent.model_validate_json(finish_update(message, TIME, TIME))
    assert (event.type, event.revision, event.edited_at) == ("message_updated", 2, TIME)


def test_the_newer_of_two_revisions_holds() -> None:
    new = Revision(2, 0, False, b"new")
    old = Revision(1, 0, False, b"old")
    message = StoredMessage(1, 0, b"first")
    assert message.revised_by(old).revised_by(new).body == b"new"
    assert message.revised_by(new).revised_by(old).body == b"new"
    assert message.revised_by(None) is message


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"null", b"{"])
def test_what_is_not_a_body_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - orjson's error is one too
        decode_body(raw)


def test_lists_are_joined_from_parts_that_are_json_already() -> None:
    assert json.loads(encode_list({"a": 1}, "items", [b'{"x":1}', b"2"], {"z": None})) == {
        "a": 1,
        "items": [{"x": 1}, 2],
        "z": None,
    }
    assert json.loads(encode_list({"a": 1}, "items", [])) == {"a": 1, "items": []}
