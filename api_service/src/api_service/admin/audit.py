"""The record of what staff did, and of who came in. Never holds a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert

from shared.domain.moderation import EVERYWHERE
from shared.domain.times import datetime_of
from shared.message_store.tables import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from shared.message_store.database import Database
    from shared.runtime.clock import Clock, IdMaker


@dataclass(frozen=True, slots=True)
class Record:
    """One line: who did what to whom."""

    made_by: str
    """Such as `admin:rakib`."""
    action: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    room: UUID = EVERYWHERE


def by_admin(name: str) -> str:
    """How an account is named in the record."""
    return f"admin:{name}"


def changes_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ, as `{"old": …, "new": …}`."""
    return {
        name: {"old": plain(old.get(name)), "new": plain(value)}
        for name, value in new.items()
        if old.get(name) != value
    }


def plain(value: object) -> object:
    """A value as JSON can hold it."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)


class AuditLog:
    """Adds lines. Raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database, clock: Clock, ids: IdMaker) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    async def add(self, record: Record) -> None:
        """Adds a line on what was done elsewhere."""
        async with self._database.changing() as connection:
            await self.add_in(connection, record)

    async def add_in(self, connection: AsyncConnection, record: Record) -> None:
        """Adds a line in the transaction of what it tells."""
        await connection.execute(
            insert(AuditEntry).values(
                id=self._ids.new(),
                room_id=record.room,
                made_by=record.made_by,
                action=record.action,
                subject=record.subject,
                details=dict(record.details),
                created_at=datetime_of(self._clock.micros()),
            )
        )
