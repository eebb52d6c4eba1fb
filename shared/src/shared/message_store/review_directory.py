"""What waits for staff in PostgreSQL: reports of messages, and messages held because of a word."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.domain.times import datetime_of, micros_of
from shared.message_store.moderation_directory import audit_line
from shared.message_store.tables import AuditEntry, HeldMessage, Message, Report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from shared.message_store.database import Database
    from shared.message_store.moderation_directory import Deed


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """What somebody told staff about a message, with its text of then."""

    id: UUID
    room: UUID
    message: UUID
    user: UUID
    """Who wrote the message."""
    username: str
    content: str
    reporter: UUID
    reason: str
    micros: int


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A message that waits."""

    id: UUID
    room: UUID
    user: UUID
    username: str
    color: str
    content: str
    message_type: str
    file_url: str | None
    reply_to: UUID | None
    micros: int

    @property
    def client_id(self) -> str:
        """Of the message that it becomes: a repetition says nothing twice."""
        return f"held-{self.id}"


@dataclass(frozen=True, slots=True)
class Deciding:
    """A message about which somebody decides now."""

    held: HeldRecord
    said: bool
    """PostgreSQL has it as said: Redis took it once, and the decision was lost."""


class ReviewDirectory:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_report(self, report: ReportRecord) -> bool:
        """Stores a report. False if this reporter has reported the message already."""
        statement = (
            insert(Report)
            .values(
                id=report.id,
                room_id=report.room,
                message_id=report.message,
                user_id=report.user,
                username=report.username,
                content=report.content,
                reporter_id=report.reporter,
                reason=report.reason,
                created_at=datetime_of(report.micros),
            )
            .on_conflict_do_nothing()
            .returning(Report.id)
        )
        async with self._database.changing() as connection:
            return await connection.scalar(statement) is not None

    async def open_reports(self, room: UUID | None, limit: int) -> list[ReportRecord]:
        """Reports that nobody has decided, the oldest first; of all rooms with None."""
        statement = select(Report).where(Report.decided_at.is_(None))
        if room is not None:
            statement = statement.where(Report.room_id == room)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(Report.id).limit(limit))
            return [
                ReportRecord(
                    row.id,
                    row.room_id,
                    row.message_id,
                    row.user_id,
                    row.username,
                    row.content,
                    row.reporter_id,
                    row.reason,
                    micros_of(row.created_at),
                )
                for row in rows
            ]

    async def decide_reports(
        self, room: UUID, message: UUID, made_by: str, decision: str, micros: int
    ) -> int:
        """Closes all open reports of one message; returns how many there were."""
        statement = (
            update(Report)
            .where(
                Report.room_id == room, Report.message_id == message, Report.decided_at.is_(None)
            )
            .values(decided_at=datetime_of(micros), decided_by=made_by, decision=decision)
        )
        async with self._database.changing() as connection:
            return (await connection.execute(statement)).rowcount

    async def hold(self, held: HeldRecord) -> None:
        """Keeps a message until staff have looked at it; the same id again changes nothing."""
        async with self._database.changing() as connection:
            await connection.execute(
                insert(HeldMessage)
                .values(
                    id=held.id,
                    room_id=held.room,
                    user_id=held.user,
                    username=held.username,
                    color=held.color,
                    content=held.content,
                    message_type=held.message_type,
                    file_url=held.file_url,
                    reply_to=held.reply_to,
                    created_at=datetime_of(held.micros),
                )
                .on_conflict_do_nothing()
            )

    async def open_held(self, room: UUID | None, limit: int) -> list[HeldRecord]:
        """Messages that wait, the oldest first; of all rooms with None."""
        statement = select(HeldMessage).where(HeldMessage.decided_at.is_(None))
        if room is not None:
            statement = statement.where(HeldMessage.room_id == room)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(HeldMessage.id).limit(limit))
            return [_held(row) for row in rows]

    @asynccontextmanager
    async def deciding_held(
        self, deed: Deed, held_id: UUID, decision: str
    ) -> AsyncIterator[Deciding | None]:
        """Takes a message out of its room's queue and notes `deed`, at the end of the block.

        If the block raises, neither is done. Others who decide about the message wait meanwhile, so
        the block must be short. Yields None if it is not in the queue (any more).
        """
        statement = (
            update(HeldMessage)
            .where(
                HeldMessage.id == held_id,
                HeldMessage.room_id == deed.room,
                HeldMessage.decided_at.is_(None),
            )
            .values(decided_at=datetime_of(deed.micros), decided_by=deed.made_by, decision=decision)
            .returning(*HeldMessage.__table__.columns)
        )
        async with self._database.changing() as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                yield None
                return
            await connection.execute(insert(AuditEntry).values(audit_line(deed)))
            held = _held(row)
            yield Deciding(held, said=await _is_stored(connection, held))

    async def waiting(self) -> tuple[int, int]:
        """How many reports and held messages wait, in all rooms."""
        reports = select(func.count()).where(Report.decided_at.is_(None)).scalar_subquery()
        held = select(func.count()).where(HeldMessage.decided_at.is_(None)).scalar_subquery()
        async with self._database.reading() as connection:
            row = (await connection.execute(select(reports, held))).one()
        return int(row[0]), int(row[1])


async def _is_stored(connection: AsyncConnection, held: HeldRecord) -> bool:
    found = await connection.scalar(
        select(Message.seq).where(
            Message.room_id == held.room,
            Message.user_id == held.user,
            Message.client_id == held.client_id,
        )
    )
    return found is not None


def _held(row: Any) -> HeldRecord:
    return HeldRecord(
        row.id,
        row.room_id,
        row.user_id,
        row.username,
        row.color,
        row.content,
        row.message_type,
        row.file_url,
        row.reply_to,
        micros_of(row.created_at),
    )
