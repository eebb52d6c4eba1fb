"""What REST answers: one class per shape. An undeclared field is a bug, so every class forbids it.

The first fields of each class are the original's, with its names; what follows them was added and
may be ignored. Times are ISO 8601 texts at +06:00 with six digits, ids are UUID texts.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.protocol.errors import ERRORS, ErrorCode, Language

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Address = Annotated[str, Field(json_schema_extra={"format": "uri"})]
Count = Annotated[int, Field(ge=0)]

_ROOM: Final = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"
_USER: Final = "0199b6a2-6e10-7f2a-8c3d-5b1e9f7a2c02"
_MESSAGE: Final = "0199b6a2-7f44-7a90-b1c2-3d4e5f607103"
_NOW: Final = "2026-11-23T18:30:00.000250+06:00"
_SESSION: Final = "Zk1vQ2JtX3l0c2Vzc2lvbl9leGFtcGxl"

_USER_EXAMPLE: Final[dict[str, Any]] = {
    "id": _USER,
    "username": "রাকিব",
    "color": "#ff0000",
    "is_online": True,
    "last_seen": _NOW,
    "created_at": "2026-11-23T18:00:00.000000+06:00",
}
_MESSAGE_EXAMPLE: Final[dict[str, Any]] = {
    "id": _MESSAGE,
    "room_id": _ROOM,
    "user": _USER_EXAMPLE,
    "content": "হ্যালো সবাই!",
    "message_type": "text",
    "file_url": None,
    "timestamp": _NOW,
    "seq": 41,
    "client_id": "আমার-১",
    "reply_to": None,
    "edited_at": None,
}
_ROOM_EXAMPLE: Final[dict[str, Any]] = {
    "id": _ROOM,
    "name": "সাধারণ আলোচনা",
    "description": "সব বিষয় নিয়ে মুক্ত আলোচনা",
    "is_public": True,
    "max_users": 200,
    "online_users_count": 15,
    "total_messages_count": 500,
    "created_at": "2026-11-01T10:00:00.000000+06:00",
    "updated_at": "2026-11-01T10:00:00.000000+06:00",
    "owner_id": None,
}
_PUBLIC_ROOM_EXAMPLE: Final[dict[str, Any]] = {
    "id": _ROOM,
    "name": "সাধারণ আলোচনা",
    "description": "সব বিষয় নিয়ে মুক্ত আলোচনা",
    "online_users": 15,
    "total_messages": 500,
    "max_users": 200,
    "created_at": "2026-11-01T10:00:00.000000+06:00",
    "updated_at": "2026-11-01T10:00:00.000000+06:00",
}
_STATISTICS_EXAMPLE: Final[dict[str, Any]] = {
    "total_rooms": 4,
    "total_users": 150,
    "total_messages": 1250,
    "online_users": 25,
    "active_rooms": 3,
}


def _config(*examples: dict[str, Any]) -> ConfigDict:
    extra: dict[str, Any] = {"examples": list(examples)}
    return ConfigDict(frozen=True, extra="forbid", json_schema_extra=extra)


class View(BaseModel):
    """Base of all views."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UserView(View):
    """A person as others see them."""

    model_config = _config(_USER_EXAMPLE)

    id: Id
    username: str
    color: str
    is_online: bool = Field(description="true while a socket of theirs is open")
    last_seen: Moment
    created_at: Moment


class MessageView(View):
    """A message as it is now."""

    model_config = _config(_MESSAGE_EXAMPLE)

    id: Id
    room_id: Id
    user: UserView
    content: str
    message_type: Literal["text", "image", "file", "system"]
    file_url: str | None
    timestamp: Moment
    seq: Count = Field(description="Number of the message in its room; gapless")
    client_id: str | None
    reply_to: Id | None = Field(description="id of the message that it answers")
    edited_at: Moment | None = Field(description="Time of the last change; null when never")


class RoomView(View):
    """A room."""

    model_config = _config(_ROOM_EXAMPLE)

    id: Id
    name: str
    description: str | None
    is_public: bool = Field(description="false: unlisted, reachable by its id alone")
    max_users: int
    online_users_count: Count
    total_messages_count: Count
    created_at: Moment
    updated_at: Moment
    owner_id: Id | None = Field(description="User who may change and delete it; null: nobody")


class RoomPageView(View):
    """A page of rooms, newest first."""

    model_config = _config({"count": 1, "next": None, "previous": None, "results": [_ROOM_EXAMPLE]})

    count: Count = Field(description="Rooms on all pages")
    next: Address | None
    previous: Address | None
    results: list[RoomView]


class MessagePageView(View):
    """A page of messages, newest first. `next` leads to older ones."""

    model_config = _config(
        {"count": 1, "next": None, "previous": None, "results": [_MESSAGE_EXAMPLE]}
    )

    count: Count = Field(description="Messages on all pages; a moment old where rooms are mixed")
    next: Address | None
    previous: Address | None
    results: list[MessageView]


class RoomMessagesView(View):
    """A part of a room's history, newest first."""

    model_config = _config(
        {
            "room_id": _ROOM,
            "room_name": "সাধারণ আলোচনা",
            "messages": [_MESSAGE_EXAMPLE],
            "total_messages": 1,
            "has_more": False,
        }
    )

    room_id: Id
    room_name: str
    messages: list[MessageView]
    total_messages: Count = Field(description="Messages of the whole room")
    has_more: bool = Field(description="Are there more in the direction that was asked for?")


