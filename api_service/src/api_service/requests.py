"""What clients may send.

Unknown fields are ignored, as in the original: a client may send back the whole object it read.
Rules that JSON Schema cannot say (graphemes, Unicode) are named as formats of our own, `adda-…`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.domain.ids import parse_uuid
from shared.domain.messages import (
    MAX_CLIENT_ID_CHARACTERS,
    check_client_id,
    check_file_url,
    normalise_content,
)
from shared.domain.names import normalise_color, normalise_username
from shared.domain.position import MAX_SEQ
from shared.domain.rooms import (
    ROOM_RULES,
    check_max_users,
    normalise_description,
    normalise_room_name,
)
from shared.domain.rules import BLANK, RuleViolation
from shared.domain.text import nfc, strip_blank, without_unsafe_characters

T = TypeVar("T")
R = TypeVar("R")

_DIGITS: Final = re.compile(r"[0-9]{1,16}")
MAX_PAGE: Final = 1_000_000_000


def by_rule(check: Callable[[T], R]) -> Callable[[T], R]:
    """Lets a rule of the domain report through pydantic, so that all fields are told at once."""

    def checked(value: T) -> R:
        try:
            return check(value)
        except RuleViolation as violation:
            raise PydanticCustomError(violation.code, violation.code) from None

    return checked


def _uuid(value: object) -> UUID:
    found = parse_uuid(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("not_a_uuid", "not_a_uuid")
    return found


def _content(value: str) -> str:
    content = normalise_content(value)
    if content is None:
        raise RuleViolation("content", BLANK)
    return content


def _max_users(value: object) -> int:
    # 50.0 is an integer in JSON Schema, and in JavaScript.
    return check_max_users(int(value) if isinstance(value, float) and value.is_integer() else value)


def _whole_number(value: object) -> object:
    # Python would take " 5", "+5" and "1_0" too.
    if isinstance(value, str) and _DIGITS.fullmatch(value) is None:
        raise PydanticCustomError("not_a_number", "not_a_number")
    return value


def _search(value: str) -> str:
    return nfc(strip_blank(without_unsafe_characters(value)))


def _text(format_: str, description: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": "string", "minLength": 1, "format": format_, "description": description, **more}
    )


Uuid = Annotated[
    UUID,
    BeforeValidator(_uuid),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
Username = Annotated[
    str,
    AfterValidator(by_rule(normalise_username)),
    _text("adda-name", "1–100 graphemes; no control or bidi-override characters"),
]
Color = Annotated[
    str,
    AfterValidator(by_rule(normalise_color)),
    WithJsonSchema(
        {"type": "string", "pattern": "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$", "examples": ["#ff0000"]}
    ),
]
RoomName = Annotated[
    str,
    AfterValidator(by_rule(normalise_room_name)),
    _text("adda-name", "1–100 graphemes; no control or bidi-override characters"),
]
Description = Annotated[
    str,
    AfterValidator(by_rule(normalise_description)),
    WithJsonSchema(
        {"type": "string", "format": "adda-description", "description": "At most 2,000 graphemes"}
    ),
]
MaxUsers = Annotated[
    int,
    BeforeValidator(by_rule(_max_users)),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "integer",
                    "minimum": ROOM_RULES.min_max_users,
                    "maximum": ROOM_RULES.max_max_users,
                },
                {"type": "string", "pattern": "^([2-9]|[1-9][0-9]{1,4}|100000)$"},
            ]
        }
    ),
]
Content = Annotated[
    str,
    AfterValidator(by_rule(_content)),
    _text("adda-content", "Trimmed; 1–4,000 graphemes, at most 16 KiB"),
]
ClientId = Annotated[
    str,
    AfterValidator(by_rule(check_client_id)),
    _text(
        "adda-client-id",
        "Makes a retry safe: the same id again gives the first answer again",
        maxLength=MAX_CLIENT_ID_CHARACTERS,
    ),
]
FileUrl = Annotated[
    str,
    AfterValidator(by_rule(check_file_url)),
    WithJsonSchema(
        {
            "type": "string",
            "format": "adda-web-address",
            "description": "http or https, at most 2,048 characters; empty: none",
        }
    ),
]
MessageType = Literal["text", "image", "file"]

# The bounds stand next to int, or pydantic would not write them into the schema.
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ), BeforeValidator(_whole_number)]
SeqFrom1 = Annotated[int, Field(ge=1, le=MAX_SEQ), BeforeValidator(_whole_number)]
PageNumber = Annotated[int, Field(ge=1, le=MAX_PAGE), BeforeValidator(_whole_number)]
UpTo100 = Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole_number)]
UpTo200 = Annotated[int, Field(ge=1, le=200), BeforeValidator(_whole_number)]
Cursor = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "format": "adda-cursor",
            "description": "`next_cursor` of the page before",
        }
    ),
]
Search = Annotated[str, Field(max_length=100), AfterValidator(_search)]

# A file needs an address: what is asked of two fields together.
_FILES_HAVE_ADDRESSES: Final[dict[str, Any]] = {
    "if": {
        "properties": {"message_type": {"enum": ["image", "file"]}},
        "required": ["message_type"],
    },
    "then": {"properties": {"file_url": {"type": "string"}}, "required": ["file_url"]},
}


class RequestBody(BaseModel):
    """Base of all bodies: exact types, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def example(example: dict[str, Any], **more: object) -> ConfigDict:
    """The configuration of a body with an example in the document."""
    extra: dict[str, Any] = {"examples": [example], **more}
    return ConfigDict(json_schema_extra=extra)


