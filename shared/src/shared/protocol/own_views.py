"""What REST answers to people about themselves; the rules of `views` hold here too."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.protocol.views import Id, Moment, View


class MeView(View):
    """Whose session this is."""

    id: Id
    username: str
    color: str
    created_at: Moment


class OwnProfileView(MeView):
    """All that is known of a person besides what they wrote."""

    last_seen: Moment | None = Field(description="null: not stored yet")


class OwnRoomView(View):
    """A room that its reader may change and delete."""

    id: Id
    name: str
    description: str | None
    is_public: bool
    max_users: int
    created_at: Moment
    updated_at: Moment


class OwnReportView(View):
    """A message that its reader has reported."""

    message_id: Id
    room_id: Id
    reason: str
    created_at: Moment


class OwnHeldMessageView(View):
    """A message that waits, or waited, for staff."""

    id: Id
    room_id: Id
    content: str
    created_at: Moment


class OwnMessageView(View):
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


class ExportView(View):
    """Everything that is stored about a person."""

    exported_at: Moment
    user: OwnProfileView
    rooms: list[OwnRoomView]
    reports: list[OwnReportView]
    held_messages: list[OwnHeldMessageView]
    messages: list[OwnMessageView] = Field(description="The oldest first; the last ones unsorted")


class ErasureView(View):
    """How far an erasure is. `id` is told to who wished it and to nobody else."""

    id: Id
    status: Literal["running", "done"]
    requested_at: Moment
    finished_at: Moment | None
