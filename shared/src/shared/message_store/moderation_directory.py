"""What staff have decided, in PostgreSQL: the truth of rules, and the record of who decided what.

Each change bumps the version of the room's rules and writes a line of the audit log, in the same
transaction.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.domain.moderation import Sanction, SanctionKind, SubjectKind
from shared.domain.times import datetime_of, micros_of
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.message_store.tables import (
    AuditEntry,
    RoomModerator,
    RoomRule,
    SanctionRow,
    WordRow,
)
from shared.rooms.live_rules import WrittenRules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from shared.message_store.database import Database

CHANGEABLE_RULES: Final = ("locked", "slow_seconds", "notice")


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the audit log."""

    id: UUID
    room: UUID
    made_by: str
    """`admin:<name>`, `owner:<user id>` or `moderator:<user id>`."""
    action: str
    subject: str
    micros: int
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SanctionRecord:
    """A sanction with what staff want to know of it."""

    sanction: Sanction
    room: UUID
    shown_as: str
    made_by: str
    created_micros: int


@dataclass(frozen=True, slots=True)
class ModeratorRecord:
    """A moderator of a room."""

    user: UUID
    username: str
    created_micros: int


class ModerationDirectory:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------------ reading

    async def rules(self, room: UUID, now_micros: int) -> WrittenRules:
        """All that is in force in `room` at `now_micros`."""
        in_force = or_(
            SanctionRow.expires_at.is_(None), SanctionRow.expires_at > datetime_of(now_micros)
        )
        async with self._database.reading() as connection:
            # The version first: a change between the reads makes a newer one, which is told, too.
            row = (
                await connection.execute(select(RoomRule).where(RoomRule.room_id == room))
            ).one_or_none()
            moderators = await connection.scalars(
                select(RoomModerator.user_id).where(RoomModerator.room_id == room)
            )
            sanctions = await connection.execute(
                select(SanctionRow).where(
                    SanctionRow.room_id == room, SanctionRow.lifted_at.is_(None), in_force
                )
            )
            words = await connection.execute(
                select(WordRow.word, WordRow.action).where(WordRow.room_id == room)
            )
            return WrittenRules(
                room,
                version=0 if row is None else row.version,
                locked=row is not None and row.locked,
                slow_seconds=0 if row is None else row.slow_seconds,
                notice=None if row is None else row.notice,
                moderators=[str(user) for user in moderators],
                sanctions=[_sanction(found) for found in sanctions],
                words=[WordRule(word, WordAction(action)) for word, action in words],
            )

    async def sanctions(self, room: UUID, now_micros: int) -> list[SanctionRecord]:
        """Those in force in `room`, the newest first."""
        statement = (
            select(SanctionRow)
            .where(
                SanctionRow.room_id == room,
                SanctionRow.lifted_at.is_(None),
                or_(
                    SanctionRow.expires_at.is_(None),
                    SanctionRow.expires_at > datetime_of(now_micros),
                ),
            )
            .order_by(SanctionRow.id.desc())
        )
        async with self._database.reading() as connection:
            return [
                SanctionRecord(
                    _sanction(row),
                    row.room_id,
                    row.shown_as,
                    row.made_by,
                    micros_of(row.created_at),
                )
                for row in await connection.execute(statement)
            ]

    async def moderators(self, room: UUID) -> list[ModeratorRecord]:
        """Of `room`, in the order in which they became so."""
        statement = (
            select(RoomModerator)
            .where(RoomModerator.room_id == room)
            .order_by(RoomModerator.created_at, RoomModerator.user_id)
        )
        async with self._database.reading() as connection:
            return [
                ModeratorRecord(row.user_id, row.username, micros_of(row.created_at))
                for row in await connection.execute(statement)
            ]

    async def words(self, room: UUID) -> list[tuple[UUID, WordRule]]:
        """The word list of `room`, by id."""
        statement = select(WordRow).where(WordRow.room_id == room).order_by(WordRow.id)
        async with self._database.reading() as connection:
            return [
                (row.id, WordRule(row.word, WordAction(row.action)))
                for row in await connection.execute(statement)
            ]

    async def deeds(self, room: UUID, before: UUID | None, limit: int) -> list[Deed]:
        """Lines of the audit log of `room`, the newest first; `before`: only those older."""
        statement = select(AuditEntry).where(AuditEntry.room_id == room)
        if before is not None:
            statement = statement.where(AuditEntry.id < before)
        statement = statement.order_by(AuditEntry.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [
                Deed(
                    row.id,
                    row.room_id,
                    row.made_by,
                    row.action,
                    row.subject,
                    micros_of(row.created_at),
                    row.details,
                )
                for row in await connection.execute(statement)
            ]

    # ------------------------------------------------------------------ changing

    async def change_rules(self, deed: Deed, changes: dict[str, Any]) -> None:
        """Sets those of `CHANGEABLE_RULES` that `changes` names."""
        async with self._changing(deed) as connection:
            await connection.execute(
                update(RoomRule)
                .where(RoomRule.room_id == deed.room)
                .values(**{name: changes[name] for name in CHANGEABLE_RULES if name in changes})
            )

    async def add_sanction(self, deed: Deed, sanction: Sanction, shown_as: str) -> None:
        """Puts a sanction in force."""
        until = sanction.until_micros
        async with self._changing(deed) as connection:
            await connection.execute(
                insert(SanctionRow).values(
                    id=sanction.id,
                    room_id=deed.room,
                    kind=sanction.kind.value,
                    subject_kind=sanction.subject_kind.value,
                    subject=sanction.subject,
                    shown_as=shown_as,
                    reason=sanction.reason,
                    made_by=deed.made_by,
                    created_at=datetime_of(deed.micros),
                    expires_at=None if until is None else datetime_of(until),
                )
            )

    async def lift_sanction(self, deed: Deed, sanction_id: UUID) -> bool:
        """Ends a sanction of the room. False if there is none such in force."""
        async with self._changing(deed) as connection:
            lifted = await connection.scalar(
                update(SanctionRow)
                .where(
                    SanctionRow.id == sanction_id,
                    SanctionRow.room_id == deed.room,
                    SanctionRow.lifted_at.is_(None),
                )
                .values(lifted_at=datetime_of(deed.micros))
                .returning(SanctionRow.id)
            )
            if lifted is None:
                await connection.rollback()
            return lifted is not None

    async def put_word(self, deed: Deed, word_id: UUID, rule: WordRule) -> UUID:
        """Adds a word, or changes what is done about it; returns its id."""
        statement = (
            insert(WordRow)
            .values(
                id=word_id,
                room_id=deed.room,
                word=rule.text,
                action=rule.action.value,
                created_at=datetime_of(deed.micros),
            )
            .on_conflict_do_update(
                index_elements=[WordRow.room_id, WordRow.word],
                set_={"action": rule.action.value},
            )
            .returning(WordRow.id)
        )
        async with self._changing(deed) as connection:
            kept: UUID = (await connection.execute(statement)).scalar_one()
            return kept

    async def drop_word(self, deed: Deed, word_id: UUID) -> bool:
        """Takes a word off the list. False if it is not on it."""
        async with self._changing(deed) as connection:
            dropped = await connection.scalar(
                delete(WordRow)
                .where(WordRow.id == word_id, WordRow.room_id == deed.room)
                .returning(WordRow.id)
            )
            if dropped is None:
                await connection.rollback()
            return dropped is not None

    async def set_moderator_key(self, deed: Deed, key_hash: bytes) -> None:
        """From now on only this key makes moderators."""
        async with self._changing(deed) as connection:
            await connection.execute(
                update(RoomRule)
                .where(RoomRule.room_id == deed.room)
                .values(moderator_key_hash=key_hash)
            )

    async def add_moderator(self, deed: Deed, key_hash: bytes, user: UUID, username: str) -> bool:
        """Makes `user` a moderator if `key_hash` is that of the room's key; else False."""
        async with self._changing(deed) as connection:
            held = await connection.scalar(
                select(RoomRule.moderator_key_hash).where(RoomRule.room_id == deed.room)
            )
            if held is None or held != key_hash:
                await connection.rollback()
                return False
            await connection.execute(
                insert(RoomModerator)
                .values(
                    room_id=deed.room,
                    user_id=user,
                    username=username,
                    created_at=datetime_of(deed.micros),
                )
                .on_conflict_do_nothing()
            )
            return True

    async def drop_moderator(self, deed: Deed, user: UUID) -> bool:
        """Ends somebody's being a moderator. False if they are none."""
        async with self._changing(deed) as connection:
            dropped = await connection.scalar(
                delete(RoomModerator)
                .where(RoomModerator.room_id == deed.room, RoomModerator.user_id == user)
                .returning(RoomModerator.user_id)
            )
            if dropped is None:
                await connection.rollback()
            return dropped is not None

    async def record(self, deeds: Sequence[Deed]) -> None:
        """Writes lines of the audit log of what was done elsewhere."""
        async with self._database.changing() as connection:
            await connection.execute(insert(AuditEntry), [audit_line(deed) for deed in deeds])

    @asynccontextmanager
    async def _changing(self, deed: Deed) -> AsyncIterator[AsyncConnection]:
        async with self._database.changing() as connection:
            # Locks the room's row: changes of one room come one after the other.
            await connection.execute(
                insert(RoomRule)
                .values(room_id=deed.room, version=deed.micros)
                .on_conflict_do_update(
                    index_elements=[RoomRule.room_id],
                    # Above the time, so that a database that was set back does not go back, too.
                    set_={"version": func.greatest(RoomRule.version + 1, deed.micros)},
                )
            )
            await connection.execute(insert(AuditEntry).values(audit_line(deed)))
            yield connection


def audit_line(deed: Deed) -> dict[str, Any]:
    """The row of `deed`."""
    return {
        "id": deed.id,
        "room_id": deed.room,
        "made_by": deed.made_by,
        "action": deed.action,
        "subject": deed.subject,
        "details": deed.details,
        "created_at": datetime_of(deed.micros),
    }


def _sanction(row: Any) -> Sanction:
    return Sanction(
        row.id,
        SanctionKind(row.kind),
        SubjectKind(row.subject_kind),
        row.subject,
        None if row.expires_at is None else micros_of(row.expires_at),
        row.reason,
    )
