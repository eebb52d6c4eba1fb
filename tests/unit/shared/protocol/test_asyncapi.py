from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic_asyncapi.v3 import AsyncAPI

from shared.protocol.asyncapi import (
    COMMANDS,
    EVENTS,
    asyncapi_document,
    close_code_table,
    message_name,
    type_of,
)
from shared.protocol.close_codes import CLOSES
from shared.protocol.codec import encode
from shared.protocol.commands import COMMAND_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_document()


def references(part: object) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        found = found[name]
    return found


def test_it_is_a_document_of_asyncapi_3(document: dict[str, Any]) -> None:
    AsyncAPI.model_validate(document)
    assert document["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        assert resolve(document, reference)


def test_every_command_and_event_is_in_it_once(document: dict[str, Any]) -> None:
    names = {message_name(model) for model in (*COMMANDS, *EVENTS)}
    assert len(names) == len(COMMANDS) + len(EVENTS)
    assert set(document["components"]["messages"]) == names
    assert set(document["channels"]["room"]["messages"]) == names


@pytest.mark.parametrize(
    ("operation", "action", "models"),
    [("receiveCommands", "receive", COMMANDS), ("sendEvents", "send", EVENTS)],
)
def test_operations_are_seen_from_the_server(
    document: dict[str, Any], operation: str, action: str, models: tuple[Any, ...]
) -> None:
    found = document["operations"][operation]
    assert found["action"] == action
    assert [part["$ref"] for part in found["messages"]] == [
        f"#/channels/room/messages/{message_name(model)}" for model in models
    ]


def test_the_types_of_the_commands_are_those_that_are_read() -> None:
    assert tuple(type_of(model) for model in COMMANDS) == COMMAND_TYPES


def test_payloads_say_which_type_they_are(document: dict[str, Any]) -> None:
    for message in document["components"]["messages"].values():
        schema = resolve(document, message["payload"]["$ref"])
        assert schema["properties"]["type"]["const"] == message["name"]


def test_the_address_is_the_contracts_with_its_parameter(document: dict[str, Any]) -> None:
    channel = document["channels"]["room"]
    assert channel["address"] == "/ws/chat/{room_id}/"
    assert set(channel["parameters"]) == {"room_id"}
    query = channel["bindings"]["ws"]["query"]["properties"]
    assert set(query) == {"username", "color", "session_id", "epoch", "since", "roster", "proof"}


def test_close_codes_stand_in_it_for_people_and_for_machines(document: dict[str, Any]) -> None:
    assert set(document["x-close-codes"]) == {str(int(code)) for code in CLOSES}
    for code in CLOSES:
        assert f"| {int(code)} |" in document["info"]["description"]
    assert "| 4001 | room_full | no | রুম পূর্ণ! |" in close_code_table()


def test_it_is_written_as_unescaped_utf_8(document: dict[str, Any]) -> None:
    assert "আড্ডা".encode() in encode(document)
