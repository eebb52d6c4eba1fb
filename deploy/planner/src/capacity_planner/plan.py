"""From a crowd to a list of servers, with what each number rests on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Final

from capacity_planner.arithmetic import (
    MICROS,
    Constants,
    Limits,
    Load,
    NoSize,
    first_wall,
    redis_bytes,
    replicas_for,
    return_seconds,
    servers_for,
    utilisation,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY_SECONDS: Final = 86_400
DELIVERED_CONTENT_BYTES: Final = 64
"""Content of the messages of which `delivery_bytes` is measured."""
STORED_CONTENT_BYTES: Final = 72
"""The same of `row_bytes`."""
LOGGED_MESSAGES: Final = 300
"""Newest messages of a room that Redis keeps."""
REDIS_ROOM: Final = 2.0
"""A copy while it rewrites its file, and the queue while PostgreSQL is away."""
API_LEAST: Final = 2
"""One may be restarted."""
API_MEMORY: Final = 256e6
WORKER_MEMORY: Final = 256e6
SOCKETS_OF_A_CONNECTION: Final = 2
"""At the gateway: one to the client, one to the replica."""
MOST_CONNECTIONS: Final = 1e9

SOURCES: Final[Mapping[str, str]] = {
    "send_us": "growth.json: rooms (last) and replicas",
    "hear_us": "growth.json: rooms (last) and replicas",
    "write_us": "growth.json: receivers (last), one by one",
    "write_saturated_us": "growth.json: receivers (last), saturated",
    "quiet_us": "growth.json: memory, idle, quiet_cpu_share",
    "accept_us": "growth.json: memory, idle, accept_cpu_ms",
    "ws_base_bytes": "growth.json: memory, idle, ws_bytes",
    "ws_bytes": "growth.json: memory, idle, ws_bytes_per_connection",
    "publish_us": "growth.json: rooms (last), valkey, less one listener",
    "publish_alone_us": "growth.json: replicas (first), one by one, valkey",
    "listener_us": "growth.json: replicas, many rooms, valkey",
    "redis_quiet_us": "growth.json: memory, idle, quiet_cpu_share",
    "redis_bytes": "growth.json: memory, idle, valkey_bytes_per_connection",
    "room_bytes": "growth.json: memory, hot_room, bytes",
    "dedup_bytes": "growth.json: memory, hot_room, dedup_bytes_per_message",
    "worker_us": "growth.json: rooms (last), worker",
    "postgres_us": "growth.json: rooms (last), postgres",
    "row_bytes": "growth.json: stored (last), bytes_per_message",
    "delivery_bytes": "growth.json: receivers (last), bytes_per_delivery",
    "api_us": "benchmarks.json: bars, api, the dearest read at 2,000 a second",
    "gateway_us": "gateway.json: cpu_us_per_delivery",
    "gateway_bytes": "gateway.json: bytes_per_connection",
}


class Nonsense(ValueError):
    """The crowd that was asked for cannot be."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Rooms are of one size; a part of all may be in one hot room."""

    connections: float
    rooms: float | None = None
    """None: of 50 people each."""
    rate: float | None = None
    """Messages per second in all rooms but the hot one; None: a person speaks each minute."""
    hot_share: float = 0.1
    hot_rate: float = 20.0
    message_bytes: float = DELIVERED_CONTENT_BYTES
    """Of the content, in UTF-8: a Bangla letter takes three."""
    requests: float | None = None
    """Per second, of REST; None: one a minute from each connection."""
    headroom: float | None = None
    """Part of every processor that stays free; None: as scaling.md has it."""

    def load(self) -> Load:
        """The crowd for the arithmetic.

        Raises:
            Nonsense: it cannot be.
        """
        self._check()
        people = self.connections * (1 - self.hot_share)
        rooms = self.rooms or max(1.0, people / Load(1).room_people)
        rate = people / Load(1).seconds_between if self.rate is None else self.rate
        return Load(
            round(self.connections),
            max(1, round(people / rooms)),
            people / rate if rate else float("inf"),
            self.hot_share,
            self.hot_rate,
        )

    def limits(self) -> Limits:
        """What one wants of the servers."""
        if self.headroom is None:
            return Limits()
        share = 1 - self.headroom
        return replace(Limits(), ws_share=share, redis_share=share, worker_share=share)

    def _check(self) -> None:
        given = {name: getattr(self, name) for name in self.__slots__}
        numbers = {name: value for name, value in given.items() if value is not None}
        for name, value in numbers.items():
            if not isfinite(value) or value < 0:
                raise Nonsense(f"{name} must be a number that is not below 0")
        if not 1 <= self.connections <= MOST_CONNECTIONS:
            raise Nonsense(f"connections must be between 1 and {MOST_CONNECTIONS:.0e}")
        if self.rooms is not None and not 1 <= self.rooms <= self.connections:
            raise Nonsense("rooms must be at least one, and no more than connections")
        for name in ("hot_share", "headroom"):
            if numbers.get(name, 0) >= 1:
                raise Nonsense(f"{name} is a part of one, and below it")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the plan."""

    part: str
    what: str
    value: float
    unit: str
    why: str


@dataclass(frozen=True, slots=True)
class Doors:
    """What is not in the arithmetic of messages: the REST service and the gateway."""

    api_us: float
    """api_service: of one read."""
    gateway_us: float
    """nginx: of one delivery that passes through it."""
    gateway_bytes: float
    """nginx: of one connection."""

    @classmethod
    def of(cls, benchmarks: Mapping[str, Any], gateway: Mapping[str, Any]) -> Doors:
        """From the figures of `tests.bench` and `tests.bench.gateway`."""
        reads = benchmarks["bars"]["bars"]["api"].values()
        return cls(
            max(read["at_2000"]["cpu_ms"] for read in reads) * 1e3,
            gateway["cpu_us_per_delivery"],
            gateway["bytes_per_connection"],
        )


def sized(costs: Constants, message_bytes: float) -> Constants:
    """The costs with messages of another length; processor time is taken to stay the same."""
    more = message_bytes - DELIVERED_CONTENT_BYTES
    return replace(
        costs,
        delivery_bytes=costs.delivery_bytes + more,
        row_bytes=costs.row_bytes + message_bytes - STORED_CONTENT_BYTES,
        room_bytes=costs.room_bytes + LOGGED_MESSAGES * more,
    )


def plan(measured: Constants, doors: Doors, question: Question) -> list[Line]:
    """All lines of the plan.

    Raises:
        Nonsense: the crowd cannot be.
        NoSize: no number of servers would do.
    """
    load, limits = question.load(), question.limits()
    costs = sized(measured, question.message_bytes)
    return [
        *_crowd(load),
        *_sockets(costs, load, limits),
        *_api(doors.api_us, load, limits, question.requests),
        *_redis(costs, load, limits),
        *_storage(costs, load, limits),
        *_gateway(costs, doors, load, limits),
    ]


def _crowd(load: Load) -> list[Line]:
    return [
        Line(
            "crowd", "rooms", load.rooms + (load.hot_share > 0), "", f"{load.room_people} in each"
        ),
        Line("crowd", "messages", load.messages, "/s", "of all rooms"),
        Line("crowd", "deliveries", load.deliveries, "/s", "each message to all of its room"),
    ]


def _sockets(costs: Constants, load: Load, limits: Limits) -> list[Line]:
    asked = replicas_for(costs, load, limits)
    servers = servers_for(costs, load, limits)
    each = load.connections / servers.replicas
    wall = max(asked, key=lambda name: asked[name])
    busy = utilisation(costs, load, servers)["ws"]
    back = return_seconds(costs, load, servers, limits)
    memory = costs.ws_base_bytes + each * costs.ws_bytes
    return [
        Line("ws_service", "replicas", servers.replicas, "", f"by {wall}; one core each"),
        Line("ws_service", "busy", busy * 100, "%", f"of a core, at most {limits.ws_share:.0%}"),
        Line("ws_service", "memory each", memory, "B", "without the kernel's, for sockets"),
        Line("ws_service", "all are back after", back, "s", "when all were cut off at once"),
    ]


def _api(api_us: float, load: Load, limits: Limits, requests: float | None) -> list[Line]:
    rate = load.connections / 60 if requests is None else requests
    cores = rate * api_us / MICROS
    replicas = max(API_LEAST, ceil(cores / limits.ws_share))
    return [
        Line("api_service", "requests", rate, "/s", "all taken for the dearest kind of read"),
        Line("api_service", "replicas", replicas, "", f"{API_LEAST} at least; one core each"),
        Line("api_service", "memory each", API_MEMORY, "B", "assumed; a fresh one takes 100 MB"),
    ]


def _redis(costs: Constants, load: Load, limits: Limits) -> list[Line]:
    servers = servers_for(costs, load, limits)
    if servers.redis > limits.partitions:
        told = f"more than ADDA_PARTITIONS ({limits.partitions}): set it before the first start"
    else:
        told = f"at most {limits.redis_share:.0%} of a core each"
    each = redis_bytes(costs, load) / servers.redis
    return [
        Line("Redis", "primaries", servers.redis, "", told),
        Line("Redis", "memory each", each, "B", "with all newest messages of all rooms"),
        Line("Redis", "maxmemory each", each * REDIS_ROOM, "B", "to rewrite its file, and a queue"),
    ]


def _storage(costs: Constants, load: Load, limits: Limits) -> list[Line]:
    servers = servers_for(costs, load, limits)
    cores = load.messages * costs.postgres_us / MICROS
    daily = load.messages * DAY_SECONDS * costs.row_bytes
    return [
        Line("worker", "processes", servers.workers, "", f"at most {limits.worker_share:.0%} busy"),
        Line("worker", "memory each", WORKER_MEMORY, "B", "assumed; a fresh one takes 95 MB"),
        Line("PostgreSQL", "rows", load.messages, "/s", "every message, once"),
        Line("PostgreSQL", "cores for writing", cores, "", "reads of old history not counted"),
        Line("PostgreSQL", "growth", daily, "B/day", "with indexes; its log comes on top"),
    ]


def _gateway(costs: Constants, doors: Doors, load: Load, limits: Limits) -> list[Line]:
    sockets = load.connections * SOCKETS_OF_A_CONNECTION
    out = load.deliveries * costs.delivery_bytes
    cores = ceil(load.deliveries * doors.gateway_us / MICROS / limits.ws_share)
    memory = load.connections * doors.gateway_bytes
    return [
        Line("gateway", "cores of nginx", cores, "", f"at most {limits.ws_share:.0%} of each"),
        Line("gateway", "memory", memory, "B", "of all nginx, without the kernel's"),
        Line("gateway", "sockets", sockets, "", "worker_connections and open files of all nginx"),
        Line("gateway", "to clients", out, "B/s", "without headers of TCP and TLS"),
    ]


def wall(measured: Constants, question: Question) -> tuple[str, float]:
    """What is full first, and at how many times as many messages.

    Raises:
        Nonsense, NoSize: as `plan`.
    """
    load, limits = question.load(), question.limits()
    costs = sized(measured, question.message_bytes)
    if not load.messages:
        raise NoSize("nothing, as nobody talks")
    return first_wall(costs, load, servers_for(costs, load, limits))
