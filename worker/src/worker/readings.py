"""Which numbers of this worker, and of the queues, are which metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.times import MICROS_PER_SECOND
from shared.message_log.message_log import MOST_BACKLOG
from shared.message_log.queues import read_queues
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_times import times_of
from shared.runtime import metrics

if TYPE_CHECKING:
    from shared.runtime.metrics_page import Readings
    from worker.wiring import Deps


async def read_metrics(deps: Deps) -> Readings:
    """As they are now. While Redis is away nobody knows what is in the queues."""
    try:
        queues = await _queues(deps)
    except Unavailable:
        queues = {}
    return {**_own(deps), **queues}


async def _queues(deps: Deps) -> Readings:
    queues = await read_queues(deps.redis, deps.keys)
    now = deps.clock.micros()
    ages = [now - queue.oldest_micros for queue in queues if queue.oldest_micros is not None]
    return {
        metrics.INGEST_LAG: sum(queue.queued for queue in queues),
        metrics.INGEST_LAG_AGE: max([0, *ages]) / MICROS_PER_SECOND,
        metrics.INGEST_FULLEST: max(queue.queued for queue in queues) / MOST_BACKLOG,
        metrics.DEAD_LETTERS: sum(queue.dead for queue in queues),
    }


def _own(deps: Deps) -> Readings:
    tally, pool = deps.progress.tally, deps.pool
    return {
        metrics.EVENT_LOOP_LAG: deps.loop_lag,
        metrics.REDIS_CALLS: times_of(deps.redis).by_name,
        metrics.POOL_IN_USE: pool.get_size() - pool.get_idle_size(),
        metrics.POOL_LIMIT: pool.get_max_size(),
        metrics.DEAD_LETTERS_BURIED: tally.buried,
        metrics.BATCH_ENTRIES: tally.batch_entries,
        metrics.COMMIT_SECONDS: tally.commit_seconds,
        metrics.STORED: tally.stored,
        metrics.RECLAIMED: tally.reclaimed,
        metrics.REAPED: tally.reaped,
    }
