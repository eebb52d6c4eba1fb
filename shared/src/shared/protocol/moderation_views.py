"""What REST answers staff: one class per shape, as in `views.py`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.protocol.views import Count, Id, Moment


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SanctionView(_View):
    """A ban or a mute that is in force."""

    id: Id
    kind: Literal["ban", "mute", "shadow_mute"]
    by: Literal["user", "address", "name"]
    name: str = Field(description="As staff saw it when they decided, or the pattern")
    user_id: Id | None = Field(description="Of one person; null where it is about others too")
    reason: str
    made_by: str
    created_at: Moment
    until: Moment | None = Field(description="null: until it is lifted")


class ModeratorView(_View):
    """Somebody whom the owner trusts with the room."""

    user_id: Id
    name: str
    since: Moment


class WordView(_View):
    """A word of the list."""

    id: Id
    word: str
    action: Literal["block", "mask", "hold"]


class ModerationView(_View):
    """All that staff have decided about a room."""

    room_id: Id
    role: Literal["moderator", "owner", "admin"] = Field(description="Yours")
    locked: bool
    slow_seconds: Count
    notice: str | None
    moderators: list[ModeratorView]
    sanctions: list[SanctionView]
    words: list[WordView]


class PurgeView(_View):
    """How much was deleted."""

    deleted: Count


class KeyView(_View):
    """A link by which people become moderators: told once, and only the newest is of use."""

    key: str
    path: str = Field(description="Of the web client: `/r/<room>#mod=<key>`")


class ReportView(_View):
    """What somebody told staff about a message."""

    id: Id
    message_id: Id
    user_id: Id
    name: str
    content: str
    reason: str
    created_at: Moment


class ReportsView(_View):
    """Reports that nobody has decided, the oldest first."""

    reports: list[ReportView]


class HeldView(_View):
    """A message that waits because of a word in it."""

    id: Id
    user_id: Id
    name: str
    content: str
    message_type: str
    file_url: str | None
    created_at: Moment


class HeldListView(_View):
    """What waits, the oldest first."""

    held: list[HeldView]


class DeedView(_View):
    """A line of the audit log."""

    id: Id
    made_by: str
    action: str
    subject: str
    details: dict[str, Any]
    created_at: Moment


class DeedsView(_View):
    """The newest first."""

    deeds: list[DeedView]
