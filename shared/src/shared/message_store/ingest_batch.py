"""Rows of several entries, brought into the form that a bulk statement takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from shared.message_store.records import (
    IngestRow,
    MessageRow,
    RevisionRow,
    RoomSnapshot,
    UserSnapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class MessageKey(NamedTuple):
    """A message and its place. Sorts as the primary key does."""

    room_id: UUID
    seq: int
    id: UUID


class StoredRow(NamedTuple):
    """A message or a revision as a row of `messages`."""

    message: MessageRow
    revision: int
    edited_at: datetime | None
    deleted_at: datetime | None

    @property
    def key(self) -> MessageKey:
        """Which message this is."""
        return MessageKey(self.message.room_id, self.message.seq, self.message.id)


@dataclass(frozen=True, slots=True)
class IngestBatch:
    """What one transaction writes: sorted by key, so that two workers lock in one order."""

    messages: tuple[StoredRow, ...] = ()
    """Sorted by room and seq; of one message only its newest revision."""
    users: tuple[UserSnapshot, ...] = ()
    """Sorted by id; of one person only the newest snapshot."""
    rooms: tuple[RoomSnapshot, ...] = ()
    """Sorted by id, each id once."""

    @classmethod
    def of(cls, rows: Iterable[IngestRow]) -> IngestBatch:
        """Sorts `rows` out; their order does not matter."""
        messages: dict[MessageKey, StoredRow] = {}
        users: dict[UUID, UserSnapshot] = {}
        rooms: dict[UUID, RoomSnapshot] = {}
        for row in rows:
            match row:
                case MessageRow() | RevisionRow():
                    stored = _stored_row(row)
                    held = messages.get(stored.key)
                    if held is None or held.revision < stored.revision:
                        messages[stored.key] = stored
                case UserSnapshot():
                    other = users.get(row.id)
                    if other is None or other.taken_at < row.taken_at:
                        users[row.id] = row
                case RoomSnapshot():
                    rooms.setdefault(row.id, row)
        return cls(
            messages=tuple(messages[key] for key in sorted(messages)),
            users=tuple(users[key] for key in sorted(users)),
            rooms=tuple(rooms[key] for key in sorted(rooms)),
        )


@dataclass(frozen=True, slots=True)
class Conflict:
    """A message that has no place: another one holds its seq, or it stands at another seq."""

    key: MessageKey
    reason: str
    """`seq_taken` or `id_at_another_seq`."""


@dataclass(slots=True)
class WriteReport:
    """What became of a batch. Everything not named in `conflicts` is safe, or meant to be gone."""

    inserted: int = 0
    """New rows of `messages`."""
    revised: int = 0
    """Rows of `messages` that took a newer revision."""
    duplicates: int = 0
    """Messages that were there already: delivered twice."""
    without_client_id: int = 0
    """Messages stored without their client_id, since another one of that person has it."""
    of_deleted_rooms: int = 0
    """Messages dropped, because their room is deleted."""
    user_conflicts: list[UserSnapshot] = field(default_factory=list)
    """People not stored, because another user has their session."""
    conflicts: list[Conflict] = field(default_factory=list)
    """Messages for the dead letters."""


def columns(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows (at least one) turned into columns, the form in which `unnest` takes them."""
    return list(zip(*rows, strict=True))


def _stored_row(row: MessageRow | RevisionRow) -> StoredRow:
    if isinstance(row, MessageRow):
        return StoredRow(row, 0, None, None)
    deleted_at = row.changed_at if row.deleted else None
    return StoredRow(row.message, row.revision, row.changed_at, deleted_at)
