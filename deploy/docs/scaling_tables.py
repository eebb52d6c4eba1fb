"""The tables of `scaling.md`: every number with the way it is reckoned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from capacity_planner.arithmetic import (
    DEDUP_SECONDS,
    MICROS,
    Constants,
    Limits,
    Load,
    Servers,
    first_wall,
    listening,
    redis_bytes,
    redis_work,
    replicas_for,
    return_seconds,
    servers_for,
    utilisation,
    ws_work,
)

DAY_SECONDS: Final = 86_400
_DIGITS: Final = 3
_UNITS: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB"), (1, "B"))

Row = tuple[object, ...]


def number(value: float) -> str:
    """Three digits, thousands apart."""
    if value == 0 or abs(value) >= 10 ** (_DIGITS - 1):
        rough = float(f"{value:.{_DIGITS}g}") if value != round(value) else value
        return f"{rough:,.0f}"
    return f"{float(f'{value:.{_DIGITS}g}'):g}"


def percent(share: float) -> str:
    """A part of one."""
    return f"{number(share * 100)} %"


def size(count: float) -> str:
    """Bytes."""
    factor, unit = next((each for each in _UNITS if count >= each[0]), _UNITS[-1])
    return f"{number(count / factor)} {unit}"


def table(head: Row, rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |\n" for row in [head, *rows]]
    lines.insert(1, "|" + "---|" * len(head) + "\n")
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class Case:
    """One crowd, and what it needs."""

    costs: Constants
    limits: Limits
    load: Load
    servers: Servers

    @classmethod
    def of(cls, costs: Constants, limits: Limits, load: Load) -> Case:
        """With the fewest servers that do."""
        return cls(costs, limits, load, servers_for(costs, load, limits))

    @property
    def heard(self) -> float:
        """Replicas that hear a message of a small room."""
        return listening(self.servers.replicas, self.load.room_people)

    @property
    def hot_heard(self) -> float:
        """Replicas that hear a message of the hot room."""
        return listening(self.servers.replicas, self.load.hot_people)

    def ws(self, what: str) -> float:
        """Processors of all replicas, for one thing."""
        return ws_work(self.costs, self.load, self.servers.replicas)[what]

    def redis(self, which: int) -> float:
        """Processors of all nodes: 0 for small rooms, 1 for the hot one."""
        return redis_work(self.costs, self.load, self.servers.replicas)[which]

    def replicas(self, limit: str) -> int:
        """What one limit asks for."""
        return replicas_for(self.costs, self.load, self.limits)[limit]

    def busy(self, kind: str) -> float:
        """Share of its processor."""
        return utilisation(self.costs, self.load, self.servers)[kind]


Line = tuple[str, str, Callable[[Case], str]]


def arithmetic(cases: Sequence[Case]) -> str:
    """A row for each number and a column for each crowd."""
    first = cases[0]
    lines = [
        *_people(first.load),
        *_sockets(first.costs, first.limits),
        *_redis(first.costs, first.limits),
        *_storage(first.costs, first.limits),
    ]
    head = ("row", "what", "how", *(number(case.load.connections) for case in cases))
    rows = [
        (chr(ord("a") + place), what, how, *(tell(case) for case in cases))
        for place, (what, how, tell) in enumerate(lines)
    ]
    return table(head, rows)


def _people(load: Load) -> list[Line]:
    """Rows a to e."""
    small = percent(1 - load.hot_share)
    pause = number(load.seconds_between)
    return [
        ("people in small rooms", f"{small} of all", lambda c: number(c.load.small_people)),
        ("people in the hot room", "the others", lambda c: number(c.load.hot_people)),
        ("messages/s in small rooms", f"a ÷ {pause} s", lambda c: number(c.load.small_rate)),
        ("messages/s in the hot room", "assumed", lambda c: number(c.load.hot_rate)),
        (
            "deliveries/s",
            f"c × {load.room_people} + d × b",
            lambda c: number(c.load.deliveries),
        ),
    ]


def _sockets(costs: Constants, limits: Limits) -> list[Line]:
    """Rows f to o."""
    send, hear, write = (number(us) for us in (costs.send_us, costs.hear_us, costs.write_us))
    quiet = number(costs.quiet_us)
    room = f"({size(limits.ws_memory)} − {size(costs.ws_base_bytes)})"
    return [
        (
            "**replicas of ws_service**",
            "the most of g, h, i",
            lambda c: f"**{c.servers.replicas}**",
        ),
        (
            "… for their connections",
            f"(a + b) ÷ {limits.ws_connections:,}",
            lambda c: number(c.replicas("connections")),
        ),
        (
            "… for their memory",
            f"(a + b) × {size(costs.ws_bytes)} ÷ {room}",
            lambda c: number(c.replicas("memory")),
        ),
        (
            "… for their processors",
            f"fewest f with o ≤ {percent(limits.ws_share)}",
            lambda c: number(c.replicas("processor")),
        ),
        (
            "replicas that hear a message of a small room",
            "f × (1 − (1 − 1 ÷ f)^people of the room)",
            lambda c: number(c.heard),
        ),
        ("processors that take messages", f"(c + d) × {send} µs", lambda c: number(c.ws("send"))),
        ("… that hear them", f"(c × j + d × f) × {hear} µs", lambda c: number(c.ws("hear"))),
        ("… that write to sockets", f"e × {write} µs", lambda c: number(c.ws("write"))),
        ("… that keep connections", f"(a + b) × {quiet} µs/s", lambda c: number(c.ws("quiet"))),
        ("busy, each replica", "(k + l + m + n) ÷ f", lambda c: percent(c.busy("ws"))),
    ]


def _redis(costs: Constants, limits: Limits) -> list[Line]:
    """Rows p to s."""
    publish, listener = number(costs.publish_us), number(costs.listener_us)
    memory = (
        f"rooms × {size(costs.room_bytes)} + (a + b) × {size(costs.redis_bytes)} "
        f"+ (c + d) × {number(DEDUP_SECONDS)} s × {size(costs.dedup_bytes)}"
    )
    return [
        (
            "processors of Redis, small rooms",
            f"c × ({publish} + j × {listener}) µs + (a + b) × {number(costs.redis_quiet_us)} µs/s",
            lambda c: number(c.redis(0)),
        ),
        (
            "… the hot room",
            f"d × ({publish} + f × {listener}) µs",
            lambda c: number(c.redis(1)),
        ),
        (
            "**nodes of Redis**",
            f"p ÷ ({percent(limits.redis_share)} − q)",
            lambda c: f"**{c.servers.redis}**",
        ),
        ("memory of all nodes", memory, lambda c: size(redis_bytes(c.costs, c.load))),
    ]


def _storage(costs: Constants, limits: Limits) -> list[Line]:
    """Rows t to y."""
    worker, postgres = number(costs.worker_us), number(costs.postgres_us)
    dearer = number(max(costs.worker_us, costs.postgres_us))
    joins = f"{number(limits.joins)}/s"
    carried = f"{percent(limits.ws_share)} ÷ {number(costs.accept_us)} µs"
    return [
        (
            "**workers**",
            f"(c + d) × {dearer} µs ÷ {percent(limits.worker_share)}",
            lambda c: f"**{c.servers.workers}**",
        ),
        ("busy, each worker", f"(c + d) × {worker} µs ÷ t", lambda c: percent(c.busy("worker"))),
        (
            "processors of PostgreSQL for writing",
            f"(c + d) × {postgres} µs",
            lambda c: number(c.load.messages * c.costs.postgres_us / MICROS),
        ),
        (
            "growth of PostgreSQL a day",
            f"(c + d) × {DAY_SECONDS:,} s × {size(costs.row_bytes)}",
            lambda c: size(c.load.messages * DAY_SECONDS * c.costs.row_bytes),
        ),
        (
            "to the clients, without TLS and headers of TCP",
            f"e × {size(costs.delivery_bytes)}",
            lambda c: f"{size(c.load.deliveries * c.costs.delivery_bytes)}/s",
        ),
        (
            "all are back after all were cut off",
            f"(a + b) ÷ f ÷ the least of {joins} and {carried}",
            lambda c: f"{number(return_seconds(c.costs, c.load, c.servers, c.limits))} s",
        ),
    ]


def walls(cases: Sequence[Case]) -> str:
    """Where one of each is full, and what to do then."""
    rows = [*_walls_of_processors(cases[-1]), *_walls_of_rooms_and_rows(cases[-1])]
    return table(("of one", "is full at", "how", "then"), rows)


def _walls_of_processors(last: Case) -> list[Row]:
    costs, limits = last.costs, last.limits
    memory = (limits.ws_memory - costs.ws_base_bytes) / costs.ws_bytes
    each = costs.publish_us + costs.listener_us
    one, joined = number(costs.write_us), number(costs.write_saturated_us)
    alone = number(costs.publish_alone_us)
    return [
        (
            "ws replica, connections",
            number(min(memory, limits.ws_connections)),
            _text(
                f"the least of {limits.ws_connections:,} (`ADDA_MAX_CONNECTIONS`)",
                f"and {number(memory)} ({size(limits.ws_memory)})",
            ),
            "more replicas",
        ),
        (
            "ws processor, deliveries/s",
            f"{number(MICROS / costs.write_us)} to {number(MICROS / costs.write_saturated_us)}",
            f"1 s ÷ {one} µs one at a time, ÷ {joined} µs when many go out in one write",
            "it writes more at once: later, but it goes on; more replicas",
        ),
        (
            "Redis processor, messages/s",
            f"{number(MICROS / costs.publish_alone_us)} to {number(MICROS / each)}",
            _text(
                f"1 s ÷ {alone} µs one at a time, with all that is done to store it,",
                f"÷ {number(each)} µs when many are under way; one replica listens",
            ),
            "more nodes of a Cluster",
        ),
    ]


def _walls_of_rooms_and_rows(last: Case) -> list[Row]:
    costs, limits = last.costs, last.limits
    many = costs.publish_us + last.hot_heard * costs.listener_us
    return [
        (
            "room, messages/s",
            number(MICROS / many),
            _text(
                f"1 s ÷ ({number(costs.publish_us)} + {number(last.hot_heard)} replicas",
                f"× {number(costs.listener_us)}) µs: a room is on one node",
            ),
            "fewer replicas with more connections each, or fewer who may write",
        ),
        (
            "Cluster, nodes",
            f"{limits.partitions}",
            "`ADDA_PARTITIONS`, which never changes for existing data",
            "choose more before the first start",
        ),
        (
            "worker, rows/s",
            number(MICROS / costs.worker_us),
            f"1 s ÷ {number(costs.worker_us)} µs",
            "more workers",
        ),
        (
            "PostgreSQL processor, rows/s",
            number(MICROS / costs.postgres_us),
            f"1 s ÷ {number(costs.postgres_us)} µs",
            "more processors; then shards by room (Citus): `room_id` leads every key of messages",
        ),
    ]


def _text(*parts: str) -> str:
    return " ".join(parts)


def first_walls(cases: Sequence[Case]) -> str:
    """What is full first with the servers of each crowd, when all talk more."""
    rows: list[Row] = []
    for case in cases:
        name, factor = first_wall(case.costs, case.load, case.servers)
        rows.append((number(case.load.connections), name, f"{number(factor)} × as many messages"))
    return table(("connections", "full first", "at"), rows)
