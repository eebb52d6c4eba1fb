"""Rows of several entries, brought into the form that a bulk statement takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    revision: int = 0
    edited_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def key(self) -> MessageKey:
        """Which message this is."""
        return MessageKey(self.message.room_id, self.message.seq, self.message.id)


@dataclass(frozen=True, slots=True)
class IngestBatch:
    """What one transaction writes: sorted by key, so that two workers lock in one order."""

    sent: tuple[MessageRow, ...] = ()
    """Messages as they were sent. Sorted by room and seq; each once, and none of `changed`."""
    changed: tuple[StoredRow, ...] = ()
    """Messages after a change. Sorted likewise; of each only its newest revision."""
    users: tuple[UserSnapshot, ...] = ()
    """Sorted by id; of one person only the newest snapshot."""
    rooms: tuple[RoomSnapshot, ...] = ()
    """Sorted by id, each id once."""

    @classmethod
    def of(cls, rows: Iterable[IngestRow]) -> IngestBatch:
        """Sorts `rows` out; their order does not matter."""
        sent: dict[tuple[object, ...], MessageRow] = {}
        changed: dict[MessageKey, StoredRow] = {}
        users: dict[UUID, UserSnapshot] = {}
        rooms: dict[UUID, RoomSnapshot] = {}
        for row in rows:
            match row:
                case MessageRow():
                    sent[row[:3]] = row  # its MessageKey, made in less time
                case RevisionRow():
                    stored = _stored_row(row)
                    held = changed.get(stored.key)
                    if held is None or held.revision < stored.revision:
                        changed[stored.key] = stored
                case UserSnapshot():
                    other = users.get(row.id)
                    if other is None or other.taken_at < row.taken_at:
                        users[row.id] = row
                case RoomSnapshot():
                    rooms.setdefault(row.id, row)
        for key in changed:
            sent.pop(key, None)
        return cls(
            sent=tuple(sorted(sent.values())),
            changed=tuple(changed[key] for key in sorted(changed)),
            users=tuple(users[key] for key in sorted(users)),
            rooms=tuple(rooms[key] for key in sorted(rooms)),
        )

    @property
    def count(self) -> int:
        """Messages in here."""
        return len(self.sent) + len(self.changed)

    @property
    def rooms_of_messages(self) -> set[UUID]:
        """Rooms of the messages in here."""
        return {row[0] for row in self.sent} | {row.message.room_id for row in self.changed}

    def without_messages_of(self, rooms: set[UUID]) -> IngestBatch:
        """The same batch, except for messages of `rooms`."""
        return replace(
            self,
            sent=tuple(row for row in self.sent if row.room_id not in rooms),
            changed=tuple(row for row in self.changed if row.message.room_id not in rooms),
        )

    @property
    def messages(self) -> list[StoredRow]:
        """All of `sent` and `changed` in one form and order."""
        return sorted([*(StoredRow(row) for row in self.sent), *self.changed], key=_key_of)


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


def _stored_row(row: RevisionRow) -> StoredRow:
    deleted_at = row.changed_at if row.deleted else None
    return StoredRow(row.message, row.revision, row.changed_at, deleted_at)


def _key_of(row: StoredRow) -> MessageKey:
    return row.key
