"""What staff decide about people and messages: the one seam between the pages and moderation.

Pages call these functions and nothing else, so that what a decision does is settled here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from api_service.admin.audit import AuditLog, Record, by_admin, changes_of, plain
from shared.domain.rules import RuleViolation
from shared.domain.times import datetime_of
from shared.message_store.tables import HeldMessage, Report, SanctionRow, WordRow
from shared.protocol.errors import ChatError, ErrorCode

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from api_service.admin.accounts import Account
    from api_service.wiring import Deps

KINDS: Final = ("ban", "mute", "shadow_mute")
SUBJECT_KINDS: Final = ("user", "name", "address")
WORD_ACTIONS: Final = ("block", "mask", "hold")
REPORT_DECISIONS: Final = ("deleted", "kept")
HELD_DECISIONS: Final = ("published", "rejected")


@dataclass(frozen=True, slots=True)
class NewSanction:
    """A decision about somebody; `hours` None is for ever."""

    room: UUID
    kind: str
    subject_kind: str
    subject: str
    shown_as: str
    reason: str
    hours: int | None


@dataclass(frozen=True, slots=True)
class NewWord:
    """A word that is not wanted."""

    room: UUID
    word: str
    action: str


async def add_sanction(deps: Deps, staff: Account, new: NewSanction) -> UUID:
    """Bans or mutes. Raises StoreUnavailable, as all here do."""
    sanction_id, now = deps.ids.new(), _now(deps)
    row = {
        "id": sanction_id,
        "room_id": new.room,
        "kind": new.kind,
        "subject_kind": new.subject_kind,
        "subject": new.subject,
        "shown_as": new.shown_as,
        "reason": new.reason,
        "made_by": by_admin(staff.name),
        "created_at": now,
        "expires_at": None if new.hours is None else now + timedelta(hours=new.hours),
    }
    async with deps.database.changing() as connection:
        await connection.execute(insert(SanctionRow).values(row))
        details = changes_of({}, {n: row[n] for n in ("kind", "subject_kind", "reason")})
        await _record(deps, connection, staff, "sanction_added", new.subject, details, new.room)
    return sanction_id


async def lift_sanction(deps: Deps, staff: Account, sanction_id: UUID) -> None:
    """Ends a sanction.

    Raises:
        ChatError: `not_found`, there is none, or it was lifted.
    """
    now = _now(deps)
    async with deps.database.changing() as connection:
        changed = (
            await connection.execute(
                update(SanctionRow)
                .where(SanctionRow.id == sanction_id, SanctionRow.lifted_at.is_(None))
                .values(lifted_at=now)
                .returning(SanctionRow.room_id, SanctionRow.subject)
            )
        ).first()
        if changed is None:
            raise ChatError(ErrorCode.NOT_FOUND)
        details = changes_of({}, {"lifted_at": now})
        await _record(
            deps, connection, staff, "sanction_lifted", changed.subject, details, changed.room_id
        )


async def add_word(deps: Deps, staff: Account, new: NewWord) -> UUID:
    """Puts a word on the list.

    Raises:
        RuleViolation: for `word`, with taken.
    """
    word_id = deps.ids.new()
    row = {
        "id": word_id,
        "room_id": new.room,
        "word": new.word,
        "action": new.action,
        "created_at": _now(deps),
    }
    try:
        async with deps.database.changing() as connection:
            await connection.execute(insert(WordRow).values(row))
            details = changes_of({}, {"action": new.action})
            await _record(deps, connection, staff, "word_added", new.word, details, new.room)
    except IntegrityError:
        raise RuleViolation("word", "taken") from None
    return word_id


async def change_word(deps: Deps, staff: Account, word_id: UUID, action: str) -> None:
    """What happens to a word.

    Raises:
        ChatError: `not_found`.
    """
    async with deps.database.changing() as connection:
        old = (
            await connection.execute(
                select(WordRow.room_id, WordRow.word, WordRow.action)
                .where(WordRow.id == word_id)
                .with_for_update()
            )
        ).first()
        if old is None:
            raise ChatError(ErrorCode.NOT_FOUND)
        await connection.execute(update(WordRow).where(WordRow.id == word_id).values(action=action))
        details = changes_of({"action": old.action}, {"action": action})
        await _record(deps, connection, staff, "word_changed", old.word, details, old.room_id)


async def remove_word(deps: Deps, staff: Account, word_id: UUID) -> None:
    """Takes a word off the list.

    Raises:
        ChatError: `not_found`.
    """
    async with deps.database.changing() as connection:
        old = (
            await connection.execute(
                delete(WordRow)
                .where(WordRow.id == word_id)
                .returning(WordRow.room_id, WordRow.word, WordRow.action)
            )
        ).first()
        if old is None:
            raise ChatError(ErrorCode.NOT_FOUND)
        details = {"action": {"old": old.action, "new": None}}
        await _record(deps, connection, staff, "word_removed", old.word, details, old.room_id)


async def delete_message(deps: Deps, staff: Account, message_id: UUID) -> None:
    """Deletes a message for everybody, at once.

    Raises:
        ChatError: `message_not_found`, or it was deleted already.
        Unavailable: a server that is needed is away.
    """
    found = await deps.editor.find(message_id)
    await deps.editor.delete(found)
    details = {"user": {"old": found.body.user_id, "new": None}}
    record = Record(by_admin(staff.name), "message_deleted", str(message_id), details, found.room)
    await AuditLog(deps.database, deps.clock, deps.ids).add(record)


async def decide_report(deps: Deps, staff: Account, report_id: UUID, decision: str) -> None:
    """Closes a report, and with `deleted` deletes its message first.

    Raises:
        ChatError: `not_found`, there is none, or it was decided.
        Unavailable: a server that is needed is away.
    """
    async with deps.database.reading() as connection:
        message_id = await connection.scalar(
            select(Report.message_id).where(Report.id == report_id, Report.decided_at.is_(None))
        )
    if message_id is None:
        raise ChatError(ErrorCode.NOT_FOUND)
    if decision == "deleted":
        try:
            await delete_message(deps, staff, message_id)
        except ChatError as error:
            if error.code is not ErrorCode.MESSAGE_NOT_FOUND:
                raise  # gone already: what the report wanted
    await _decide(deps, staff, Report, report_id, decision)


async def decide_held(deps: Deps, staff: Account, held_id: UUID, decision: str) -> None:
    """Decides about a message that waits.

    Raises:
        ChatError: `not_found`, there is none, or it was decided.
    """
    await _decide(deps, staff, HeldMessage, held_id, decision)


async def _decide(
    deps: Deps,
    staff: Account,
    table: type[Report | HeldMessage],
    row_id: UUID,
    decision: str,
) -> None:
    async with deps.database.changing() as connection:
        room = await connection.scalar(
            update(table)
            .where(table.id == row_id, table.decided_at.is_(None))
            .values(decided_at=_now(deps), decided_by=by_admin(staff.name), decision=decision)
            .returning(table.room_id)
        )
        if room is None:
            raise ChatError(ErrorCode.NOT_FOUND)
        action = "report_decided" if table is Report else "held_decided"
        details = {"decision": {"old": None, "new": plain(decision)}}
        await _record(deps, connection, staff, action, str(row_id), details, room)


def _now(deps: Deps) -> datetime:
    return datetime_of(deps.clock.micros())


async def _record(
    deps: Deps,
    connection: AsyncConnection,
    staff: Account,
    action: str,
    subject: str,
    details: dict[str, Any],
    room: UUID,
) -> None:
    record = Record(by_admin(staff.name), action, subject, details, room)
    await AuditLog(deps.database, deps.clock, deps.ids).add_in(connection, record)
