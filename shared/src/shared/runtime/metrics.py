"""Every metric of Adda: one table. What is not declared here is not exposed, and all of it is.

Names end in their unit, and in `_total` where they only grow. Labels have few values, known before:
never a room, a person or an address. Services count in plain numbers of their own objects; their
`readings` say which of these metrics each number is, and `metrics_page` reads them at a scrape.
`deploy/docs/metrics.md` is made of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from shared.domain.budgets import Scope
from shared.protocol import close_codes
from shared.protocol.errors import ErrorCode

Kind = Literal["counter", "gauge", "histogram"]


class Service(StrEnum):
    """Who exposes a metric; as its logs call it."""

    API = "api_service"
    WS = "ws_service"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Label:
    """One dimension. `values` are all there are; where they are a table elsewhere, `means` says."""

    name: str
    means: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One row. `buckets` are the upper bounds of a histogram, in the unit of its name."""

    name: str
    kind: Kind
    help: str
    services: tuple[Service, ...]
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()


SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
ROWS: Final = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)

_ALL: Final = (Service.API, Service.WS, Service.WORKER)
_DOORS: Final = (Service.API, Service.WS)
_WS: Final = (Service.WS,)
_API: Final = (Service.API,)
_WORKER: Final = (Service.WORKER,)

PARTS: Final = ("redis", "postgres", "broker", "draining", "stopping")

_PART: Final = Label("part", "what readiness misses", PARTS)
_CODE: Final = Label("code", "stable name of the error", tuple(code.value for code in ErrorCode))
_REASON: Final = Label(
    "reason", "label of the close code", tuple(i.label for i in close_codes.CLOSES.values())
)
_SCOPE: Final = Label("scope", "whose budget", tuple(scope.value for scope in Scope))
_DRY: Final = Label("dry_run", "whether it was only told in the log", ("false", "true"))
_OUTCOME: Final = Label("outcome", "whether it got all that it missed", ("complete", "partial"))
_CALL: Final = Label("call", "name of a script in `redis_schema/lua`, or `command`")
_ROUTE: Final = Label("route", "template of the path, or `none`")
_METHOD: Final = Label("method", "of HTTP, or `other`")
_STATUS: Final = Label("status", "of HTTP, as it was sent; 0: none was")
_VERSION: Final = Label("version", "of Adda")
_SERVICE: Final = Label("service", "which program this is")

# ------------------------------------------------------------------ every process

BUILD: Final = Metric("adda_build_info", "gauge", "Always 1", _ALL, (_SERVICE, _VERSION))
READY: Final = Metric("adda_ready", "gauge", "1 while /readyz answers 200", _ALL)
PART_FAILING: Final = Metric(
    "adda_part_failing", "gauge", "1 while readiness misses a part", _ALL, (_PART,)
)
EVENT_LOOP_LAG: Final = Metric(
    "adda_event_loop_lag_seconds",
    "histogram",
    "How late a timer of the event loop was; four looks a second",
    _ALL,
    buckets=SECONDS,
)
REDIS_CALLS: Final = Metric(
    "adda_redis_call_seconds",
    "histogram",
    "From sending a call to Redis to its answer; calls of one pipeline share its time",
    _ALL,
    (_CALL,),
    SECONDS,
)

# ------------------------------------------------------------------ sockets

CONNECTIONS: Final = Metric("adda_connections", "gauge", "Open sockets of this replica", _WS)
CONNECTIONS_LIMIT: Final = Metric(
    "adda_connections_limit", "gauge", "Sockets that this replica takes at most", _WS
)
PAUSED: Final = Metric(
    "adda_connections_paused", "gauge", "Sockets that flood, and are not read for seconds", _WS
)
ARRIVING: Final = Metric("adda_arriving", "gauge", "Sockets on their way in, not counted yet", _WS)
OPENED: Final = Metric("adda_connections_opened_total", "counter", "Sockets that were let in", _WS)
CLOSES: Final = Metric(
    "adda_closes_total", "counter", "Sockets closed from this side", _WS, (_REASON,)
)
PEOPLE: Final = Metric("adda_people", "gauge", "Users with a socket at this replica", _WS)
ROOMS: Final = Metric("adda_rooms_open", "gauge", "Rooms open at this replica", _WS)
OUTBOX_BYTES: Final = Metric(
    "adda_outbox_bytes", "gauge", "What clients have not read yet, over all sockets", _WS
)
RECOVERIES: Final = Metric(
    "adda_recoveries_total", "counter", "Reconnects with a position", _WS, (_OUTCOME,)
)

# ------------------------------------------------------------------ messages

