from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from pydantic import ValidationError

from shared.protocol.codec import encode
from shared.protocol.events import (
    AnyEvent,
    ErrorEvent,
    Event,
    MessageDeletedEvent,
    MessageEvent,
    MessageUpdatedEvent,
    PongEvent,
    SystemEvent,
    TypingEvent,
    UserListEvent,
)

EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)
TIME = "2026-01-15T10:25:30.000001+06:00"
MESSAGE: dict[str, Any] = {
    "message": "সালাম",
    "user_id": "u",
    "username": "রাকিব",
    "user_color": "#ff0000",
    "message_id": "m",
    "room_id": "r",
    "client_id": None,
    "message_type": "text",
    "file_url": None,
    "reply_to": None,
    "seq": 7,
    "timestamp": TIME,
}


def type_of(event: type[Event]) -> str:
    return str(event.model_fields["type"].default)


def test_the_events_are_those_of_the_contract() -> None:
    assert {type_of(event) for event in EVENTS} == {
        "welcome",
        "recovered",
        "message",
        "message_updated",
        "message_deleted",
        "system",
        "typing",
        "user_list",
        "joined",
        "left",
        "room_rules",
        "ack",
        "history",
        "pong",
        "error",
    }


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_an_undeclared_field_is_a_bug(event: type[Event]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        event.model_validate({"surprise": 1})


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_every_event_says_what_it_is_for(event: type[Event]) -> None:
    assert event.__doc__
    assert event.__doc__.strip().endswith(".")


@pytest.mark.parametrize("event", EVENTS, ids=type_of)
def test_the_type_stands_first_on_the_wire(event: type[Event]) -> None:
    assert next(iter(event.model_json_schema()["properties"])) == "type"


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (
            MessageEvent,
            ["message", "user_id", "username", "user_color", "message_id", "timestamp"],
        ),
        (SystemEvent, ["message", "timestamp"]),
        (TypingEvent, ["user_id", "username", "typing"]),
        (UserListEvent, ["users", "timestamp"]),
        (ErrorEvent, ["message", "timestamp"]),
    ],
)
def test_the_originals_fields_are_all_there(event: type[Event], fields: list[str]) -> None:
    assert set(fields) <= set(event.model_fields)


def test_a_message_survives_the_wire_with_bangla_unescaped() -> None:
    raw = encode(MessageEvent.model_validate(MESSAGE))
    assert "সালাম".encode() in raw
    assert MessageEvent.model_validate_json(raw).message == "সালাম"


def test_a_message_that_was_never_changed_tells_no_revision() -> None:
    event = MessageEvent.model_validate(MESSAGE)
    assert (event.revision, event.edited_at, event.deleted) == (None, None, None)


def test_an_update_carries_the_whole_message() -> None:
    changed = MessageUpdatedEvent.model_validate({**MESSAGE, "revision": 2, "edited_at": TIME})
    assert changed.type == "message_updated"
    assert set(MESSAGE) <= set(MessageUpdatedEvent.model_fields)


def test_a_deletion_tells_no_content() -> None:
    assert set(MessageDeletedEvent.model_fields) == {
        "type",
        "room_id",
        "message_id",
        "seq",
        "timestamp",
    }


@pytest.mark.parametrize("kind", ["video", "", None])
def test_a_message_has_one_of_the_known_types(kind: str | None) -> None:
    with pytest.raises(ValidationError):
        MessageEvent.model_validate({**MESSAGE, "message_type": kind})


@pytest.mark.parametrize("t", [None, 5, 1.5, "abc"])
def test_a_pong_gives_back_what_the_ping_brought(t: float | str | None) -> None:
    raw = encode(PongEvent(t=t, server_time=TIME))
    assert orjson.loads(raw)["t"] == t


def test_events_are_values() -> None:
    with pytest.raises(ValidationError):
        PongEvent(t=1, server_time=TIME).t = 2  # type: ignore[misc]
