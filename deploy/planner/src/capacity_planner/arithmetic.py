"""The arithmetic of growth: from measured costs to the servers that a crowd needs. Pure.

What a message costs is taken from servers that are busy in many rooms, as those of a crowd are.
Writing to a socket is taken from one message at a time in the largest room: under load several go
out in one write and each costs less, so this is the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MICROS: Final = 1e6
IN_EACH: Final = 2
"""People in each of the rooms of the curve of rooms."""
DEDUP_SECONDS: Final = 600.0
"""For so long Redis remembers who sent what, so that a retry is not doubled."""
MOST_REPLICAS: Final = 100_000


class NoSize(Exception):
    """No number of servers would do."""


@dataclass(frozen=True, slots=True)
class Constants:
    """What one thing costs: µs of a processor, and bytes."""

    send_us: float
    """ws: of one message, at the replica that it is sent to."""
    hear_us: float
    """ws: of one message, at each replica that somebody listens at."""
    write_us: float
    """ws: of one delivery."""
    write_saturated_us: float
    """ws: of one delivery, when many go out in one write."""
    quiet_us: float
    """ws: of one connection, each second."""
    accept_us: float
    """ws: of one newcomer."""
    ws_base_bytes: float
    ws_bytes: float
    """Of one connection."""
    publish_us: float
    """Redis: of one message."""
    publish_alone_us: float
    """Redis: the same, when it is the only one under way, with all that is done to store it."""
    listener_us: float
    """Redis: of one message, for each replica that listens."""
    redis_quiet_us: float
    """Redis: of one connection, each second."""
    redis_bytes: float
    """Of one connection."""
    room_bytes: float
    """Redis: a room with all its newest messages."""
    dedup_bytes: float
    """Redis: of one message, for ten minutes."""
    worker_us: float
    """Of one row."""
    postgres_us: float
    """Of one row."""
    row_bytes: float
    """PostgreSQL, with its indexes."""
    delivery_bytes: float

    @classmethod
    def of(cls, growth: Mapping[str, Any]) -> Constants:
        """From the figures of `python -m tests.bench.growth`."""
        receivers, replicas, rooms = growth["receivers"], growth["replicas"], growth["rooms"]
        room, idle = growth["memory"]["hot_room"], growth["memory"]["idle"]
        crowd, busiest = idle["connections"][-1], rooms[-1]
        largest = receivers[-1]
        write = largest["one_by_one"]["cpu_us_per_delivery"]
        count = [row["replicas"] for row in replicas]
        _, listener = fit(count, _costs(replicas, "many_rooms", "valkey"))
        listener = max(listener, 0.0)
        # A replica that carries a crowd is busy in many rooms, and so is this one.
        message = busiest["cpu_us_per_message"]["ws"] - IN_EACH * write
        share = _hearing(replicas, write)
        return cls(
            send_us=message * (1 - share),
            hear_us=message * share,
            write_us=write,
            write_saturated_us=largest["saturated"]["cpu_us_per_delivery"],
            quiet_us=_quiet(crowd, idle, "ws"),
            accept_us=crowd["accept_cpu_ms"]["ws"] * 1e3,
            ws_base_bytes=idle["ws_bytes"],
            ws_bytes=crowd["ws_bytes_per_connection"],
            publish_us=busiest["cpu_us_per_message"]["valkey"] - listener,
            publish_alone_us=replicas[0]["one_by_one"]["cpu_us_per_message"]["valkey"],
            listener_us=listener,
            redis_quiet_us=_quiet(crowd, idle, "valkey"),
            redis_bytes=crowd["valkey_bytes_per_connection"],
            room_bytes=room["bytes"],
            dedup_bytes=room["dedup_bytes_per_message"],
            worker_us=busiest["cpu_us_per_message"]["worker"],
            postgres_us=busiest["cpu_us_per_message"]["postgres"],
            row_bytes=growth["stored"][-1]["bytes_per_message"],
            delivery_bytes=largest["one_by_one"]["bytes_per_delivery"],
        )


def fit(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float]:
    """(a, b) of the line y = a + b·x that is nearest, errors counted in parts of y."""
    weights = [1 / y**2 for y in ys]
    total = sum(weights)
    mean_x = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    mean_y = sum(w * y for w, y in zip(weights, ys, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, x in zip(weights, xs, strict=True))
    both = zip(weights, xs, ys, strict=True)
    slope = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in both) / spread
    return mean_y - slope * mean_x, slope


def _hearing(replicas: Sequence[Mapping[str, Any]], write: float) -> float:
    """Of what a message costs ws besides writing it to sockets, the part for each replica."""
    costs = _costs(replicas, "many_rooms", "ws")
    fixed, hear = fit([row["replicas"] for row in replicas], costs)
    send = fixed - replicas[0]["many_rooms"]["people"] * write
    hear = max(hear, 0.0)
    part: float = hear / max(send + hear, 1.0)
    return min(1.0, part)


def _costs(rows: Sequence[Mapping[str, Any]], way: str, kind: str) -> list[float]:
    return [row[way]["cpu_us_per_message"][kind] for row in rows]


def _quiet(crowd: Mapping[str, Any], idle: Mapping[str, Any], kind: str) -> float:
    share = crowd["quiet_cpu_share"][kind] - idle["quiet_cpu_share"][kind]
    return max(0.0, float(share)) / float(crowd["connections"]) * MICROS


@dataclass(frozen=True, slots=True)
class Load:
    """A crowd: most are in rooms of one size, some all in one hot room."""

    connections: int
    room_people: int = 50
    seconds_between: float = 60.0
    """From one message of a person to the next."""
    hot_share: float = 0.1
    """Of all connections, in the hot room."""
    hot_rate: float = 20.0
    """Messages per second there, of all together."""

    @property
    def hot_people(self) -> int:
        """In the hot room."""
        return round(self.connections * self.hot_share)

    @property
    def small_people(self) -> int:
        """In all others."""
        return self.connections - self.hot_people

    @property
    def rooms(self) -> int:
        """All but the hot one."""
        return max(1, self.small_people // self.room_people)

    @property
    def small_rate(self) -> float:
        """Messages per second in all rooms but the hot one."""
        return self.small_people / self.seconds_between

    @property
    def messages(self) -> float:
        """Per second."""
        return self.small_rate + self.hot_rate

    @property
    def deliveries(self) -> float:
        """Per second."""
        return self.small_rate * self.room_people + self.hot_rate * self.hot_people


@dataclass(frozen=True, slots=True)
class Limits:
    """What one wants of the servers."""

    ws_share: float = 0.6
    """Of a processor, of each replica."""
    redis_share: float = 0.5
    worker_share: float = 0.5
    ws_connections: int = 20_000
    """ADDA_MAX_CONNECTIONS"""
    ws_memory: float = 2**30
    """Of each replica."""
    joins: float = 500.0
    """ADDA_JOIN_RATE"""
    partitions: int = 16
    """ADDA_PARTITIONS: the most nodes of Redis that rooms can be spread over."""


@dataclass(frozen=True, slots=True)
class Servers:
    """How many there are; each worker has a connection of its own to PostgreSQL."""

    replicas: int
    redis: int
    workers: int


def listening(replicas: int, people: int) -> float:
    """Replicas with at least one of so many people, when each goes to any of them."""
    return replicas * (1 - (1 - 1 / replicas) ** people)


def ws_work(costs: Constants, load: Load, replicas: int) -> dict[str, float]:
    """Processors that all replicas use together, by what for."""
    heard = load.small_rate * listening(replicas, load.room_people)
    heard += load.hot_rate * listening(replicas, load.hot_people)
    micros = {
        "send": load.messages * costs.send_us,
        "hear": heard * costs.hear_us,
        "write": load.deliveries * costs.write_us,
        "quiet": load.connections * costs.quiet_us,
    }
    return {name: spent / MICROS for name, spent in micros.items()}


def redis_work(costs: Constants, load: Load, replicas: int) -> tuple[float, float]:
    """Processors: for all rooms together, and for the hot one, which cannot be divided."""
    heard = listening(replicas, load.room_people)
    small = load.small_rate * (costs.publish_us + heard * costs.listener_us)
    small += load.connections * costs.redis_quiet_us
    heard = listening(replicas, load.hot_people)
    hot = load.hot_rate * (costs.publish_us + heard * costs.listener_us)
    return small / MICROS, hot / MICROS


def utilisation(costs: Constants, load: Load, servers: Servers) -> dict[str, float]:
    """Share of its processor that each kind of server uses; of Redis the busiest node."""
    small, hot = redis_work(costs, load, servers.replicas)
    return {
        "ws": sum(ws_work(costs, load, servers.replicas).values()) / servers.replicas,
        "redis": small / servers.redis + hot,
        "worker": load.messages * costs.worker_us / MICROS / servers.workers,
        "postgres": load.messages * costs.postgres_us / MICROS / servers.workers,
    }


def first_wall(costs: Constants, load: Load, servers: Servers) -> tuple[str, float]:
    """What is full first when more and more is said, and at how many times this load."""
    quiet = Load(load.connections, load.room_people, float("inf"), load.hot_share, 0.0)
    idle = utilisation(costs, quiet, servers)
    used = utilisation(costs, load, servers)
    factors = {name: (1 - idle[name]) / (used[name] - idle[name]) for name in used}
    name = min(factors, key=lambda each: factors[each])
    return name, factors[name]


def replicas_for(costs: Constants, load: Load, limits: Limits) -> dict[str, int]:
    """How many replicas each limit asks for; the largest number is what is needed.

    Raises:
        NoSize: a replica cannot even carry itself.
    """
    memory = load.connections * costs.ws_bytes / (limits.ws_memory - costs.ws_base_bytes)
    for count in range(1, MOST_REPLICAS):
        if sum(ws_work(costs, load, count).values()) <= limits.ws_share * count:
            return {
                "connections": ceil(load.connections / limits.ws_connections),
                "memory": ceil(memory),
                "processor": count,
            }
    raise NoSize("ws")


def redis_for(costs: Constants, load: Load, limits: Limits, replicas: int) -> int:
    """How many nodes.

    Raises:
        NoSize: the hot room alone is too much for one.
    """
    small, hot = redis_work(costs, load, replicas)
    if hot >= limits.redis_share:
        raise NoSize("redis")
    return max(1, ceil(small / (limits.redis_share - hot)))


def servers_for(costs: Constants, load: Load, limits: Limits) -> Servers:
    """The least that keeps all limits but that of partitions, which is a setting.

    Raises:
        NoSize: no number would do.
    """
    replicas = max(replicas_for(costs, load, limits).values())
    rows = load.messages * max(costs.worker_us, costs.postgres_us) / MICROS
    return Servers(
        replicas,
        redis_for(costs, load, limits, replicas),
        max(1, ceil(rows / limits.worker_share)),
    )


def redis_bytes(costs: Constants, load: Load) -> float:
    """Of all nodes together, when every room has all its newest messages."""
    rooms = (load.rooms + 1) * costs.room_bytes
    remembered = load.messages * DEDUP_SECONDS * costs.dedup_bytes
    return rooms + remembered + load.connections * costs.redis_bytes


def return_seconds(costs: Constants, load: Load, servers: Servers, limits: Limits) -> float:
    """Until all are back after all connections are cut at once: what admission lets in."""
    each = load.connections / servers.replicas
    return each / min(limits.joins, limits.ws_share * MICROS / costs.accept_us)
