"""Rooms and messages that PostgreSQL makes by itself: millions in a minute, with all indexes."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Connection

ROOM_MESSAGES: Final = 500
"""In each room but the big one, which has half of all."""
WITHOUT_INDEXES: Final = 300_000
"""From so many new rows on it is faster to make the indexes anew."""

_ROOMS: Final = """
INSERT INTO rooms (id, name, is_public, max_users, created_at, updated_at)
SELECT md5('room ' || n)::uuid,
       CASE n % 10 WHEN 0 THEN 'ক্রিকেট ' ELSE 'আড্ডা ' END || substr(md5('room ' || n), 1, 8),
       true, 100000, moment, moment
FROM generate_series($1::bigint, $2::bigint) AS n,
     LATERAL (SELECT timestamptz '2025-01-01' + n * interval '1 second' AS moment) AS of_room
"""

_MESSAGES: Final = """
INSERT INTO messages (room_id, seq, id, user_id, username, color, content, message_type, client_id,
                      created_at)
SELECT CASE n % 2 WHEN 1 THEN md5('room 1')::uuid
                  ELSE md5('room ' || 2 + (n / 2 - 1) / $3)::uuid END,
       CASE n % 2 WHEN 1 THEN (n + 1) / 2 ELSE 1 + (n / 2 - 1) % $3 END,
       (lpad(to_hex(1735689600000 + n), 12, '0') || '7' || substr(hash, 1, 3) || '8'
        || substr(hash, 4, 15))::uuid,
       ('01941f29-7c00-7000-8000-' || lpad(to_hex(n % 10000), 12, '0'))::uuid,
       'জন ' || n % 10000, '#3366cc',
       'সবাই কেমন আছেন? ' || hash, 'text', n::text,
       timestamptz '2025-01-01' + n * interval '1 millisecond'
FROM generate_series($1::bigint, $2::bigint) AS n, LATERAL (SELECT md5(n::text) AS hash) AS of_n
"""

_STATS: Final = """
INSERT INTO room_stats (room_id, total_messages, last_seq, last_message_at)
SELECT md5('room ' || n)::uuid, count, count, now()
FROM generate_series(1, $1::bigint) AS n,
     LATERAL (SELECT CASE n WHEN 1 THEN ($2::bigint + 1) / 2
                     ELSE least($3::bigint, $2::bigint / 2 - (n - 2) * $3) END AS count) AS of_room
ON CONFLICT (room_id) DO UPDATE
SET total_messages = excluded.total_messages, last_seq = excluded.last_seq
"""

_COUNTERS: Final = """
INSERT INTO counters (name, shard, value) VALUES ($1, 0, $2)
ON CONFLICT (name, shard) DO UPDATE SET value = counters.value + excluded.value
"""

_CONSTRAINTS: Final = """
SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE conrelid = 'messages'::regclass AND contype IN ('p', 'u')
"""

_INDEXES: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
WHERE indrelid = 'messages'::regclass
  AND indexrelid NOT IN (SELECT conindid FROM pg_constraint
                         WHERE conrelid = 'messages'::regclass AND contype IN ('p', 'u'))
"""

_SETTINGS: Final = (
    "SET maintenance_work_mem = '1GB'",
    "SET max_parallel_maintenance_workers = 1",
)
_TABLE_SETTINGS: Final = (
    # Neither changes how rows are read: no log of changes, and no cleaning during measurements.
    "ALTER TABLE messages SET UNLOGGED",
    "ALTER TABLE messages SET (autovacuum_enabled = false)",
)


def room_id(number: int) -> UUID:
    """Of the room with this number, from 1; the first is the big one."""
    return UUID(_hash(number))


def room_name(number: int) -> str:
    """A word that a tenth of all rooms share, and one of its own."""
    return ("আড্ডা " if number % 10 else "ক্রিকেট ") + _hash(number)[:8]


def _hash(number: int) -> str:
    return md5(f"room {number}".encode(), usedforsecurity=False).hexdigest()


class Rows:
    """What was made in one database, which nobody else writes to."""

    def __init__(self, database_url: str) -> None:
        self.messages = 0
        self.rooms = 0
        self._url = database_url

    @property
    def in_big_room(self) -> int:
        """Messages of the first room."""
        return (self.messages + 1) // 2

    async def prepare(self) -> None:
        """Makes the table one that is quickly filled."""
        connection = await asyncpg.connect(self._url, command_timeout=600)
        try:
            for statement in _TABLE_SETTINGS:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def grow_to(self, messages: int) -> None:
        """Adds rooms and messages until there are so many."""
        rooms = 1 - (-(messages // 2) // ROOM_MESSAGES)
        connection = await asyncpg.connect(self._url, command_timeout=600)
        try:
            for statement in _SETTINGS:
                await connection.execute(statement)
            await connection.execute(_ROOMS, self.rooms + 1, rooms)
            await self._add_messages(connection, messages)
            await connection.execute(_STATS, rooms, messages, ROOM_MESSAGES)
            added = {"messages": messages - self.messages, "rooms": rooms - self.rooms}
            added["public_rooms"] = added["rooms"]
            for name, count in added.items():
                await connection.execute(_COUNTERS, name, count)
            for table in ("messages", "rooms", "room_stats"):
                await connection.execute(f"ANALYZE {table}")
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
        self.messages, self.rooms = messages, rooms

    async def _add_messages(self, connection: Connection[Any], messages: int) -> None:
        new = messages - self.messages
        if new < WITHOUT_INDEXES:
            await connection.execute(_MESSAGES, self.messages + 1, messages, ROOM_MESSAGES)
            return
        constraints = await connection.fetch(_CONSTRAINTS)
        indexes = await connection.fetch(_INDEXES)
        for name, _ in constraints:
            await connection.execute(f"ALTER TABLE messages DROP CONSTRAINT {name}")
        for name, _ in indexes:
            await connection.execute(f"DROP INDEX {name}")
        await connection.execute(_MESSAGES, self.messages + 1, messages, ROOM_MESSAGES)
        for name, definition in constraints:
            await connection.execute(f"ALTER TABLE messages ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            await connection.execute(definition)

    async def bytes_of_messages(self) -> int:
        """Of the table and its indexes."""
        connection = await asyncpg.connect(self._url)
        try:
            found = await connection.fetchval("SELECT pg_total_relation_size('messages')")
        finally:
            await connection.close()
        return int(found)
