"""Rooms in PostgreSQL: the truth of their settings, lists of them, and sums over all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, delete, desc, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from shared.domain.entities import RoomSettings
from shared.domain.times import datetime_of, micros_of
from shared.message_store.records import RoomRecord, Totals
from shared.message_store.tables import Room, RoomStats
from shared.message_store.totals import add_to_counters, read_counters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from shared.message_store.database import Database

MOST_COUNTED: Final = 10_000
"""A search counts its results no further."""

_COLUMNS: Final = (
    Room.id,
    Room.name,
    Room.description,
    Room.is_public,
    Room.max_users,
    Room.owner_id,
    Room.created_at,
    Room.updated_at,
    Room.deleted_at,
    func.coalesce(RoomStats.total_messages, 0).label("total_messages"),
    func.coalesce(RoomStats.last_seq, 0).label("last_seq"),
    func.coalesce(RoomStats.removed_messages, 0).label("removed"),
)
_LISTED: Final = (Room.is_public, Room.deleted_at.is_(None))
_NEWEST_FIRST: Final = (desc(Room.created_at), desc(Room.id))


@dataclass(frozen=True, slots=True)
class RoomPage:
    """One page of a list; `count` is that of all pages."""

    rooms: tuple[RoomRecord, ...]
    count: int


@dataclass(frozen=True, slots=True)
class RoomCursor:
    """Place in the list of public rooms: the last room that was seen."""

    created_micros: int
    id: UUID

    @classmethod
    def of(cls, room: RoomRecord) -> RoomCursor:
        """The place behind `room`."""
        return cls(room.settings.created_micros, room.settings.id)


CHANGEABLE: Final = ("name", "description", "is_public", "max_users")


class RoomDirectory:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_room(self, room_id: UUID) -> RoomRecord | None:
        """The room, also when it is deleted; None if it was never stored."""
        return (await self.rooms_by_ids([room_id])).get(room_id)

    async def rooms_by_ids(self, room_ids: Iterable[UUID]) -> dict[UUID, RoomRecord]:
        """Those of `room_ids` that are known, deleted ones too."""
        found = await self._read(_records().where(Room.id.in_(list(room_ids))))
        return {record.settings.id: record for record in found}

    async def create_room(self, settings: RoomSettings) -> bool:
        """Stores a new room. False if the id is known already, deleted or not; that stays."""
        async with self._database.changing() as connection:
            return await insert_room(connection, settings)

    async def update_room(
        self, settings: RoomSettings, fields: Collection[str] = CHANGEABLE
    ) -> RoomRecord | None:
        """Takes `fields` over from `settings`. None if there is no such room, or no more.

        What is not named stays as it is, also when somebody else changes it at the same moment. The
        time of the last change always grows, so that of two changes the later one can be told.
        """
        changes = {name: getattr(settings, name) for name in CHANGEABLE if name in fields}
        micros = datetime_of(settings.updated_micros)
        async with self._database.changing() as connection:
            was_public = await connection.scalar(
                select(Room.is_public)
                .where(Room.id == settings.id, Room.deleted_at.is_(None))
                .with_for_update()
            )
            if was_public is None:
                return None
            await connection.execute(
                update(Room)
                .where(Room.id == settings.id)
                .values(
                    **changes,
                    updated_at=func.greatest(Room.updated_at + timedelta(microseconds=1), micros),
                )
            )
            change = int(changes.get("is_public", was_public)) - int(was_public)
            await add_to_counters(connection, settings.id, {"public_rooms": change})
            row = (await connection.execute(_records().where(Room.id == settings.id))).one()
        return _record(row)

    async def rooms_owned_by(self, user_id: UUID) -> list[RoomRecord]:
        """Rooms that somebody may change and delete, the oldest first."""
        statement = _records().where(Room.owner_id == user_id, Room.deleted_at.is_(None))
        return await self._read(statement.order_by(Room.created_at, Room.id))

    async def release_room(self, settings: RoomSettings) -> None:
        """Leaves a room without an owner, changed at the time in `settings`."""
        statement = (
            update(Room)
            .where(Room.id == settings.id)
            .values(
                owner_id=None,
                updated_at=func.greatest(Room.updated_at, datetime_of(settings.updated_micros)),
            )
        )
        async with self._database.changing() as connection:
            await connection.execute(statement)

    async def delete_room(self, room_id: UUID, micros: int) -> bool:
        """Deletes a room at `micros` (µs). False if it was not there to delete.

        An unknown id gets a tombstone too: its snapshot may still be on its way to PostgreSQL.
        Messages are not touched, however many there are: nobody reads any behind a tombstone, and
        a worker removes them (`deleted_rooms.py`).
        """
        async with self._database.changing() as connection:
            # First the room, then its sums, as writers of messages lock them. Who comes later
            # finds the tombstone; who was before is waited for.
            removed = await _bury(connection, room_id, micros)
            await connection.execute(
                insert(RoomStats).values(room_id=room_id).on_conflict_do_nothing()
            )
            total = await connection.scalar(
                select(RoomStats.total_messages)
                .where(RoomStats.room_id == room_id)
                .with_for_update()
            )
            await connection.execute(delete(RoomStats).where(RoomStats.room_id == room_id))
            changes = {"messages": -(total or 0)}
            if removed is not None:
                changes |= {"rooms": -1, "public_rooms": -int(removed)}
            await add_to_counters(connection, room_id, changes)
        return removed is not None

    async def list_rooms(self, page: int, page_size: int, search: str | None = None) -> RoomPage:
        """Public rooms, newest first; `page` counts from 1.

        `search` is looked for in names and descriptions as it is written (give it in NFC); its
        count ends at 10,000.
        """
        conditions = [*_LISTED]
        if search:
            if "\0" in search:
                return RoomPage((), 0)  # PostgreSQL takes no such text, so no room can have it
            conditions.append(
                or_(
                    Room.name.icontains(search, autoescape=True),
                    Room.description.icontains(search, autoescape=True),
                )
            )
        statement = (
            _records()
            .where(*conditions)
            .order_by(*_NEWEST_FIRST)
            .limit(page_size)
            .offset((page - 1) * page_size)
        )
        bounded = select(literal(1)).select_from(Room).where(*conditions).limit(MOST_COUNTED)
        async with self._database.reading() as connection:
            rooms = tuple(_record(row) for row in await connection.execute(statement))
            if search:
                count = await connection.scalar(
                    select(func.count()).select_from(bounded.subquery())
                )
            else:
                count = (await read_counters(connection, "public_rooms"))["public_rooms"]
        return RoomPage(rooms, count or 0)

    async def public_rooms_after(
        self, cursor: RoomCursor | None, limit: int
    ) -> tuple[RoomRecord, ...]:
        """Public rooms behind `cursor` (None: from the first), newest first."""
        statement = _records().where(*_LISTED).order_by(*_NEWEST_FIRST).limit(limit)
        if cursor is not None:
            place = (datetime_of(cursor.created_micros), cursor.id)
            statement = statement.where(tuple_(Room.created_at, Room.id) < tuple_(*place))
        return tuple(await self._read(statement))

    async def count_public(self) -> int:
        """Public rooms in all, without counting."""
        async with self._database.reading() as connection:
            return (await read_counters(connection, "public_rooms"))["public_rooms"]

    async def totals(self) -> Totals:
        """Rooms, users and messages in all, without counting any."""
        async with self._database.reading() as connection:
            return Totals(**await read_counters(connection, "rooms", "users", "messages"))

    async def ping(self) -> None:
        """One round trip, for readiness; none while others use all connections, and are answered.

        A replica that has much to do would be taken for one without PostgreSQL otherwise.

        Raises:
            StoreUnavailable: PostgreSQL does not answer.
        """
        if self._database.is_busy:
            return
        async with self._database.probing() as connection:
            # Of a table: a database that was not migrated cannot serve either.
            await connection.execute(select(Room.id).limit(1))

    async def _read(self, statement: Select[*tuple[Any, ...]]) -> list[RoomRecord]:
        async with self._database.reading() as connection:
            return [_record(row) for row in await connection.execute(statement)]


async def insert_room(connection: AsyncConnection, settings: RoomSettings) -> bool:
    """Inserts a room in the caller's transaction; False if its id is known already."""
    inserted = await connection.scalar(
        insert(Room)
        .values(
            id=settings.id,
            name=settings.name,
            description=settings.description,
            is_public=settings.is_public,
            max_users=settings.max_users,
            owner_id=settings.owner_id,
            created_at=datetime_of(settings.created_micros),
            updated_at=datetime_of(settings.updated_micros),
        )
        .on_conflict_do_nothing()
        .returning(Room.id)
    )
    if inserted is None:
        return False
    changes = {"rooms": 1, "public_rooms": int(settings.is_public)}
    await add_to_counters(connection, settings.id, changes)
    return True


