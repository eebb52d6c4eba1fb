"""People who want to be erased: the wish, what is left of them in PostgreSQL, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, and_, delete, not_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.domain.times import datetime_of, micros_of
from shared.message_store.message_reader import MESSAGE_COLUMNS, stored_message
from shared.message_store.tables import (
    ChatUser,
    Erasure,
    HeldMessage,
    Message,
    Report,
    Room,
    RoomModerator,
    RoomStats,
    SanctionRow,
)
from shared.message_store.totals import add_to_counters

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from shared.domain.entities import User
    from shared.message_store.database import Database
    from shared.protocol.codec import StoredMessage

_COLUMNS: Final = (
    Erasure.id,
    Erasure.user_id,
    Erasure.session_hash,
    Erasure.requested_at,
    Erasure.finished_at,
)
_EMPTY: Final = {
    "username": "",
    "color": "",
    "content": "",
    "file_url": None,
    "reply_to": None,
    "client_id": None,
}
_EMPTY_REVIEWS: Final[tuple[tuple[type[Report | HeldMessage], dict[str, str | None]], ...]] = (
    (Report, {"username": "", "content": ""}),
    (HeldMessage, {"username": "", "color": "", "content": "", "file_url": None, "reply_to": None}),
)
_CLOSED: Final = {"decided_by": "erasure", "decision": "erased"}
_NOT_EMPTY: Final = not_(and_(Message.deleted_at.is_not(None), Message.username == ""))


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """A wish to be erased."""

    id: UUID
    """Known to who wished it alone."""
    user_id: UUID
    session_hash: bytes | None
    """None when finished."""
    requested_micros: int
    finished_micros: int | None


@dataclass(frozen=True, slots=True)
class LeftMessage:
    """A message that is not empty yet."""

    id: UUID
    room: UUID
    message: StoredMessage


class Erasures:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request(self, erasure_id: UUID, user: User, micros: int) -> ErasureRecord:
        """Notes the wish at `micros` (µs) and removes the user, both or nothing.

        The same user again gets what was noted first.
        """
        moment = datetime_of(micros)
        statement = insert(Erasure).values(
            id=erasure_id,
            user_id=user.id,
            session_hash=user.session_hash,
            requested_at=moment,
            due_at=moment,
        )
        async with self._database.changing() as connection:
            await connection.execute(statement.on_conflict_do_nothing())
            await _remove_user(connection, user.id)
            row = (
                await connection.execute(select(*_COLUMNS).where(Erasure.user_id == user.id))
            ).one()
        return _record(row)

    async def find(self, erasure_id: UUID) -> ErasureRecord | None:
        """A wish by its id; None when there is none, or it was carried out long ago."""
        async with self._database.reading() as connection:
            row = (
                await connection.execute(select(*_COLUMNS).where(Erasure.id == erasure_id))
            ).one_or_none()
        return None if row is None else _record(row)

    async def take(self, micros: int, lease_seconds: float) -> ErasureRecord | None:
        """The oldest wish that is due at `micros`; no other worker gets it for `lease_seconds`."""
        moment = datetime_of(micros)
        due = (
            select(Erasure.id)
            .where(Erasure.finished_at.is_(None), Erasure.due_at <= moment)
            .order_by(Erasure.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(Erasure)
            .where(Erasure.id == due)
            .values(due_at=moment + timedelta(seconds=lease_seconds))
            .returning(*_COLUMNS)
        )
        async with self._database.changing() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _record(row)

    async def put_off(self, erasure: ErasureRecord, due_micros: int) -> None:
        """The wish is to be taken up (again) at `due_micros`, and not before."""
        async with self._database.changing() as connection:
            await connection.execute(
                update(Erasure)
                .where(Erasure.id == erasure.id)
                .values(due_at=datetime_of(due_micros))
            )

    async def messages_left(
        self, user_id: UUID, after: UUID | None, limit: int
    ) -> list[LeftMessage]:
        """Messages of a user that are not empty, by id, behind the one `after`."""
        statement = select(*MESSAGE_COLUMNS).where(Message.user_id == user_id, _NOT_EMPTY)
        if after is not None:
            statement = statement.where(Message.id > after)
        async with self._database.reading() as connection:
            rows = await connection.execute(statement.order_by(Message.id).limit(limit))
            return [LeftMessage(row.id, row.room_id, stored_message(row)) for row in rows]

    async def empty_orphans(self, user_id: UUID, room: UUID) -> None:
        """Empties messages of a user in a room that is nowhere any more, where nobody reads.

        Those of a deleted room stay as they are: they are left out of all sums already, and a
        worker that removes them may have some in hand. An erasure ends when they are gone.
        """
        theirs = (Message.user_id == user_id, Message.room_id == room)
        async with self._database.changing() as connection:
            # As writers of messages do, that the sums stay exact.
            await connection.execute(
                select(RoomStats.room_id).where(RoomStats.room_id == room).with_for_update()
            )
            # Only after the lock: whoever deleted the room held it until the end.
            if await connection.scalar(
                select(Room.id).where(Room.id == room, Room.deleted_at.is_not(None))
            ):
                return
            living = await connection.execute(
                update(Message)
                .where(*theirs, Message.deleted_at.is_(None))
                .values(deleted_at=Message.created_at)
            )
            await connection.execute(update(Message).where(*theirs, _NOT_EMPTY).values(**_EMPTY))
            await connection.execute(
                update(RoomStats)
                .where(RoomStats.room_id == room)
                .values(total_messages=RoomStats.total_messages - living.rowcount)
            )
            await add_to_counters(connection, room, {"messages": -living.rowcount})

    async def empty_records(self, user_id: UUID, micros: int) -> None:
        """Takes a user's name and words out of what staff keep; what they decided stays.

        What waits for staff is closed at `micros` (µs): there is nothing left to decide about.
        """
        name = str(user_id)
        closed = {"decided_at": datetime_of(micros), **_CLOSED}
        async with self._database.changing() as connection:
            for table, emptied in _EMPTY_REVIEWS:
                theirs = table.user_id == user_id
                await connection.execute(update(table).where(theirs).values(**emptied))
                await connection.execute(
                    update(table).where(theirs, table.decided_at.is_(None)).values(**closed)
                )
            await connection.execute(
                update(Report).where(Report.reporter_id == user_id).values(reason="")
            )
            # Nothing in those of an address says whose it was, and others may bear the name.
            await connection.execute(
                update(SanctionRow)
                .where(SanctionRow.subject_kind == "user", SanctionRow.subject == name)
                .values(shown_as="")
            )
            await connection.execute(delete(RoomModerator).where(RoomModerator.user_id == user_id))

    async def finish(self, erasure: ErasureRecord, micros: int) -> None:
        """Nothing is left: the wish is carried out."""
        async with self._database.changing() as connection:
            # By a snapshot that was being stored when the wish came.
            await _remove_user(connection, erasure.user_id)
            await connection.execute(
                update(Erasure)
                .where(Erasure.id == erasure.id)
                .values(session_hash=None, finished_at=datetime_of(micros))
            )

    async def forget(self, before_micros: int) -> None:
        """Removes what was finished before a time."""
        async with self._database.changing() as connection:
            await connection.execute(
                delete(Erasure).where(Erasure.finished_at < datetime_of(before_micros))
            )


async def _remove_user(connection: AsyncConnection, user_id: UUID) -> None:
    removed = await connection.scalar(
        delete(ChatUser).where(ChatUser.id == user_id).returning(ChatUser.id)
    )
    if removed is not None:
        await add_to_counters(connection, user_id, {"users": -1})


def _record(row: Row[*tuple[Any, ...]]) -> ErasureRecord:
    return ErasureRecord(
        id=row.id,
        user_id=row.user_id,
        session_hash=row.session_hash,
        requested_micros=micros_of(row.requested_at),
        finished_micros=None if row.finished_at is None else micros_of(row.finished_at),
    )
