"""What the server sends over the socket. An undeclared field is a bug, so every class forbids it.

The first fields of `message`, `system`, `typing`, `user_list` and `error` are the original's; what
follows them was added and may be ignored.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

PROTOCOL_VERSION: int = 1


class Event(BaseModel):
    """Base of all events."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageEvent(Event):
    """A message of the room, live or from history."""

    type: Literal["message"] = "message"
    message: str
    user_id: str
    username: str
    user_color: str
    message_id: str
    room_id: str
    client_id: str | None
    message_type: Literal["text", "image", "file", "system"]
    file_url: str | None
    reply_to: str | None
    seq: int = Field(description="Number of the message in its room; gapless")
    timestamp: str
    revision: int | None = Field(None, description="How often it was changed; absent when never")
    edited_at: str | None = Field(None, description="Time of the last change")
    deleted: bool | None = Field(None, description="true: deleted, `message` is empty")


class MessageUpdatedEvent(MessageEvent):
    """A message was changed; carries the whole message as it is now."""

    type: Literal["message_updated"] = "message_updated"  # type: ignore[assignment]


class MessageDeletedEvent(Event):
    """A message was deleted."""

    type: Literal["message_deleted"] = "message_deleted"
    room_id: str
    message_id: str
    seq: int
    timestamp: str


class SystemEvent(Event):
    """A Bangla text about the room: joins, leaves, renames, closing."""

    type: Literal["system"] = "system"
    message: str
    user_id: str | None
    username: str | None
    timestamp: str
    event: Literal["joined", "left", "renamed", "room_closed"]
    count: int = Field(1, description="How many people the text speaks of")


class TypingEvent(Event):
    """Somebody types, or stopped."""

    type: Literal["typing"] = "typing"
    user_id: str
    username: str
    typing: bool
    timestamp: str


class RosterUser(Event):
    """A person who is present."""

    id: str
    username: str
    color: str
    joined_at: str
    is_online: bool = True


class UserListEvent(Event):
    """Who is present: at most 200 people, the longest present first."""

    type: Literal["user_list"] = "user_list"
    users: list[RosterUser]
    timestamp: str
    total: int


class JoinedEvent(Event):
    """Somebody came, or has a new name or colour; only for connections with `roster=delta`."""

    type: Literal["joined"] = "joined"
    user: RosterUser
    timestamp: str
    total: int


class LeftEvent(Event):
    """Somebody left; only for connections with `roster=delta`."""

    type: Literal["left"] = "left"
    user_id: str
    timestamp: str
    total: int


class ErrorEvent(Event):
    """A command was refused, or the connection is about to be closed."""

    type: Literal["error"] = "error"
    message: str
    timestamp: str
    code: str
    retry_after: float | None = Field(
        None, description="Seconds until a retry makes sense, different for each who is refused"
    )
    client_id: str | None = Field(None, description="Of the message that was refused")
    errors: dict[str, list[str]] | None = None
    challenge: str | None = Field(
        None, description="With `proof_required`: the path where the challenge is to be had"
    )


class RoomInfo(Event):
    """The room, as told on arrival."""

    id: str
    name: str
    description: str | None
    is_public: bool
    max_users: int
    online_users: int
    total_messages: int


class Limits(Event):
    """What this server accepts."""

    content_graphemes: int
    content_bytes: int
    name_graphemes: int
    client_id_length: int
    frame_bytes: int
    history_page: int
    user_list: int


class RulesInfo(Event):
    """What applies to everybody in the room, but for staff."""

    locked: bool = Field(description="Nobody new comes in")
    slow_seconds: int = Field(description="Between two messages of one person; 0: none")
    notice: str | None = Field(description="What staff have pinned")


NO_RULES: Final = RulesInfo(locked=False, slow_seconds=0, notice=None)


class RoomRulesEvent(Event):
    """Other rules apply in the room from now on."""

    type: Literal["room_rules"] = "room_rules"
    rules: RulesInfo
    timestamp: str


class WelcomeEvent(Event):
    """The first event on every connection."""

    type: Literal["welcome"] = "welcome"
    protocol: int = PROTOCOL_VERSION
    connection_id: str
    user_id: str
    username: str
    color: str
    session_id: str | None = Field(None, description="Only if the server made it")
    room: RoomInfo
    epoch: str
    seq: int = Field(description="Live messages begin after this one")
    limits: Limits
    rules: RulesInfo = NO_RULES
    role: Literal["nobody", "moderator", "owner"] = Field(
        "nobody", description="Yours, in this room"
    )
    timestamp: str


class AckEvent(Event):
    """The message is in Redis: it has its place and will not be lost."""

    type: Literal["ack"] = "ack"
    client_id: str
    message_id: str
    seq: int
    timestamp: str


class RecoveredEvent(Event):
    """Answer to a reconnect with a position."""

    type: Literal["recovered"] = "recovered"
    complete: bool = Field(
        description="true: `messages` is all that was missed; false: the newest 50, reload the rest"
    )
    epoch: str
    seq: int
    messages: list[MessageEvent]
    revisions: list[MessageUpdatedEvent | MessageDeletedEvent] = Field(
        [], description="Changes, since then, of messages that are older than the position"
    )


class HistoryEvent(Event):
    """Answer to `history`, oldest first."""

    type: Literal["history"] = "history"
    messages: list[MessageEvent]
    has_more: bool


class PongEvent(Event):
    """Answer to `ping`."""

    type: Literal["pong"] = "pong"
    t: int | float | str | None
    server_time: str


AnyEvent = (
    WelcomeEvent
    | RecoveredEvent
    | MessageEvent
    | MessageUpdatedEvent
    | MessageDeletedEvent
    | SystemEvent
    | TypingEvent
    | UserListEvent
    | RoomRulesEvent
    | JoinedEvent
    | LeftEvent
    | AckEvent
    | HistoryEvent
    | PongEvent
    | ErrorEvent
)