PUBLISHED: Final = Metric(
    "adda_messages_published_total", "counter", "Messages that Redis has taken", _DOORS
)
REPEATED: Final = Metric(
    "adda_messages_repeated_total", "counter", "Retries that got their first answer again", _DOORS
)
PUBLISH_SECONDS: Final = Metric(
    "adda_publish_seconds",
    "histogram",
    "From a message that was read and judged to its ack; exemplars carry `request_id`",
    _WS,
    buckets=SECONDS,
)
UNHEARD: Final = Metric(
    "adda_messages_unheard_total",
    "counter",
    "Messages that the room did not get: held for staff, or of the shadowed",
    _WS,
    (Label("why", "what became of it", ("held", "shadow")),),
)
DELIVERIES: Final = Metric(
    "adda_deliveries_total", "counter", "Events times the sockets they were written to", _WS
)
FAN_OUT_LAG: Final = Metric(
    "adda_fan_out_lag_seconds",
    "histogram",
    "From Redis taking a message to its being written to all sockets of the room here; "
    "by the clocks of two machines",
    _WS,
    buckets=SECONDS,
)
GAPS: Final = Metric("adda_gaps_total", "counter", "Gaps that were found and filled", _WS)
CONTINUITY_LOST: Final = Metric(
    "adda_continuity_lost_total", "counter", "Times that a room had to be reloaded", _WS
)
HELD_BEHIND_GAPS: Final = Metric(
    "adda_messages_behind_gaps", "gauge", "Messages that wait for one before them", _WS
)
UNKNOWN_ENVELOPES: Final = Metric(
    "adda_unknown_envelopes_total", "counter", "Events of a version that is not known here", _WS
)
PROBE_HEARS: Final = Metric(
    "adda_subscription_probe_hears", "gauge", "1 while the replica hears its own probes", _WS
)
REDIS_WAITING: Final = Metric(
    "adda_redis_waiting_calls", "gauge", "Calls to Redis without an answer yet", _WS
)

# ------------------------------------------------------------------ refusals

REFUSALS: Final = Metric(
    "adda_refusals_total", "counter", "Errors that clients were told", _DOORS, (_CODE,)
)
LIMITS_REACHED: Final = Metric(
    "adda_limits_reached_total",
    "counter",
    "Budgets found overdrawn; refusals that follow are counted by their code",
    _DOORS,
    (_SCOPE, _DRY),
)
PROOFS_ASKED: Final = Metric(
    "adda_proofs_asked_total", "counter", "Times that a proof of work was asked for", _DOORS
)
PROOFS_PASSED: Final = Metric(
    "adda_proofs_passed_total", "counter", "Times that somebody got in by one", _DOORS
)

# ------------------------------------------------------------------ PostgreSQL

BREAKER_OPEN: Final = Metric(
    "adda_postgres_breaker_open", "gauge", "1 while callers are refused at once", _DOORS
)
POOL_IN_USE: Final = Metric(
    "adda_postgres_connections_in_use", "gauge", "Connections that are lent out", _ALL
)
POOL_LIMIT: Final = Metric(
    "adda_postgres_connections_limit", "gauge", "Connections that there may be", _ALL
)
POOL_WAITING: Final = Metric(
    "adda_postgres_waiting", "gauge", "Callers that wait for a connection", _DOORS
)

# ------------------------------------------------------------------ REST

HTTP_REQUESTS: Final = Metric(
    "adda_http_requests_total", "counter", "Requests answered", _API, (_ROUTE, _METHOD, _STATUS)
)
HTTP_SECONDS: Final = Metric(
    "adda_http_request_seconds", "histogram", "Time to the answer's end", _API, (_ROUTE,), SECONDS
)

# ------------------------------------------------------------------ on the way to PostgreSQL

INGEST_LAG: Final = Metric(
    "adda_ingest_lag_entries",
    "gauge",
    "Entries that PostgreSQL does not have yet, over all partitions: each worker tells the same",
    _WORKER,
)
INGEST_LAG_AGE: Final = Metric(
    "adda_ingest_lag_seconds", "gauge", "Age of the oldest of them", _WORKER
)
INGEST_FULLEST: Final = Metric(
    "adda_ingest_fullest_ratio",
    "gauge",
    "How full the fullest partition's queue is; at 1 messages are refused",
    _WORKER,
)
DEAD_LETTERS: Final = Metric(
    "adda_dead_letters", "gauge", "Refused entries that wait for a person to look at", _WORKER
)
DEAD_LETTERS_BURIED: Final = Metric(
    "adda_dead_letters_buried_total", "counter", "Entries that this worker has put there", _WORKER
)
BATCH_ENTRIES: Final = Metric(
    "adda_ingest_batch_entries", "histogram", "Entries of one batch", _WORKER, buckets=ROWS
)
COMMIT_SECONDS: Final = Metric(
    "adda_ingest_commit_seconds",
    "histogram",
    "Time of one transaction, its commit included",
    _WORKER,
    buckets=SECONDS,
)
STORED: Final = Metric(
    "adda_messages_stored_total", "counter", "Messages that this worker has stored", _WORKER
)
RECLAIMED: Final = Metric(
    "adda_entries_reclaimed_total", "counter", "Entries taken over from silent workers", _WORKER
)
REAPED: Final = Metric(
    "adda_presence_reaped_total", "counter", "Expired connections and leaves told", _WORKER
)

METRICS: Final = tuple(value for value in list(globals().values()) if isinstance(value, Metric))
"""All of them, in the order of their declaration."""


def metrics_of(service: Service) -> tuple[Metric, ...]:
    """What a service exposes."""
    return tuple(metric for metric in METRICS if service in metric.services)
