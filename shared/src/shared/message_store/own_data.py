"""What PostgreSQL holds of one person, for that person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from shared.domain.times import micros_of
from shared.message_store.message_reader import IN_A_ROOM, MESSAGE_COLUMNS, stored_message
from shared.message_store.tables import HeldMessage, Message, Report

if TYPE_CHECKING:
    from uuid import UUID

    from shared.message_store.database import Database
    from shared.protocol.codec import StoredMessage


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A message that somebody reported."""

    message_id: UUID
    room_id: UUID
    reason: str
    created_micros: int


@dataclass(frozen=True, slots=True)
class OwnHeldMessage:
    """A message of somebody that waits, or waited, for staff."""

    id: UUID
    room_id: UUID
    content: str
    message_type: str
    file_url: str | None
    created_micros: int


class OwnData:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> list[tuple[UUID, StoredMessage]]:
        """Messages of a user with their ids, the oldest first; deleted ones too.

        Those of deleted rooms are left out: they are about to be removed.
        """
        statement = select(*MESSAGE_COLUMNS).where(Message.user_id == user_id, IN_A_ROOM)
        if after is not None:
            statement = statement.where(Message.id > after)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(Message.id).limit(limit))
            return [(row.id, stored_message(row)) for row in rows]

    async def reports(self, user_id: UUID) -> list[OwnReport]:
        """What a user has reported."""
        statement = select(Report).where(Report.reporter_id == user_id).order_by(Report.id)
        async with self._database.reading() as connection:
            return [
                OwnReport(row.message_id, row.room_id, row.reason, micros_of(row.created_at))
                for row in await connection.execute(statement)
            ]

    async def held_messages(self, user_id: UUID) -> list[OwnHeldMessage]:
        """What of a user's messages staff were asked about."""
        statement = select(HeldMessage).where(HeldMessage.user_id == user_id)
        async with self._database.reading() as connection:
            return [
                OwnHeldMessage(
                    row.id,
                    row.room_id,
                    row.content,
                    row.message_type,
                    row.file_url,
                    micros_of(row.created_at),
                )
                for row in await connection.execute(statement.order_by(HeldMessage.id))
            ]
