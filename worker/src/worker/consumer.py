"""The loop that carries the ingest streams into PostgreSQL.

Read → collect → write in one transaction → acknowledge. Nothing is acknowledged before it is
committed (or buried as a dead letter), and writing again what was written changes nothing: an entry
may be delivered many times and is stored once. While one batch is written and acknowledged, the
next is read and decoded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import ResponseError

from shared.message_store.ingest_batch import IngestBatch
from shared.message_store.ingest_entries import PoisonEntry
from shared.message_store.records import MessageRow
from shared.message_store.unavailable import DataRefused, StoreUnavailable
from shared.runtime.redis_client import OUTAGES, is_outage
from worker.acknowledger import acknowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.message_store.bulk_writer import BulkWriter
    from shared.message_store.ingest_batch import WriteReport
    from shared.message_store.records import IngestRow
    from shared.redis_schema.scripts import Scripts
    from shared.runtime.clock import Clock
    from shared.runtime.message_spans import MessageSpans
    from worker.backoff import Backoff
    from worker.batch import Batcher
    from worker.dead_letter import DeadLetters
    from worker.entry import Entry, EntryKey
    from worker.ingest_streams import IngestStreams
    from worker.progress import Progress
    from worker.reclaim import Reclaimer

log = structlog.stdlib.get_logger()

READ_COUNT: Final = 250
"""Entries of one stream in one read; what one read may bring over a full batch is bounded by it."""

IDLE_BLOCK_SECONDS: Final = 0.5
"""How long a read waits when nothing is in hand; also the longest that stopping has to wait."""

PERHAPS_RECOVERABLE: Final = (StoreUnavailable, *OUTAGES, ResponseError)


def is_recoverable(error: Exception) -> bool:
    """Is a part away for a while? Then wait and do the same again."""
    return isinstance(error, StoreUnavailable) or is_outage(error)


def _trace(spans: MessageSpans, rows: Sequence[IngestRow]) -> None:
    """Tells of each traced message how long it was from Redis until here."""
    for row in rows:
        if isinstance(row, MessageRow) and spans.wants(row.id):
            began = round(row.created_at.timestamp() * 1e6) * 1000
            spans.record("store", row.id, began, {"room": str(row.room_id), "batch": len(rows)})


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry for the dead letters, and why."""

    entry: Entry
    reason: str


