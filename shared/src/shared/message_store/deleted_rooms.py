"""Removes from PostgreSQL what is left of deleted rooms: their messages.

A tombstone is committed first, and from then on no message of its room is read, counted or added.
So its rows only become fewer, and can go in pieces: a room of millions is deleted as soon as one of
three, and what a worker that died has not removed, the next one finds by the tombstone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select, text

from shared.message_store.tables import Room

if TYPE_CHECKING:
    from uuid import UUID

    from shared.message_store.database import Database

# Of workers who want the same room, one gets it and the others are told at once.
_TAKE: Final = text("""
SELECT 1 FROM rooms WHERE id = :room AND deleted_at IS NOT NULL AND emptied_at IS NULL
FOR NO KEY UPDATE SKIP LOCKED
""")

_REMOVE: Final = text("""
WITH piece AS (
    SELECT max(seq) AS upto
    FROM (SELECT seq FROM messages WHERE room_id = :room AND seq > :after
          ORDER BY seq LIMIT :most) AS first
), gone AS (
    DELETE FROM messages
    WHERE room_id = :room AND seq > :after AND seq <= (SELECT upto FROM piece)
    RETURNING seq
)
SELECT count(*) AS removed, coalesce(max(seq), :after) AS upto FROM gone
""")

_FINISH: Final = text("UPDATE rooms SET emptied_at = now() WHERE id = :room")


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call has removed."""

    count: int
    upto: int
    """Greatest seq of it, behind which the next piece begins."""
    is_last: bool


class DeletedRooms:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_room(self) -> UUID | None:
        """The one that was deleted first of those that may have messages; None if none has."""
        statement = (
            select(Room.id)
            .where(Room.deleted_at.is_not(None), Room.emptied_at.is_(None))
            .order_by(Room.deleted_at)
            .limit(1)
        )
        async with self._database.reading() as connection:
            room: UUID | None = await connection.scalar(statement)
        return room

    async def remove_messages(self, room: UUID, after: int, most: int) -> Piece | None:
        """Removes at most `most` messages, the oldest first; those up to seq `after` are gone.

        Without `after` each piece would step over all that were removed before it, which stay in
        the index until a vacuum. None: another worker is at it, or there is nothing to be done.
        """
        async with self._database.changing() as connection:
            if await connection.scalar(_TAKE, {"room": room}) is None:
                return None
            arguments = {"room": room, "after": after, "most": most}
            row = (await connection.execute(_REMOVE, arguments)).one()
            is_last = row.removed < most
            if is_last:
                await connection.execute(_FINISH, {"room": room})
        return Piece(row.removed, row.upto, is_last)
