"""Rows as they come from the ingest streams and as the directories return them. Values only.

Times are aware datetimes where a row goes to PostgreSQL, µs since 1970 UTC where it comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.domain.entities import RoomSettings, User


class MessageRow(NamedTuple):
    """A message as it was sent."""

    room_id: UUID
    seq: int
    id: UUID
    user_id: UUID
    username: str
    color: str
    content: str
    message_type: str
    file_url: str | None
    reply_to: UUID | None
    client_id: str | None
    created_at: datetime


class RevisionRow(NamedTuple):
    """A message as it is after a change; carries all of it, so it may come before the message."""

    message: MessageRow
    """With the new content; empty content when deleted."""
    revision: int
    changed_at: datetime
    deleted: bool


class UserSnapshot(NamedTuple):
    """A person at one moment; the newest moment wins."""

    id: UUID
    session_hash: bytes
    username: str
    color: str
    created_at: datetime
    current_room: UUID | None
    is_online: bool
    taken_at: datetime


class RoomSnapshot(NamedTuple):
    """A room that a socket or a join created; only an unknown id is stored."""

    id: UUID
    name: str
    description: str | None
    is_public: bool
    max_users: int
    owner_id: UUID | None
    created_at: datetime
    updated_at: datetime


IngestRow = MessageRow | RevisionRow | UserSnapshot | RoomSnapshot


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as PostgreSQL knows it."""

    settings: RoomSettings
    deleted: bool
    total_messages: int
    """Stored messages that are not deleted."""
    last_seq: int
    """Greatest seq that was ever stored; 0 before the first."""
    removed: int = 0
    """Messages removed for their age since the room began; not in `total_messages`."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person as PostgreSQL knows them."""

    user: User
    last_seen_micros: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over everything that is not deleted."""

    rooms: int
    users: int
    messages: int