@dataclass(slots=True)
class Consumer:
    """One reader of some ingest streams; `shard` chooses its rows of the counters."""

    streams: IngestStreams
    reclaimer: Reclaimer
    writer: BulkWriter
    dead: DeadLetters
    scripts: Scripts
    batcher: Batcher[EntryKey, Entry]
    backoff: Backoff
    progress: Progress
    clock: Clock
    shard: int
    spans: MessageSpans | None = None
    _carrying: asyncio.Task[None] | None = field(default=None, init=False)
    """The batch that is lent to PostgreSQL, until it is off the queue."""

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes what is in hand."""
        try:
            while not stop.is_set():
                try:
                    await self._run_once()
                except PERHAPS_RECOVERABLE as error:
                    if not is_recoverable(error):
                        raise
                    await self._settle()
                    if not isinstance(error, StoreUnavailable):
                        self.streams.recover()  # an answer with entries in it may have been lost
                    await self.backoff.wait(error)
            await self._drain()
        finally:
            if self._carrying is not None:
                self._carrying.cancel()
                await self._settle()

    async def _run_once(self) -> None:
        if not self.batcher.full:  # a full batcher stops reading: that is the backpressure
            await self._collect()
        elif self.progress.redis_is_due:
            await self.streams.ping()
            self.progress.redis_answered()
        if self._carrying is not None and self._carrying.done():
            await self._finish()
        if self.batcher.due(self.clock.monotonic()):
            await self._finish()
            self._carrying = asyncio.create_task(self._carry(self.batcher.lend()), name="batch")
        elif self._carrying is None:
            if self.progress.postgres_is_due:
                await self.writer.ping()
                self.progress.postgres_answered()
            self.backoff.reset()

    async def _collect(self) -> None:
        block = IDLE_BLOCK_SECONDS
        if self.batcher.waiting:
            block = 0.0
            if not self.streams.more:
                # They gather in Redis: one read for all of them, instead of one for each.
                left = self.batcher.time_left(self.clock.monotonic())
                await asyncio.sleep(min(left, IDLE_BLOCK_SECONDS))
        self.batcher.begin_reading()
        # A dead peer's entries first: new ones never end under load, and these wait longer.
        entries = await self.reclaimer.claim_if_due(READ_COUNT)
        entries += await self.streams.read(READ_COUNT, 0 if entries else block)
        self.progress.redis_answered()
        now = self.clock.monotonic()
        for entry in entries:
            self.batcher.add(entry.key, entry, now)

    async def _finish(self) -> None:
        """Waits for the batch under way, if there is one; its error is raised here."""
        if self._carrying is not None:
            await self._carrying
            self._carrying = None
            self.backoff.reset()

    async def _settle(self) -> None:
        """Waits for the batch under way, however it ends; what it has not let go waits again."""
        if self._carrying is not None:
            await asyncio.gather(self._carrying, return_exceptions=True)
            self._carrying = None
        self.batcher.give_back()

    async def _carry(self, entries: Sequence[Entry]) -> None:
        self.progress.tally.batch_entries.observe(len(entries))
        refused = [
            Refused(entry, str(entry.row))
            for entry in entries
            if isinstance(entry.row, PoisonEntry)
        ]
        good = [entry for entry in entries if not isinstance(entry.row, PoisonEntry)]
        if good:
            refused += await self._write(good)
            self.progress.postgres_answered()
        culprits = {one.entry.key for one in refused}
        # The stored ones first: a dead letter that cannot be put in now must not hold them up.
        await self._let_go([entry for entry in good if entry.key not in culprits])
        for one in refused:
            await self.dead.bury(one.entry, one.reason)
            self.progress.tally.buried += 1
            await self._let_go([one.entry])

    async def _write(self, entries: Sequence[Entry]) -> list[Refused]:
        """Stores `entries`; returns those that PostgreSQL will never take."""
        rows = [entry.row for entry in entries if not isinstance(entry.row, PoisonEntry)]
        began = self.clock.monotonic()
        try:
            report = await self.writer.write_batch(IngestBatch.of(rows), self.shard)
        except DataRefused as error:
            if len(entries) == 1:
                return [Refused(entries[0], error.reason)]
            # Something in here is at fault: halves, until it stands alone.
            middle = len(entries) // 2
            return await self._write(entries[:middle]) + await self._write(entries[middle:])
        self.progress.tally.commit_seconds.observe(self.clock.monotonic() - began)
        self.progress.tally.stored += report.inserted
        self._tell(report)
        if self.spans is not None:
            _trace(self.spans, rows)
        if not report.conflicts:
            return []
        reasons = {conflict.key: conflict.reason for conflict in report.conflicts}
        return [
            Refused(entry, reasons[entry.message])
            for entry in entries
            if entry.message is not None and entry.message in reasons
        ]

    async def _let_go(self, entries: Sequence[Entry]) -> None:
        if entries:
            await acknowledge(self.scripts, entries)
            self.batcher.take(entry.key for entry in entries)

    async def _drain(self) -> None:
        """Finishes what is in hand, if that can be done now; else it stays pending."""
        try:
            await self._finish()
            while self.batcher.waiting:
                await self._carry(self.batcher.lend())
        except PERHAPS_RECOVERABLE as error:
            if not is_recoverable(error):
                raise
            log.warning("left_pending", entries=len(self.batcher), error=str(error))

    @staticmethod
    def _tell(report: WriteReport) -> None:
        log.debug("batch_written", inserted=report.inserted, revised=report.revised)
        if report.duplicates or report.of_deleted_rooms or report.without_client_id:
            log.info(
                "batch_had_leftovers",
                duplicates=report.duplicates,
                of_deleted_rooms=report.of_deleted_rooms,
                without_client_id=report.without_client_id,
            )
        for user in report.user_conflicts:
            log.warning("session_of_another_user", user=str(user.id))
