"""Which numbers of this replica are which metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.protocol import close_codes
from shared.redis_schema.call_times import times_of
from shared.runtime import metrics
from ws_service.gauges import read_gauges

if TYPE_CHECKING:
    from shared.runtime.metrics_page import Readings
    from ws_service.wiring import Deps


async def read_metrics(deps: Deps) -> Readings:
    """As they are now, in O(connections); nothing is asked of any server."""
    return {**_sockets(deps), **_messages(deps), **_servers(deps)}


def _sockets(deps: Deps) -> Readings:
    hub, gauges = deps.hub, read_gauges(deps.hub)
    replica, proofs = hub.replica, hub.parts.proofs
    outcomes = {True: "complete", False: "partial"}
    return {
        metrics.CONNECTIONS: gauges.connections,
        metrics.CONNECTIONS_LIMIT: hub.settings.max_connections,
        metrics.PAUSED: gauges.paused,
        metrics.ARRIVING: gauges.arriving,
        metrics.OPENED: replica.opened,
        metrics.CLOSES: {
            close_codes.CLOSES[code].label: count for code, count in replica.closes.items()
        },
        metrics.PEOPLE: gauges.people,
        metrics.ROOMS: gauges.rooms,
        metrics.OUTBOX_BYTES: gauges.unread_bytes,
        metrics.HELD_BEHIND_GAPS: gauges.held_messages,
        metrics.REDIS_WAITING: gauges.waiting_calls,
        metrics.RECOVERIES: {outcomes[whole]: n for whole, n in replica.recoveries.items()},
        metrics.REFUSALS: {code.value: count for code, count in replica.refusals.items()},
        metrics.LIMITS_REACHED: hub.parts.buckets.counts(),
        metrics.PROOFS_ASKED: proofs.asked,
        metrics.PROOFS_PASSED: proofs.passed,
    }


def _messages(deps: Deps) -> Readings:
    parts, tally = deps.hub.parts, deps.hub.parts.channels.tally
    publisher = parts.history.log.publisher
    return {
        metrics.PUBLISHED: publisher.published,
        metrics.REPEATED: publisher.repeated,
        metrics.PUBLISH_SECONDS: deps.hub.replica.publish_seconds,
        metrics.UNHEARD: dict(parts.unheard.counts),
        metrics.DELIVERIES: tally.deliveries,
        metrics.FAN_OUT_LAG: tally.lag,
        metrics.GAPS: tally.gaps,
        metrics.CONTINUITY_LOST: tally.continuity_lost,
        metrics.UNKNOWN_ENVELOPES: parts.channels.unknown_envelopes,
    }


def _servers(deps: Deps) -> Readings:
    database = deps.database
    return {
        metrics.EVENT_LOOP_LAG: deps.loop_lag,
        metrics.REDIS_CALLS: times_of(deps.redis).by_name,
        metrics.PROBE_HEARS: int(deps.probe.hears),
        metrics.BREAKER_OPEN: int(database.refuses),
        metrics.POOL_IN_USE: database.in_use,
        metrics.POOL_LIMIT: database.limit,
        metrics.POOL_WAITING: database.waiting,
    }
