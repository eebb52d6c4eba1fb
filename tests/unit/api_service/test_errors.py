from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException

from api_service.errors import (
    HTTP_CODES,
    NO_FIELD,
    PYDANTIC_CODES,
    answer_of,
    language_in,
    problems_of,
)
from api_service.requests import CreateUserRequest, MessageRequest, RoomRequest
from shared.domain.rules import RULE_CODES, RuleViolation
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import (
    ERRORS,
    FIELD_TEXTS,
    ChatError,
    ErrorCode,
    Unavailable,
    ValidationFailed,
)
from shared.protocol.views import ErrorView


def body_of(error: Exception) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(answer_of(error, "bn", 0.0).response().body))
    ErrorView.model_validate(found)
    return found


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_becomes_its_status_and_texts(code: ErrorCode) -> None:
    answer = answer_of(ChatError(code, secret="নয়"), "bn", 0.0)
    assert answer.status == ERRORS[code].status
    assert body_of(ChatError(code, secret="নয়")) == {
        "status": "error",
        "code": code.value,
        "message": ERRORS[code].bn,
    }
    assert answer_of(ChatError(code), "en", 0.0).view.message == ERRORS[code].en


@pytest.mark.parametrize("code", sorted(RULE_CODES))
def test_every_broken_rule_is_told_per_field(code: str) -> None:
    assert body_of(RuleViolation("name", code))["errors"] == {"name": [FIELD_TEXTS[code][0]]}


def test_every_code_for_pydantics_findings_has_a_text() -> None:
    assert set(PYDANTIC_CODES.values()) <= set(FIELD_TEXTS)


def test_an_outage_says_when_to_come_back() -> None:
    assert answer_of(Unavailable("redis", 1.2), "bn", 0.0).headers == {"Retry-After": "2"}
    answer = answer_of(StoreUnavailable("connection to 10.0.0.1 refused"), "en", 0.0)
    assert answer.status == 503
    assert answer.headers == {"Retry-After": "2"}
    assert "10.0.0.1" not in answer.view.model_dump_json()


def test_those_who_were_refused_together_do_not_come_back_together() -> None:
    told = {
        answer_of(Unavailable("redis", 5.0), "bn", step / 100).headers["Retry-After"]
        for step in range(100)
    }
    assert told == {str(seconds) for seconds in range(5, 11)}


def test_a_limit_says_when_to_come_back() -> None:
    answer = answer_of(Unavailable("x", 0.1, ErrorCode.RATE_LIMITED), "bn", 0.0)
    assert (answer.status, answer.headers) == (429, {"Retry-After": "1"})


@pytest.mark.parametrize("code", [ErrorCode.SESSION_REQUIRED, ErrorCode.SESSION_UNKNOWN])
def test_missing_credentials_are_asked_for(code: ErrorCode) -> None:
    assert answer_of(ChatError(code), "bn", 0.0).headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("status", "code"), HTTP_CODES.items())
def test_what_the_framework_raises_has_the_contracts_form(status: int, code: ErrorCode) -> None:
    answer = answer_of(HTTPException(status, "Secret detail", {"Allow": "GET"}), "en", 0.0)
    assert (answer.status, answer.view.code) == (ERRORS[code].status, code)
    assert answer.headers == {"Allow": "GET"}
    assert "Secret" not in answer.view.model_dump_json()


@pytest.mark.parametrize("error", [KeyError("secret"), HTTPException(418), RuntimeError("secret")])
def test_nothing_of_an_unforeseen_exception_gets_out(error: Exception) -> None:
    answer = answer_of(error, "bn", 0.0)
    assert (answer.status, answer.view.code) == (500, ErrorCode.INTERNAL)
    assert "secret" not in answer.view.model_dump_json()


def findings_in(model: type[Any], data: object) -> ValidationFailed | ChatError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(model).validate_python(data)
    findings = [{**found, "loc": ("body", *found["loc"])} for found in caught.value.errors()]
    return problems_of(RequestValidationError(findings))


def test_all_fields_are_told_at_once() -> None:
    found = findings_in(RoomRequest, {"name": " ", "max_users": 1, "is_public": "yes"})
    assert isinstance(found, ValidationFailed)
    assert found.problems == {
        "name": ["blank"],
        "max_users": ["out_of_range"],
        "is_public": ["not_a_boolean"],
    }


def test_wrong_types_and_choices_have_codes_of_their_own() -> None:
    found = findings_in(
        MessageRequest,
        {
            "room_id": 7,
            "content": 7,
            "message_type": "video",
            "file_url": "javascript:alert(1)",
            "client_id": "x" * 65,
        },
    )
    assert isinstance(found, ValidationFailed)
    assert found.problems == {
        "room_id": ["not_a_uuid"],
        "content": ["not_a_string"],
        "message_type": ["not_a_choice"],
        "file_url": ["not_a_url"],
        "client_id": ["too_long"],
    }


def test_a_body_that_is_no_object_is_told_as_a_whole() -> None:
    found = findings_in(CreateUserRequest, [])
    assert isinstance(found, ValidationFailed)
    assert list(found.problems) == [NO_FIELD]


def test_broken_json_is_not_a_matter_of_fields() -> None:
    error = RequestValidationError([{"type": "json_invalid", "loc": ("body", 3), "msg": ""}])
    assert problems_of(error).code is ErrorCode.BAD_JSON


def test_the_language_is_read_over_all_lines_of_the_header() -> None:
    lines = [(b"accept-language", b"fr"), (b"accept-language", b"en;q=0.5")]
    assert language_in({"headers": lines}) == "en"
    assert language_in({"headers": []}) == "bn"
