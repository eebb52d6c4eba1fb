"""What a client may send over the socket.

Unknown fields are ignored: clients of other versions exist.

Only shapes are checked here; the rules for names, contents and colours are `shared.domain`'s.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed

PAGE_LIMIT: Final = 100
MAX_FRAME_BYTES: Final = 64 * 1024
"""Larger frames are refused with close code 1009 (RFC 6455 §7.4.1)."""


class Command(BaseModel):
    """Base of all commands."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class MessageCommand(Command):
    """Say something in the room."""

    type: Literal["message"]
    content: str = Field(description="Trimmed; 1–4,000 graphemes, at most 16 KiB; blank is ignored")
    client_id: str | None = Field(
        None, description="Makes a retry safe: the same id again gets the first ack again"
    )
    message_type: str = Field("text", description="text, image or file")
    file_url: str | None = Field(None, description="http or https only")
    reply_to: str | None = Field(None, description="message_id of the message answered")


class TypingCommand(Command):
    """Tell that the user types, or stopped. Expires by itself after 5 s."""

    type: Literal["typing"]
    typing: bool = False


class UserUpdateCommand(Command):
    """Change one's own name or colour, or both."""

    type: Literal["user_update"]
    username: str | None = None
    color: str | None = None


class HistoryCommand(Command):
    """Ask for older (`before`) or newer (`after`) messages; exclusive seqs."""

    type: Literal["history"]
    before: int | None = Field(None, ge=1)
    after: int | None = Field(None, ge=0)
    limit: int = Field(50, ge=1, le=PAGE_LIMIT)


class PingCommand(Command):
    """Ask for a `pong`; `t` comes back as it is."""

    type: Literal["ping"]
    t: int | float | str | None = None


AnyCommand = MessageCommand | TypingCommand | UserUpdateCommand | HistoryCommand | PingCommand
_ADAPTER: Final[TypeAdapter[AnyCommand]] = TypeAdapter(
    Annotated[AnyCommand, Field(discriminator="type")]
)
_VALIDATE: Final = _ADAPTER.validator.validate_python
COMMAND_TYPES: Final = ("message", "typing", "user_update", "history", "ping")

MAX_CLIENT_ID_LENGTH: Final = 64
_PROBLEMS: Final = {
    "missing": "required",
    "string_type": "not_a_string",
    "bool_type": "not_a_boolean",
    "int_type": "not_a_number",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "string_too_long": "too_long",
}


def parse_command(text: str | bytes) -> AnyCommand:
    """Reads one frame. A missing `type` means `message`, as it did in the original.

    Raises:
        ChatError: `bad_json` or `unknown_type`.
        ValidationFailed: a field has the wrong type or is out of range.
    """
    try:
        data: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ChatError(ErrorCode.BAD_JSON) from error
    if not isinstance(data, dict):
        raise ChatError(ErrorCode.BAD_JSON)
    kind = data.setdefault("type", "message")
    if kind not in COMMAND_TYPES:
        raise ChatError(ErrorCode.UNKNOWN_TYPE)
    try:
        command: AnyCommand = _VALIDATE(data)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for problem in error.errors(include_url=False, include_input=False):
            # The first part of the place is the tag of the union.
            field = str(problem["loc"][1]) if len(problem["loc"]) > 1 else "type"
            problems.setdefault(field, []).append(_PROBLEMS.get(problem["type"], "invalid"))
        raise ValidationFailed(problems) from None
    return command


def client_id_of(text: str | bytes) -> str | None:
    """The `client_id` of a refused frame, if it has a usable one."""
    try:
        data: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    found = data.get("client_id") if isinstance(data, dict) else None
    return found if isinstance(found, str) and len(found) <= MAX_CLIENT_ID_LENGTH else None