async def _bury(connection: AsyncConnection, room_id: UUID, micros: int) -> bool | None:
    """Turns a room into a tombstone; returns whether it was public, None if there was none."""
    moment = datetime_of(micros)
    # Waits for a snapshot of the room that is just being stored; the update after it sees that one.
    await connection.execute(
        insert(Room)
        .values(
            id=room_id,
            name="",
            is_public=False,
            max_users=1,
            created_at=moment,
            updated_at=moment,
            deleted_at=moment,
        )
        .on_conflict_do_nothing()
    )
    was_public: bool | None = await connection.scalar(
        update(Room)
        .where(Room.id == room_id, Room.deleted_at.is_(None))
        .values(deleted_at=moment, updated_at=moment)
        .returning(Room.is_public)
    )
    return was_public


def _records() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).outerjoin(RoomStats, RoomStats.room_id == Room.id)


def _record(row: Row[*tuple[Any, ...]]) -> RoomRecord:
    settings = RoomSettings(
        id=row.id,
        name=row.name,
        description=row.description,
        is_public=row.is_public,
        max_users=row.max_users,
        owner_id=row.owner_id,
        created_micros=micros_of(row.created_at),
        updated_micros=micros_of(row.updated_at),
    )
    deleted = row.deleted_at is not None
    return RoomRecord(settings, deleted, row.total_messages, row.last_seq, row.removed)
