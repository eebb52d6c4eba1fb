from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api_service.requests import (
    CreateUserRequest,
    JoinRoomRequest,
    MessagePatch,
    MessagePut,
    MessageRequest,
    RequestBody,
    RoomPatch,
    RoomRequest,
    Search,
    UpTo100,
)

BODIES = (
    CreateUserRequest,
    JoinRoomRequest,
    RoomRequest,
    RoomPatch,
    MessageRequest,
    MessagePut,
    MessagePatch,
)
ROOM = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_example_is_accepted(body: type[RequestBody]) -> None:
    [example] = body.model_json_schema()["examples"]
    body.model_validate(example)


def test_a_room_may_be_sent_back_as_it_was_read() -> None:
    read = {"id": ROOM, "name": "আড্ডা", "online_users_count": 3, "created_at": "2026"}
    assert RoomPatch.model_validate(read).model_fields_set == {"name"}


def test_values_come_out_in_their_stored_form() -> None:
    room = RoomRequest.model_validate({"name": "  নতুন   রুম ", "description": " "})
    assert room.name == "নতুন রুম"
    assert room.description is None
    person = CreateUserRequest.model_validate({"username": "ক", "color": "#F0A"})
    assert person.color == "#ff00aa"


@pytest.mark.parametrize(("given", "value"), [(50, 50), (50.0, 50), ("51", 51), (100_000, 100_000)])
def test_max_users_is_a_whole_number_or_its_digits(given: object, value: int) -> None:
    assert RoomRequest.model_validate({"name": "ক", "max_users": given}).max_users == value


@pytest.mark.parametrize("given", [1, 100_001, 2.5, "x", True, None, [], float("inf")])
def test_other_values_of_max_users_are_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        RoomRequest.model_validate({"name": "ক", "max_users": given})


@pytest.mark.parametrize("raw", ["", " 5", "+5", "1_0", "1.0", "৫", "0", "101", "9" * 30])
def test_numbers_in_queries_are_plain_digits_within_bounds(raw: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[int](UpTo100).validate_python(raw)


def test_a_search_is_cleaned_before_it_is_used() -> None:
    assert TypeAdapter[str](Search).validate_python(" য\u09bc\0 ") == "য\u09bc"


def schema_of(body: type[RequestBody]) -> dict[str, Any]:
    properties: dict[str, Any] = body.model_json_schema()["properties"]
    return properties


@pytest.mark.parametrize("body", [RoomPatch, MessagePatch])
def test_fields_of_a_patch_have_no_defaults(body: type[RequestBody]) -> None:
    assert not [name for name, schema in schema_of(body).items() if "default" in schema]


def test_bounds_stand_in_the_schema() -> None:
    schema = TypeAdapter[int](UpTo100).json_schema()
    assert schema == {"type": "integer", "minimum": 1, "maximum": 100}
