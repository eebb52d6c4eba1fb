from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from api_service.app import create_app
from api_service.openapi import SESSION_SCHEME, answers, document
from api_service.settings import ApiSettings
from shared.protocol.errors import ErrorCode


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return document(create_app(ApiSettings(admin_token=SecretStr("x" * 24))))


MODERATION = {
    "get /api/rooms/{room_id}/moderation/",
    "patch /api/rooms/{room_id}/moderation/",
    "post /api/rooms/{room_id}/moderation/sanctions/",
    "delete /api/rooms/{room_id}/moderation/sanctions/{thing_id}/",
    "post /api/rooms/{room_id}/moderation/purge/",
    "post /api/rooms/{room_id}/moderation/words/",
    "delete /api/rooms/{room_id}/moderation/words/{thing_id}/",
    "post /api/rooms/{room_id}/moderation/words/suggested/",
    "post /api/rooms/{room_id}/moderation/link/",
    "post /api/rooms/{room_id}/moderation/moderators/",
    "delete /api/rooms/{room_id}/moderation/moderators/{thing_id}/",
    "get /api/rooms/{room_id}/moderation/reports/",
    "delete /api/rooms/{room_id}/moderation/reports/{message_id}/",
    "get /api/rooms/{room_id}/moderation/held/",
    "post /api/rooms/{room_id}/moderation/held/{thing_id}/",
    "get /api/rooms/{room_id}/moderation/log/",
    "post /api/messages/{message_id}/report/",
}


def operations(made: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]


def test_all_calls_of_the_contract_are_in_it(made: dict[str, Any]) -> None:
    assert {name for name, _ in operations(made)} == {
        "get /api/",
        "get /api/status/",
        "get /api/health/",
        "get /api/rooms/",
        "post /api/rooms/",
        "get /api/rooms/popular/",
        "get /api/public-rooms/",
        "get /api/rooms/{room_id}/",
        "put /api/rooms/{room_id}/",
        "patch /api/rooms/{room_id}/",
        "delete /api/rooms/{room_id}/",
        "get /api/rooms/{room_id}/messages/",
        "get /api/rooms/{room_id}/users/",
        "get /api/rooms/{room_id}/stats/",
        "get /api/messages/",
        "post /api/messages/",
        "get /api/messages/{message_id}/",
        "put /api/messages/{message_id}/",
        "patch /api/messages/{message_id}/",
        "delete /api/messages/{message_id}/",
        "post /api/create-user/",
        "post /api/join-room/",
        "get /api/challenge/",
        "get /api/me/",
        "get /api/me/export/",
        "delete /api/me/",
        "get /api/erasures/{erasure_id}/",
    } | MODERATION


def test_bad_input_is_announced_as_400_never_as_422(made: dict[str, Any]) -> None:
    for name, operation in operations(made):
        assert "422" not in operation["responses"], name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(operation["responses"]), name


def test_every_error_is_announced_with_an_example_for_each_code(made: dict[str, Any]) -> None:
    for name, operation in operations(made):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                content = response["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorView"}, name
                assert content["examples"], name


def test_an_example_is_what_is_answered() -> None:
    examples = answers(ErrorCode.ROOM_NOT_FOUND)[404]["content"]["application/json"]["examples"]
    assert examples["room_not_found"]["value"] == {
        "status": "error",
        "code": "room_not_found",
        "message": "রুম খুঁজে পাওয়া যায়নি",
    }


def test_every_answer_announces_its_request_id(made: dict[str, Any]) -> None:
    for name, operation in operations(made):
        for response in operation["responses"].values():
            assert "X-Request-ID" in response["headers"], name


def test_what_needs_a_session_says_so(made: dict[str, Any]) -> None:
    needs = {
        name
        for name, operation in operations(made)
        if operation.get("security") == [{SESSION_SCHEME: []}]
    }
    assert (
        needs
        == {
            "put /api/rooms/{room_id}/",
            "patch /api/rooms/{room_id}/",
            "delete /api/rooms/{room_id}/",
            "post /api/messages/",
            "put /api/messages/{message_id}/",
            "patch /api/messages/{message_id}/",
            "delete /api/messages/{message_id}/",
            "get /api/me/",
            "get /api/me/export/",
            "delete /api/me/",
        }
        | MODERATION
    )
    assert made["components"]["securitySchemes"][SESSION_SCHEME]["scheme"] == "bearer"
    for name, operation in operations(made):
        if "security" in operation:
            assert "401" in operation["responses"], name


def test_operations_have_short_names_of_their_own(made: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(made)]
    assert len(set(names)) == len(names)
    assert "create_user" in names
