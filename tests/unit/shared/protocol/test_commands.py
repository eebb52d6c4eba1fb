from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.protocol.commands import (
    COMMAND_TYPES,
    AnyCommand,
    HistoryCommand,
    MessageCommand,
    PingCommand,
    TypingCommand,
    UserUpdateCommand,
    parse_command,
)
from shared.protocol.errors import FIELD_TEXTS, ChatError, ErrorCode, ValidationFailed


def parse(**fields: Any) -> AnyCommand:
    return parse_command(json.dumps(fields))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"type": "message", "content": "হ্যালো"},
            MessageCommand(type="message", content="হ্যালো"),
        ),
        (
            {
                "type": "message",
                "content": "ছবি",
                "client_id": "c1",
                "message_type": "image",
                "file_url": "https://example.org/a.png",
                "reply_to": "m1",
            },
            MessageCommand(
                type="message",
                content="ছবি",
                client_id="c1",
                message_type="image",
                file_url="https://example.org/a.png",
                reply_to="m1",
            ),
        ),
        ({"type": "typing", "typing": True}, TypingCommand(type="typing", typing=True)),
        ({"type": "typing"}, TypingCommand(type="typing", typing=False)),
        (
            {"type": "user_update", "color": "#00ff00"},
            UserUpdateCommand(type="user_update", username=None, color="#00ff00"),
        ),
        ({"type": "history"}, HistoryCommand(type="history", limit=50)),
        (
            {"type": "history", "before": 9, "limit": 100},
            HistoryCommand(type="history", before=9, limit=100),
        ),
        ({"type": "ping", "t": 17.5}, PingCommand(type="ping", t=17.5)),
        ({"type": "ping"}, PingCommand(type="ping", t=None)),
    ],
)
def test_each_command_of_the_contract_is_read(fields: dict[str, Any], expected: AnyCommand) -> None:
    assert parse(**fields) == expected
    assert parse_command(json.dumps(fields).encode()) == expected


def test_a_missing_type_means_message_as_in_the_original() -> None:
    assert parse(content="হ্যালো") == MessageCommand(type="message", content="হ্যালো")


def test_unknown_fields_of_another_version_are_ignored() -> None:
    assert parse(type="ping", t=1, mood="ভালো") == PingCommand(type="ping", t=1)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"message"', "5", "{'a': 1}", "\x00"])
def test_what_is_not_a_json_object_is_bad_json(text: str) -> None:
    with pytest.raises(ChatError) as caught:
        parse_command(text)
    assert caught.value.code is ErrorCode.BAD_JSON


@pytest.mark.parametrize("kind", ["shout", "", "Message", None, 5, ["message"], {"a": 1}])
def test_an_unknown_type_is_told_as_such(kind: object) -> None:
    with pytest.raises(ChatError) as caught:
        parse(type=kind, content="x")
    assert caught.value.code is ErrorCode.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"type": "message"}, {"content": ["required"]}),
        ({"type": "message", "content": 5}, {"content": ["not_a_string"]}),
        ({"type": "message", "content": "x", "client_id": 5}, {"client_id": ["not_a_string"]}),
        ({"type": "typing", "typing": "yes"}, {"typing": ["not_a_boolean"]}),
        ({"type": "user_update", "username": []}, {"username": ["not_a_string"]}),
        ({"type": "history", "limit": 0}, {"limit": ["out_of_range"]}),
        ({"type": "history", "limit": 101}, {"limit": ["out_of_range"]}),
        ({"type": "history", "before": 0}, {"before": ["out_of_range"]}),
        ({"type": "history", "after": -1}, {"after": ["out_of_range"]}),
        ({"type": "history", "before": "9"}, {"before": ["not_a_number"]}),
        ({"type": "history", "before": 1.5}, {"before": ["not_a_number"]}),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_problem(
    fields: dict[str, Any], problems: dict[str, list[str]]
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse(**fields)
    assert caught.value.problems == problems
    assert caught.value.field_texts("en").keys() == problems.keys()


def test_every_wrong_field_is_told_at_once() -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse(type="message", content=5, client_id=6)
    assert set(caught.value.problems) == {"content", "client_id"}


def test_a_refusal_shows_nothing_of_the_input() -> None:
    with pytest.raises(ValidationFailed) as caught:
        parse(type="user_update", username={"session": "s3ss10n"})
    assert "s3ss10n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_commands_are_values() -> None:
    with pytest.raises(ValidationError):
        parse(type="ping").t = 5  # type: ignore[union-attr, misc]


def test_the_list_of_types_is_that_of_the_classes() -> None:
    named = {
        get_args(command.model_fields["type"].annotation)[0] for command in get_args(AnyCommand)
    }
    assert named == set(COMMAND_TYPES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    ["type", "content", "client_id", "typing", "username", "color", "before", "after", "limit", "t"]
)


def refusal_of(frame: str | bytes) -> ChatError | None:
    try:
        parse_command(frame)
    except ChatError as error:
        return error
    return None


@given(st.dictionaries(names, json_values | st.sampled_from(COMMAND_TYPES), max_size=6))
def test_any_object_is_a_command_or_a_refusal_of_the_contract(fields: dict[str, Any]) -> None:
    refusal = refusal_of(json.dumps(fields))
    if isinstance(refusal, ValidationFailed):
        codes = [code for codes in refusal.problems.values() for code in codes]
        assert set(codes) <= set(FIELD_TEXTS)
    else:
        assert refusal is None or refusal.code in {ErrorCode.BAD_JSON, ErrorCode.UNKNOWN_TYPE}


@given(st.binary(max_size=64) | st.text(max_size=64))
def test_any_frame_is_a_command_or_a_refusal_of_the_contract(frame: str | bytes) -> None:
    refusal = refusal_of(frame)
    assert refusal is None or refusal.code in {
        ErrorCode.BAD_JSON,
        ErrorCode.UNKNOWN_TYPE,
        ErrorCode.VALIDATION,
    }
