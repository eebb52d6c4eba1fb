"""A crowd in simulation: every message goes through queues with the measured service times. Pure.

It answers what the arithmetic of `scaling` cannot: how long messages wait, and whether the servers
are as busy as was reckoned when rooms, people and times are left to chance.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from capacity_planner.arithmetic import MICROS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from capacity_planner.arithmetic import Constants, Load, Servers

HOT: Final = -1
"""The hot room; the others count from 0."""


def mean_wait(utilisation: float, service: float) -> float:
    """Of an M/D/1 queue: arrivals by chance, all served for as long."""
    return utilisation * service / (2 * (1 - utilisation))


@dataclass(slots=True)
class Server:
    """Serves one after the other, whoever came first; arrivals must be told in order."""

    end: float
    """Of the simulation, s; what is served later is not counted as busy."""
    quiet: float = 0.0
    """Share of its time that other work takes, evenly."""
    _free: float = 0.0
    _busy: float = 0.0

    def take(self, at: float, service: float) -> float:
        """When somebody who comes `at` has been served for `service` seconds."""
        start = max(at, self._free)
        self._free = start + service / (1 - self.quiet)
        self._busy += max(0.0, min(self._free, self.end) - start)
        return self._free

    @property
    def utilisation(self) -> float:
        """Share of its time in which it worked."""
        return self.quiet + (1 - self.quiet) * self._busy / self.end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen."""

    messages: int
    utilisation: Mapping[str, float]
    """As `scaling.utilisation`: the mean of a kind, of Redis the busiest."""
    ack_ms: Mapping[str, float]
    """From sending to the ack, by percentile."""
    delivery_ms: Mapping[str, float]
    """From sending until the last replica has written it to all its people."""
    redis_wait_ms: Mapping[str, float]


@dataclass(slots=True)
class _Times:
    ack: list[float] = field(default_factory=list)
    redis_wait: list[float] = field(default_factory=list)
    last: dict[int, tuple[float, float]] = field(default_factory=dict)
    """When each message was sent, and when the last replica was done with it so far."""


class Crowd:
    """One run; the same seed gives the same."""

    def __init__(
        self, costs: Constants, load: Load, servers: Servers, seconds: float, seed: int
    ) -> None:
        self._costs, self._load, self._servers, self._seconds = costs, load, servers, seconds
        self._random = Random(seed)
        each = load.connections / MICROS
        ws_quiet = each * costs.quiet_us / servers.replicas
        redis_quiet = each * costs.redis_quiet_us / servers.redis
        self._ws = [Server(seconds, ws_quiet) for _ in range(servers.replicas)]
        self._redis = [Server(seconds, redis_quiet) for _ in range(servers.redis)]
        self._workers = [Server(seconds) for _ in range(servers.workers)]
        self._postgres = [Server(seconds) for _ in range(servers.workers)]
        self._rooms: dict[int, Counter[int]] = {}
        self._times = _Times()
        self._numbers = count()
        self._next: list[tuple[float, int, int, int, int, int]] = []
        """Time, order, stage, message, room, server: all that is to arrive somewhere."""

    def run(self) -> Outcome:
        """Plays all of it."""
        messages = self._schedule()
        stages = (self._send, self._publish, self._hear, self._store, self._commit)
        while self._next:
            at, _, stage, message, room, server = heapq.heappop(self._next)
            stages[stage](at, message, room, server)
        times = self._times
        delivery = [done - sent for sent, done in times.last.values()]
        return Outcome(
            messages,
            self._utilisation(),
            percentiles(times.ack),
            percentiles(delivery),
            percentiles(times.redis_wait),
        )

    def _schedule(self) -> int:
        """Messages come by chance, evenly over time."""
        chance, load = self._random, self._load
        number, at = 0, chance.expovariate(load.messages)
        while at < self._seconds:
            hot = chance.random() < load.hot_rate / load.messages
            room = HOT if hot else chance.randrange(load.rooms)
            speaker = chance.choice([*self._people(room)])
            self._arrive(at, 0, number, room, speaker)
            self._times.last[number] = (at, at)
            number, at = number + 1, at + chance.expovariate(load.messages)
        return number

    def _people(self, room: int) -> Counter[int]:
        """Of a room, by replica; each person went to any of them."""
        found = self._rooms.get(room)
        if found is None:
            replicas, load = self._servers.replicas, self._load
            size = load.hot_people if room == HOT else load.room_people
            found = Counter(self._random.choices(range(replicas), k=size))
            self._rooms[room] = found
        return found

    def _arrive(self, at: float, stage: int, message: int, room: int, server: int) -> None:
        heapq.heappush(self._next, (at, next(self._numbers), stage, message, room, server))

    def _send(self, at: float, message: int, room: int, server: int) -> None:
        done = self._ws[server].take(at, self._costs.send_us / MICROS)
        node = 0 if room == HOT else room % self._servers.redis
        self._arrive(done, 1, message, room, node)

    def _publish(self, at: float, message: int, room: int, server: int) -> None:
        people = self._people(room)
        service = (self._costs.publish_us + len(people) * self._costs.listener_us) / MICROS
        done = self._redis[server].take(at, service)
        self._times.redis_wait.append(done - at - service)
        self._times.ack.append(done - self._times.last[message][0])
        for replica in people:
            self._arrive(done, 2, message, room, replica)
        self._arrive(done, 3, message, room, message % self._servers.workers)

    def _hear(self, at: float, message: int, room: int, server: int) -> None:
        here = self._people(room)[server]
        service = (self._costs.hear_us + here * self._costs.write_us) / MICROS
        done = self._ws[server].take(at, service)
        sent, last = self._times.last[message]
        self._times.last[message] = (sent, max(last, done))

    def _store(self, at: float, message: int, room: int, server: int) -> None:
        done = self._workers[server].take(at, self._costs.worker_us / MICROS)
        self._arrive(done, 4, message, room, server)

    def _commit(self, at: float, message: int, room: int, server: int) -> None:
        self._postgres[server].take(at, self._costs.postgres_us / MICROS)

    def _utilisation(self) -> dict[str, float]:
        def mean(servers: Sequence[Server]) -> float:
            return sum(server.utilisation for server in servers) / len(servers)

        return {
            "ws": mean(self._ws),
            "redis": max(server.utilisation for server in self._redis),
            "worker": mean(self._workers),
            "postgres": mean(self._postgres),
        }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(seconds)
    return {
        f"p{share:g}": ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] * 1e3
        for share in (50.0, 99.0)
    }