def unsent() -> Any:
    """Default of a field that then stays as it is; `model_fields_set` tells which were sent."""
    return Field(default=None, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class CreateUserRequest(RequestBody):
    """A new person."""

    model_config = example({"username": "রাকিব", "color": "#ff0000"})

    username: Username
    color: Color | None = None


class JoinRoomRequest(RequestBody):
    """Somebody wants into a room; an unknown id becomes a new room."""

    model_config = example(
        {
            "room_id": "123e4567-e89b-12d3-a456-426614174000",
            "username": "রাকিব",
            "color": "#ff0000",
        }
    )

    room_id: Uuid
    username: Username
    color: Color | None = None


class RoomRequest(RequestBody):
    """A new room, or all of a changed one; a field that is left out stays as it is."""

    model_config = example(
        {
            "name": "ক্রিকেট",
            "description": "আজকের খেলা",
            "max_users": 5000,
            "is_public": True,
        }
    )

    name: RoomName
    description: Description | None = None
    max_users: MaxUsers = ROOM_RULES.default_max_users
    is_public: bool = True


class RoomPatch(RequestBody):
    """A part of a room."""

    model_config = example({"description": "আজকের খেলা"})

    name: RoomName = unsent()
    description: Description | None = unsent()
    max_users: MaxUsers = unsent()
    is_public: bool = unsent()


class MessageRequest(RequestBody):
    """A new message."""

    model_config = example(
        {
            "room_id": "123e4567-e89b-12d3-a456-426614174000",
            "content": "হ্যালো সবাই!",
            "client_id": "আমার-১",
        },
        **_FILES_HAVE_ADDRESSES,
    )

    room_id: Uuid
    content: Content
    client_id: ClientId | None = None
    message_type: MessageType = "text"
    file_url: FileUrl | None = None
    reply_to: Uuid | None = None


class MessagePut(RequestBody):
    """All of a message that its author may change; a field that is left out stays as it is."""

    model_config = example({"content": "হ্যালো সবাইকে!"}, **_FILES_HAVE_ADDRESSES)

    content: Content
    message_type: MessageType = unsent()
    file_url: FileUrl | None = unsent()


class MessagePatch(RequestBody):
    """A part of a message."""

    model_config = example({"content": "হ্যালো সবাইকে!"}, **_FILES_HAVE_ADDRESSES)

    content: Content = unsent()
    message_type: MessageType = unsent()
    file_url: FileUrl | None = unsent()


class ErasureRequest(RequestBody):
    """Somebody wants to be forgotten, and knows that this cannot be taken back."""

    model_config = example({"confirm": True})

    confirm: Literal[True]