class RoomUsersView(View):
    """Who is in a room, the longest present first."""

    model_config = _config(
        {
            "room_id": _ROOM,
            "online_users": [_USER_EXAMPLE],
            "total_online": 1,
            "next": None,
            "previous": None,
        }
    )

    room_id: Id
    online_users: list[UserView]
    total_online: Count = Field(description="People on all pages")
    next: Address | None
    previous: Address | None


class PopularRoomsView(View):
    """The ten listed rooms with most people online."""

    model_config = _config({"status": "success", "count": 1, "rooms": [_ROOM_EXAMPLE]})

    status: Literal["success"] = "success"
    count: Count = Field(description="Rooms in this answer")
    rooms: list[RoomView]


class PublicRoomView(View):
    """A listed room, with the field names of the list of public rooms."""

    model_config = _config(_PUBLIC_ROOM_EXAMPLE)

    id: Id
    name: str
    description: str | None
    online_users: Count
    total_messages: Count
    max_users: int
    created_at: Moment
    updated_at: Moment


class PublicRoomsView(View):
    """Listed rooms: most people online first, then the newest."""

    model_config = _config(
        {"status": "success", "count": 4, "rooms": [_PUBLIC_ROOM_EXAMPLE], "next_cursor": None}
    )

    status: Literal["success"] = "success"
    count: Count = Field(description="Listed rooms in all")
    rooms: list[PublicRoomView]
    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last one")


class RoomStatsView(View):
    """Numbers of a room and its five newest messages."""

    model_config = _config(
        {
            "room_id": _ROOM,
            "room_name": "সাধারণ আলোচনা",
            "online_users": 15,
            "total_messages": 500,
            "max_users": 200,
            "is_public": True,
            "created_at": "2026-11-01T10:00:00.000000+06:00",
            "updated_at": "2026-11-01T10:00:00.000000+06:00",
            "recent_messages": [_MESSAGE_EXAMPLE],
        }
    )

    room_id: Id
    room_name: str
    online_users: Count
    total_messages: Count
    max_users: int
    is_public: bool
    created_at: Moment
    updated_at: Moment
    recent_messages: list[MessageView]


class Statistics(View):
    """Sums over everything."""

    model_config = _config(_STATISTICS_EXAMPLE)

    total_rooms: Count
    total_users: Count
    total_messages: Count
    online_users: Count
    active_rooms: Count


class SystemInfo(View):
    """What this is."""

    project: str = "বাংলা পাবলিক চ্যাট"
    version: str = "1.0.0"
    description: str = "একটি সম্পূর্ণ পাবলিক রিয়েল-টাইম চ্যাট অ্যাপ্লিকেশন"


class SystemStatusView(View):
    """The system's status."""

    model_config = _config(
        {
            "status": "সক্রিয়",
            "server_time": _NOW,
            "statistics": _STATISTICS_EXAMPLE,
            "system_info": SystemInfo().model_dump(),
        }
    )

    status: Literal["সক্রিয়"] = "সক্রিয়"
    server_time: Moment
    statistics: Statistics
    system_info: SystemInfo = SystemInfo()


class UserCreatedView(View):
    """A new user. `session_id` is told here and never again."""

    model_config = _config(
        {
            "user_id": _USER,
            "session_id": _SESSION,
            "username": "রাকিব",
            "color": "#ff0000",
            "message": "ব্যবহারকারী সফলভাবে তৈরি হয়েছে",
            "is_online": False,
        }
    )

    user_id: Id
    session_id: str
    username: str
    color: str
    message: str = "ব্যবহারকারী সফলভাবে তৈরি হয়েছে"
    is_online: bool = Field(default=False, description="false until a socket is open")


class RoomJoinedView(View):
    """Everything that is needed to open the socket."""

    model_config = _config(
        {
            "room_id": _ROOM,
            "room_name": "সাধারণ আলোচনা",
            "user_id": _USER,
            "session_id": _SESSION,
            "username": "রাকিব",
            "color": "#ff0000",
            "websocket_url": f"ws://localhost:8000/ws/chat/{_ROOM}/?username="
            f"%E0%A6%B0%E0%A6%BE%E0%A6%95%E0%A6%BF%E0%A6%AC&color=%23ff0000&session_id={_SESSION}",
            "message": "রুমে সফলভাবে যোগদান করা হয়েছে",
        }
    )

    room_id: Id
    room_name: str
    user_id: Id
    session_id: str
    username: str
    color: str
    websocket_url: Address
    message: str = "রুমে সফলভাবে যোগদান করা হয়েছে"


class IndexView(View):
    """Where to find what."""

    project: str
    version: str
    description: str
    endpoints: dict[str, Address]


class ErrorView(View):
    """The body of every error. Fields that have nothing to say are left out."""

    status: Literal["error"] = "error"
    code: ErrorCode = Field(description="Stable and language-free")
    message: str = Field(description="Bangla, or English where Accept-Language prefers it")
    errors: dict[str, list[str]] = Field(
        default_factory=dict, description="Texts per field; only for validation errors"
    )
    failing: list[str] = Field(
        default_factory=list, description="Parts that are away; only from the health check"
    )
    challenge: str | None = Field(
        None, description="With `proof_required`: the path where the challenge is to be had"
    )


def error_example(code: ErrorCode, language: Language = "bn") -> dict[str, Any]:
    """The body of an error as it stands in the documentation."""
    info = ERRORS[code]
    body: dict[str, Any] = {
        "status": "error",
        "code": code.value,
        "message": info.en if language == "en" else info.bn,
    }
    if code is ErrorCode.VALIDATION:
        body["errors"] = {"username": ["এই ঘরটি প্রয়োজন"]}
    if code is ErrorCode.PROOF_REQUIRED:
        body["challenge"] = "/api/challenge/?for=room"
    return body
