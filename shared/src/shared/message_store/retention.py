"""Removes from PostgreSQL what has become too old: messages, and people who left none.

A room's messages have growing numbers and times, so what goes is the beginning of its history. Sums
are changed with the rows, and `removed_messages` grows by what went, by which Redis can follow.
Every call is bounded and harmless when it comes twice, from two workers at once too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, exists, select, text

from shared.domain.times import datetime_of
from shared.message_store.tables import ChatUser, Message, Room
from shared.message_store.totals import add_to_counters
from shared.redis_schema.removal_calls import Cut

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.message_store.database import Database

_BEGINNINGS: Final = text("""
SELECT s.room_id, coalesce(oldest.created_at < :before, false) AS is_old,
       coalesce(oldest.seq - 1, s.last_seq) AS upto, s.removed_messages
FROM (SELECT * FROM room_stats WHERE CAST(:after AS uuid) IS NULL OR room_id > :after
      ORDER BY room_id LIMIT :most) s
LEFT JOIN LATERAL (SELECT seq, created_at FROM messages m WHERE m.room_id = s.room_id
                   ORDER BY seq LIMIT 1) oldest ON true
ORDER BY s.room_id
""")

_LOCK_ROOM: Final = text("SELECT 1 FROM room_stats WHERE room_id = :room FOR NO KEY UPDATE")

_REMOVE: Final = text("""
WITH first AS (SELECT seq FROM messages WHERE room_id = :room ORDER BY seq LIMIT :most)
DELETE FROM messages m USING first
WHERE m.room_id = :room AND m.seq = first.seq AND m.created_at < :before
RETURNING m.deleted_at IS NULL AS counted
""")

_ADD: Final = text("""
UPDATE room_stats
SET total_messages = total_messages - :counted, removed_messages = removed_messages + :counted
WHERE room_id = :room
""")


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the history of a room begins."""

    cut: Cut
    is_old: bool
    """Does it begin with something that is to be removed?"""


@dataclass(frozen=True, slots=True)
class Idle:
    """Somebody who has not been seen for long."""

    id: UUID
    session_hash: bytes


class Retention:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def beginnings(
        self, after: UUID | None, before_micros: int, most: int
    ) -> list[Beginning]:
        """Of rooms with larger ids than `after`, if given: what is older than a time is old."""
        arguments = {"after": after, "before": datetime_of(before_micros), "most": most}
        async with self._database.reading() as connection:
            rows = await connection.execute(_BEGINNINGS, arguments)
            return [
                Beginning(Cut(row.room_id, row.upto, row.removed_messages), row.is_old)
                for row in rows
            ]

    async def remove_messages(self, room: UUID, before_micros: int, most: int) -> int:
        """Removes at most `most` messages from a room's beginning; returns how many there were."""
        async with self._database.changing() as connection:
            # As writers of messages do: nobody else changes the room or its sums meanwhile.
            if await connection.scalar(_LOCK_ROOM, {"room": room}) is None:
                return 0
            arguments = {"room": room, "before": datetime_of(before_micros), "most": most}
            removed = list(await connection.scalars(_REMOVE, arguments))
            counted = sum(removed)
            if counted:
                await connection.execute(_ADD, {"room": room, "counted": counted})
                await add_to_counters(connection, room, {"messages": -counted})
        return len(removed)

    async def idle_users(self, after: UUID | None, before_micros: int, most: int) -> list[Idle]:
        """People not seen since a time, without messages or rooms, by id, behind `after`."""
        statement = (
            select(ChatUser.id, ChatUser.session_hash)
            .where(*_is_idle(before_micros))
            .order_by(ChatUser.id)
            .limit(most)
        )
        if after is not None:
            statement = statement.where(ChatUser.id > after)
        async with self._database.reading() as connection:
            return [Idle(row.id, row.session_hash) for row in await connection.execute(statement)]

    async def remove_users(self, user_ids: Sequence[UUID], before_micros: int) -> int:
        """Removes those who are still idle; returns how many."""
        statement = (
            delete(ChatUser)
            .where(ChatUser.id.in_(list(user_ids)), *_is_idle(before_micros))
            .returning(ChatUser.id)
        )
        async with self._database.changing() as connection:
            removed = list(await connection.scalars(statement))
            if removed:
                await add_to_counters(connection, removed[0], {"users": -len(removed)})
        return len(removed)


def _is_idle(before_micros: int) -> tuple[Any, ...]:
    return (
        ChatUser.last_seen < datetime_of(before_micros),
        ~exists().where(Message.user_id == ChatUser.id),
        ~exists().where(Room.owner_id == ChatUser.id, Room.deleted_at.is_(None)),
    )
