"""The one place where an exception becomes an answer. Nothing of an exception's text gets out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.domain.rules import RuleViolation
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.codec import encode
from shared.protocol.errors import (
    FIELD_TEXTS,
    ChatError,
    ErrorCode,
    Language,
    ProofRequired,
    RateLimited,
    Unavailable,
    ValidationFailed,
    language_of,
)
from shared.protocol.views import ErrorView
from shared.runtime import clock

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

log = structlog.stdlib.get_logger()

NO_FIELD: Final = "non_field_errors"
"""Name of what is wrong with a body as a whole."""

HTTP_CODES: Final = {
    400: ErrorCode.BAD_JSON,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.TOO_LARGE,
}
"""What the framework itself raises; anything else from it is a bug of ours."""

PYDANTIC_CODES: Final = {
    "missing": "required",
    "string_type": "not_a_string",
    "string_too_short": "blank",
    "string_too_long": "too_long",
    "bool_type": "not_a_boolean",
    "int_type": "not_a_number",
    "int_parsing": "not_a_number",
    "int_parsing_size": "out_of_range",
    "int_from_float": "not_a_number",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "not_a_choice",
    "enum": "not_a_choice",
    "uuid_parsing": "not_a_uuid",
    "model_attributes_type": "malformed",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as HTTP."""

    status: int
    view: ErrorView
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Ready to be sent."""
        body = encode(_FIRST | self.view.model_dump(mode="json", exclude_defaults=True))
        return Response(body, self.status, self.headers, "application/json")


_FIRST: Final[dict[str, Any]] = {"status": "error"}


def answer_of(error: Exception, language: Language, chance: float) -> Answer:
    """The answer to any exception; one that is not foreseen is logged and told as internal.

    `chance` in [0, 1) spreads the retries of those who are refused together.
    """
    chat_error = _chat_error_of(error)
    if chat_error is None:
        log.error("unexpected_error", exc_info=error)
        chat_error = ChatError(ErrorCode.INTERNAL)
    errors: dict[str, list[str]] = {}
    if isinstance(chat_error, ValidationFailed):
        errors = chat_error.field_texts(language)
    view = ErrorView(
        code=chat_error.code,
        message=chat_error.text(language),
        errors=errors,
        challenge=chat_error.challenge if isinstance(chat_error, ProofRequired) else None,
    )
    return Answer(chat_error.info.status, view, _headers_of(error, chat_error, chance))


async def answer_exception(request: Request, error: Exception) -> Response:
    """The framework's exception handler, for every kind of exception."""
    return refuse(request.scope, error)


def refuse(scope: Scope, error: Exception) -> Response:
    """The answer to any exception, counted."""
    answer = answer_of(error, language_in(scope), clock.chance())
    scope["state"]["deps"].tally.refusals[answer.view.code] += 1
    return answer.response()


def language_in(scope: Scope) -> Language:
    """The language that a request asks for."""
    values = [v.decode("latin-1") for name, v in scope["headers"] if name == b"accept-language"]
    return language_of(",".join(values))


def problems_of(error: RequestValidationError) -> ValidationFailed | ChatError:
    """Pydantic's findings as codes of ours, by the name of the field."""
    problems: dict[str, list[str]] = {}
    for problem in error.errors():
        kind, place = problem["type"], problem["loc"]
        if kind == "json_invalid":
            return ChatError(ErrorCode.BAD_JSON)
        codes = problems.setdefault(_field_of(place), [])
        code = kind if kind in FIELD_TEXTS else PYDANTIC_CODES.get(kind, "invalid")
        if code not in codes:
            codes.append(code)
    return ValidationFailed(problems)


def _field_of(place: tuple[Any, ...]) -> str:
    # ("query", "limit"), ("body", "name"), ("body",) or ("body", 0): what follows is of no use.
    name = place[1] if len(place) > 1 else None
    return name if isinstance(name, str) else NO_FIELD


def _chat_error_of(error: Exception) -> ChatError | None:
    match error:
        case ChatError():
            return error
        case RuleViolation():
            return ValidationFailed.of(error.field, error.code)
        case RequestValidationError():
            return problems_of(error)
        case StoreUnavailable():
            return Unavailable("postgres")
        case HTTPException() if error.status_code in HTTP_CODES:
            return ChatError(HTTP_CODES[error.status_code])
        case _:
            return None


def _headers_of(error: Exception, chat_error: ChatError, chance: float) -> dict[str, str]:
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if isinstance(chat_error, Unavailable):
        # Whole seconds (RFC 9110 §10.2.3), and never "at once".
        headers["Retry-After"] = str(max(1, math.ceil(chat_error.spread_retry_after(chance))))
    if isinstance(chat_error, RateLimited):
        headers["RateLimit-Limit"] = str(chat_error.limit)
        headers["RateLimit-Remaining"] = "0"
        headers["RateLimit-Reset"] = headers["Retry-After"]
    if chat_error.info.status == 401:  # noqa: PLR2004 - the status that asks for credentials
        headers["WWW-Authenticate"] = 'Bearer realm="adda"'
    return headers
