"""Which numbers of this process are which metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.redis_schema.call_times import times_of
from shared.runtime import metrics

if TYPE_CHECKING:
    from api_service.wiring import Deps
    from shared.runtime.metrics_page import Readings


async def read_metrics(deps: Deps) -> Readings:
    """As they are now; nothing is asked of any server."""
    tally, database = deps.tally, deps.database
    publisher = deps.poster.log.publisher
    return {
        metrics.EVENT_LOOP_LAG: deps.loop_lag,
        metrics.REDIS_CALLS: times_of(deps.redis).by_name,
        metrics.PUBLISHED: publisher.published,
        metrics.REPEATED: publisher.repeated,
        metrics.REFUSALS: {code.value: count for code, count in tally.refusals.items()},
        metrics.LIMITS_REACHED: deps.buckets.counts(),
        metrics.PROOFS_ASKED: deps.proofs.asked,
        metrics.PROOFS_PASSED: deps.proofs.passed,
        metrics.BREAKER_OPEN: int(database.refuses),
        metrics.POOL_IN_USE: database.in_use,
        metrics.POOL_LIMIT: database.limit,
        metrics.POOL_WAITING: database.waiting,
        metrics.HTTP_REQUESTS: dict(tally.requests),
        metrics.HTTP_SECONDS: tally.seconds,
    }
