"""Writes batches from the ingest streams into PostgreSQL: exactly once, however often they come.

One transaction per batch. What it counts is what it really inserted, so a batch that is written
again (its answer was lost, a peer took it over) changes nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from shared.message_store import bulk_statements as sql
from shared.message_store.ingest_batch import (
    Conflict,
    IngestBatch,
    MessageKey,
    StoredRow,
    WriteReport,
    columns,
)
from shared.message_store.records import MessageRow
from shared.message_store.unavailable import (
    RETRY_SQLSTATES,
    DataRefused,
    is_refusal,
    outage_as_unavailable,
    sqlstate_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from asyncpg import Connection, Pool
    from asyncpg.pool import PoolConnectionProxy

ATTEMPTS: Final = 5
RETRY_SECONDS: Final = 0.05
ACQUIRE_SECONDS: Final = 5.0
COPY_SECONDS: Final = 60.0


class BulkWriter:
    """Borrows connections from a pool that its owner opens and closes."""

    def __init__(self, pool: Pool[Any]) -> None:
        self._pool = pool

    async def write_batch(self, batch: IngestBatch, shard: int) -> WriteReport:
        """Writes all of `batch`, or nothing. `shard` chooses the rows of the counters.

        Raises:
            StoreUnavailable: PostgreSQL cannot answer now; nothing is known, write it again.
            DataRefused: something in the batch can never be stored; nothing was written.
        """
        with outage_as_unavailable():
            try:
                return await self._write(batch, shard, copy=True)
            except DataRefused:
                if not batch.sent:
                    raise
                # Perhaps only stored already: asked about each row, PostgreSQL tells which.
                return await self._write(batch, shard, copy=False)

    async def ping(self) -> None:
        """One round trip.

        Raises:
            StoreUnavailable: PostgreSQL cannot answer now.
        """
        with outage_as_unavailable():
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await connection.execute("SELECT 1")

    async def _write(self, batch: IngestBatch, shard: int, *, copy: bool) -> WriteReport:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._write_once(batch, shard, copy=copy)
            except Exception as error:
                if is_refusal(error):
                    raise DataRefused(f"{sqlstate_of(error) or 'argument'}: {error}") from error
                if sqlstate_of(error) not in RETRY_SQLSTATES or attempt == ATTEMPTS:
                    raise
            await asyncio.sleep(random.uniform(0, RETRY_SECONDS * attempt))  # noqa: S311 - jitter
        raise AssertionError("the last attempt returns or raises")

    async def _write_once(self, batch: IngestBatch, shard: int, *, copy: bool) -> WriteReport:
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            return await _BatchTransaction(connection, batch, shard, copy).run()


@dataclass(slots=True)
class _RoomChange:
    """What one batch adds to one row of `room_stats`."""

    messages: int = 0
    last_seq: int = 0
    last_message_at: datetime | None = None


@dataclass(slots=True)
class _BatchTransaction:
    """One attempt at one batch, within a transaction that its caller opened."""

    connection: Connection[Any] | PoolConnectionProxy[Any]
    batch: IngestBatch
    shard: int
    copy: bool
    """Whether to copy what was sent: half the work, refused if any of it is stored already."""
    report: WriteReport = field(default_factory=WriteReport)
    counters: Counter[str] = field(default_factory=Counter)
    rooms: dict[UUID, _RoomChange] = field(default_factory=dict)

    async def run(self) -> WriteReport:
        if self.batch.rooms:
            await self._insert_rooms()
        if self.batch.users:
            await self._store_users()
        if self.batch.sent or self.batch.changed:
            await self._store_messages()
        await self._count()
        return self.report

    async def _insert_rooms(self) -> None:
        inserted = await self.connection.fetch(sql.INSERT_ROOMS, *columns(self.batch.rooms))
        self.counters["rooms"] += len(inserted)
        self.counters["public_rooms"] += sum(row["is_public"] for row in inserted)

    async def _store_users(self) -> None:
        users = self.batch.users
        present = [u.current_room if u.is_online else None for u in users]
        id_, hash_, name, color, created, _, _, taken = columns(users)
        inserted = await self.connection.fetch(
            sql.INSERT_USERS, id_, hash_, name, color, created, present, taken
        )
        self.counters["users"] += len(inserted)
        settled = {row["id"] for row in inserted}
        if len(settled) == len(users):
            return
        updated = await self.connection.fetch(sql.UPDATE_USERS, id_, name, color, present, taken)
        settled.update(row["id"] for row in updated)
        rest = [user for user in users if user.id not in settled]
        if rest:
            known = await self.connection.fetch(sql.KNOWN_USERS, [user.id for user in rest])
            newer = {row["id"] for row in known}
            self.report.user_conflicts = [user for user in rest if user.id not in newer]

    async def _store_messages(self) -> None:
        deleted = await self._lock_rooms(sorted(self.batch.rooms_of_messages))
        batch = self.batch.without_messages_of(deleted) if deleted else self.batch
        self.report.of_deleted_rooms = self.batch.count - batch.count
        if self.copy:
            await self._copy(batch.sent)
            await self._merge(batch.changed)
        else:
            await self._merge(batch.messages)

    async def _lock_rooms(self, rooms: Sequence[UUID]) -> set[UUID]:
        """Locks totals, so that no other writer changes these rooms until the commit.

        Returns those that are deleted.
        """
        locked = {row["room_id"] for row in await self._fetch(sql.LOCK_ROOM_STATS, rooms)}
        missing = [room for room in rooms if room not in locked]
        if missing:
            await self.connection.execute(sql.CREATE_ROOM_STATS, missing)
            await self._fetch(sql.LOCK_ROOM_STATS, missing)
        # Only after the locks: whoever deleted a room held them until its end.
        deleted = {row["id"] for row in await self._fetch(sql.DELETED_ROOMS, rooms)}
        if deleted:
            await self.connection.execute(sql.DROP_ROOM_STATS, sorted(deleted))
        return deleted

    async def _copy(self, rows: Sequence[MessageRow]) -> None:
        if not rows:
            return
        try:
            # asyncpg's own time-out does not see that a server has stopped to read.
            async with asyncio.timeout(COPY_SECONDS):
                await self.connection.copy_records_to_table(
                    "messages", records=rows, columns=MessageRow._fields
                )
        except (TypeError, ValueError, OverflowError) as error:
            # A value that its type cannot hold, found before it was sent.
            raise DataRefused(f"argument: {error}") from error
        self.report.inserted += len(rows)
        for room, grouped in groupby(rows, key=attrgetter("room_id")):
            own = list(grouped)
            newest = max([row.created_at for row in own])
            self.rooms[room] = _RoomChange(len(own), own[-1].seq, newest)

    async def _merge(self, rows: Sequence[StoredRow]) -> None:
        """Stores what is new, and newer revisions of what is not."""
        rest = await self._insert_messages(rows)
        if not rest:
            return
        present = await self._settle_conflicts(rest)
        # Their client_id belongs to another message: they are stored without, not lost.
        freed = [row for row in rest if row.key not in present]
        freed = [
            row._replace(message=row.message._replace(client_id=None))
            for row in freed
            if row.key not in {conflict.key for conflict in self.report.conflicts}
        ]
        if freed:
            late = await self._insert_messages(freed)
            self.report.without_client_id = len(freed) - len(late)
            present |= await self._settle_conflicts(late)
        await self._revise([row for row in rest if row.revision and row.key in present])

    async def _insert_messages(self, rows: Sequence[StoredRow]) -> list[StoredRow]:
        """Inserts what has a place; returns the others."""
        if not rows:
            return []
        table = [(*row.message, row.revision, row.edited_at, row.deleted_at) for row in rows]
        fetched = await self._fetch(sql.INSERT_MESSAGES, *columns(table))
        inserted = {MessageKey(*row) for row in fetched}
        self.report.inserted += len(inserted)
        rest: list[StoredRow] = []
        for row in rows:
            if row.key not in inserted:
                rest.append(row)
                continue
            change = self.rooms.setdefault(row.message.room_id, _RoomChange())
            change.messages += row.deleted_at is None
            change.last_seq = max(change.last_seq, row.message.seq)
            sent = row.message.created_at
            change.last_message_at = max(change.last_message_at or sent, sent)
        return rest

    async def _settle_conflicts(self, rows: Sequence[StoredRow]) -> set[MessageKey]:
        """Keys of `rows` that are stored already; those that never can be are reported."""
        present: set[MessageKey] = set()
        if not rows:
            return present
        holders = await self._fetch(sql.HOLDERS, *columns([row.key for row in rows]))
        for room_id, seq, message_id, seq_holder, id_seq in holders:
            key = MessageKey(room_id, seq, message_id)
            if seq_holder == message_id:
                present.add(key)
            elif seq_holder is not None:
                self.report.conflicts.append(Conflict(key, "seq_taken"))
            elif id_seq is not None:
                self.report.conflicts.append(Conflict(key, "id_at_another_seq"))
        self.report.duplicates += len(present)
        return present

    async def _revise(self, rows: Sequence[StoredRow]) -> None:
        if not rows:
            return
        table = [
            (
                *row.key,
                row.message.username,
                row.message.color,
                row.message.content,
                row.message.message_type,
                row.message.file_url,
                row.message.reply_to,
                row.message.client_id,
                row.revision,
                row.edited_at,
                row.deleted_at,
            )
            for row in rows
        ]
        revised = await self._fetch(sql.REVISE_MESSAGES, *columns(table))
        self.report.revised = len(revised)
        self.report.duplicates -= len(revised)
        for room_id, change in revised:
            self.rooms.setdefault(room_id, _RoomChange()).messages += change

    async def _count(self) -> None:
        rooms = sorted(self.rooms)
        if rooms:
            changes = [self.rooms[room] for room in rooms]
            await self.connection.execute(
                sql.ADD_TO_ROOM_STATS,
                rooms,
                [change.messages for change in changes],
                [change.last_seq for change in changes],
                [change.last_message_at for change in changes],
            )
            self.counters["messages"] += sum(change.messages for change in changes)
        changed = {name: value for name, value in self.counters.items() if value}
        if changed:
            await self.connection.execute(
                sql.ADD_TO_COUNTERS, self.shard, list(changed), list(changed.values())
            )

    async def _fetch(self, statement: str, *arguments: object) -> list[Any]:
        return await self.connection.fetch(statement, *arguments)
