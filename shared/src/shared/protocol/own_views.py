"""What REST answers to people about themselves; the rules of `views` hold here too."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.protocol.views import Id, Moment

_NOW: Final = "2026-11-23T18:30:00.000250+06:00"
_ME_EXAMPLE: Final[dict[str, Any]] = {
    "id": "0199b6a2-6e10-7f2a-8c3d-5b1e9f7a2c02",
    "username": "রাকিব",
    "color": "#ff0000",
    "created_at": "2026-11-23T18:00:00.000000+06:00",
}
_ERASURE_EXAMPLE: Final[dict[str, Any]] = {
    "id": "0199b6a2-8a55-7c33-9d44-6e5f70819204",
    "status": "running",
    "requested_at": _NOW,
    "finished_at": None,
}


class OwnView(BaseModel):
    """Base of all views here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MeView(OwnView):
    """Whose session this is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ME_EXAMPLE]})

    id: Id
    username: str
    color: str
    created_at: Moment


class OwnProfileView(OwnView):
    """All that is known of a person besides what they wrote."""

    id: Id
    username: str
    color: str
    created_at: Moment
    last_seen: Moment | None = Field(description="null: not stored yet")


class OwnRoomView(OwnView):
    """A room that its reader may change and delete."""

    id: Id
    name: str
    description: str | None
    is_public: bool
    max_users: int
    created_at: Moment
    updated_at: Moment


class OwnReportView(OwnView):
    """A message that its reader has reported."""

    message_id: Id
    room_id: Id
    reason: str
    created_at: Moment


class OwnHeldMessageView(OwnView):
    """A message that waits, or waited, for staff."""

    id: Id
    room_id: Id
    content: str
    message_type: str
    file_url: str | None
    created_at: Moment


class OwnMessageView(OwnView):
    """A message as it is stored, with the name and colour that it was sent under."""

    id: Id
    room_id: Id
    seq: int
    timestamp: Moment
    username: str
    color: str
    content: str
    message_type: str
    file_url: str | None
    reply_to: Id | None
    client_id: str | None
    edited_at: Moment | None
    deleted: bool = Field(description="true: its content is gone")


class ExportView(OwnView):
    """Everything that is stored about a person."""

    exported_at: Moment
    user: OwnProfileView
    rooms: list[OwnRoomView]
    reports: list[OwnReportView]
    held_messages: list[OwnHeldMessageView]
    messages: list[OwnMessageView] = Field(description="The oldest first; the last ones unsorted")


class ErasureView(OwnView):
    """How far an erasure is. `id` is told to who wished it and to nobody else."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ERASURE_EXAMPLE]})

    id: Id
    status: Literal["running", "done"]
    requested_at: Moment
    finished_at: Moment | None
