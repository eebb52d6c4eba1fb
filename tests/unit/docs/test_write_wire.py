"""What the web client knows of the wire is what the server does, and golden frames are its own."""

from __future__ import annotations

import json
from typing import Any, Final

import golden_frames
import jsonschema_rs
import pytest
import write_wire
from pydantic import TypeAdapter

from shared.protocol.asyncapi import COMMANDS, EVENTS, type_of
from shared.protocol.close_codes import CLOSES
from shared.protocol.commands import parse_command
from shared.protocol.errors import ERRORS
from shared.protocol.events import AnyEvent

EVENT_FRAMES: Final = golden_frames.event_frames()
COMMAND_FRAMES: Final = golden_frames.command_frames()
SCHEMA: Final[dict[str, Any]] = json.loads(write_wire.contract())


def validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/definitions/{name}", "definitions": SCHEMA["definitions"]}
    return jsonschema_rs.Draft202012Validator(schema)


@pytest.mark.parametrize(
    ("path", "made"),
    [
        (write_wire.CONTRACT, write_wire.contract),
        (write_wire.CODES, write_wire.codes),
        (write_wire.FRAMES, write_wire.frames),
    ],
    ids=["contract.json", "codes.ts", "frames.json"],
)
def test_what_was_written_is_not_stale(path: Any, made: Any) -> None:
    assert path.read_text(encoding="utf-8") == made(), "stale: run `make docs`"


@pytest.mark.parametrize("name", EVENT_FRAMES)
def test_a_golden_event_is_one_of_the_protocols(name: str) -> None:
    adapter: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
    event = adapter.validate_json(EVENT_FRAMES[name])
    assert event.type == json.loads(EVENT_FRAMES[name])["type"]


@pytest.mark.parametrize("name", EVENT_FRAMES)
def test_a_golden_event_has_exactly_the_fields_of_the_contract(name: str) -> None:
    frame = json.loads(EVENT_FRAMES[name])
    [model] = (each for each in EVENTS if type_of(each) == frame["type"])
    validator(model.__name__).validate(frame)


@pytest.mark.parametrize("name", COMMAND_FRAMES)
def test_a_golden_command_is_understood_in_full(name: str) -> None:
    frame = json.loads(COMMAND_FRAMES[name])
    command = parse_command(COMMAND_FRAMES[name])
    assert command.model_dump(exclude_unset=True) == frame
    validator(type(command).__name__).validate(frame)


def test_there_are_golden_frames_of_every_kind() -> None:
    events = {json.loads(frame)["type"] for frame in EVENT_FRAMES.values()}
    commands = {json.loads(frame)["type"] for frame in COMMAND_FRAMES.values()}
    assert events == {type_of(model) for model in EVENTS}
    assert commands == {type_of(model) for model in COMMANDS}


def test_golden_frames_show_every_field_both_with_and_without_a_value() -> None:
    """Of those that may be null or absent, both were seen."""
    frames = [json.loads(frame) for frame in EVENT_FRAMES.values()]
    for model in EVENTS:
        of_kind = [frame for frame in frames if frame["type"] == type_of(model)]
        for field in model.model_fields:
            schema = SCHEMA["definitions"][model.__name__]
            given = {frame.get(field) is not None for frame in of_kind}
            rare = (model.__name__, field) in {
                ("MessageUpdatedEvent", "client_id"),  # as in `message`, whose class it shares
                ("MessageUpdatedEvent", "file_url"),
                ("MessageUpdatedEvent", "reply_to"),
                ("MessageUpdatedEvent", "deleted"),
            }
            may_lack = field not in schema["required"] or {"type": "null"} in schema["properties"][
                field
            ].get("anyOf", [])
            assert rare or given == ({True, False} if may_lack else {True}), (model, field)


def test_every_code_is_told_with_what_the_client_decides_by() -> None:
    written = write_wire.codes()
    for close, close_info in CLOSES.items():
        told = str(close_info.reconnect).lower()
        assert f'{int(close)}: {{ label: "{close_info.label}", reconnect: {told} }}' in written
    for error, info in ERRORS.items():
        told = str(info.retryable).lower()
        assert f"{error}: {{ status: {info.status}, retryable: {told} }}" in written


def test_the_codes_carry_no_text_of_any_language() -> None:
    texts = {text for info in ERRORS.values() for text in (info.bn, info.en)}
    assert not [text for text in texts if text in write_wire.codes()]
