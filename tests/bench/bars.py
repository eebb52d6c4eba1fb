"""What the product must bear: each figure that is promised, measured by itself."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import uvloop
from tests.bench.adda import open_stack
from tests.bench.peers.peer import Running
from tests.bench.processes import cpu_seconds, resident_bytes
from tests.bench.trial import Guests, Plan, cost, pace, saturate
from tests.load.dialects.adda import AddaDialect
from tests.load.generator import open_generator
from tests.load.results import percentiles
from tests.load.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bench.adda import RunningStack
    from tests.load.generator import Outcome
    from tests.load.scenarios import Scenario

SETTLE_SECONDS: Final = 2.0
FEW_IN_ROOM: Final = 4
ADMITTED: Final = {"ADDA_JOIN_BURST": "1000", "ADDA_JOIN_RATE": "500"}
"""The defaults: a storm of reconnects is what they are for."""

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; the small ones are for a look whether it works at all."""

    window: int = 512
    seconds: float = 8.0
    talkers: int = 64
    hot_receivers: int = 1000
    joins: int = 4000
    idle: int = 15_000
    mass: int = 50_000
    mass_replicas: int = 4
    storm: int = 10_000
    storm_seconds: float = 60.0
    slow_clients: int = 200
    slow_rate: float = 150.0
    slow_message: int = 2048
    """Bytes; small ones would fit into the kernel's buffers for minutes."""
    backlog: int = 100_000
    """Rows."""


SMALL: Final = Sizes(
    window=64,
    seconds=1.0,
    talkers=4,
    hot_receivers=20,
    joins=20,
    idle=40,
    mass=80,
    mass_replicas=2,
    storm=60,
    storm_seconds=3.0,
    slow_clients=20,
    slow_rate=50.0,
    backlog=2_000,
)


def guests_of(stack: RunningStack) -> Guests:
    """Clients of its first replica."""
    running = Running(stack.base(), stack.named("ws"), stack.named("worker"), stack.new_room)
    return Guests(running, AddaDialect())


def publishes(directory: Path, sizes: Sizes, *, rooms: int) -> Figures:
    """Messages accepted and acknowledged, by processor second of the replica and of Redis."""
    with open_stack(directory) as stack:
        return uvloop.run(_publish(stack, sizes, rooms))


async def _publish(stack: RunningStack, sizes: Sizes, rooms: int) -> Figures:
    guests = guests_of(stack)
    made = [stack.new_room() for _ in range(rooms)]
    await guests.enter([made[n % rooms] for n in range(sizes.talkers)])
    await asyncio.sleep(SETTLE_SECONDS)
    ws, redis, tally = stack.named("ws"), stack.named("valkey"), guests.tally
    before = cpu_seconds(ws), cpu_seconds(redis), tally.acked, time.monotonic()
    turn, end = 0, time.monotonic() + sizes.seconds
    while time.monotonic() < end:
        while tally.sent - tally.acked < sizes.window:
            turn += 1
            guests.members[turn % sizes.talkers].say(time.monotonic_ns(), 64)
        await asyncio.sleep(0.001)
    acked, seconds = tally.acked - before[2], time.monotonic() - before[3]
    figures = {
        "rooms": rooms,
        "receivers_per_message": sizes.talkers / rooms,
        "acked_per_second": acked / seconds,
        "per_replica_core": acked / (cpu_seconds(ws) - before[0]),
        "per_redis_core": acked / (cpu_seconds(redis) - before[1]),
        "refusals": dict(tally.refusals),
    }
    await guests.leave()
    return figures


def hot_room(directory: Path, sizes: Sizes) -> Figures:
    """Delays in one room at half of what it can bear."""

    async def run() -> Figures:
        guests = guests_of(stack)
        # As many deliveries under way as in a room of two hundred.
        window = max(16, 256 * 200 // sizes.hot_receivers)
        plan = Plan(receivers=sizes.hot_receivers, seconds=sizes.seconds, window=window)
        await guests.enter([stack.new_room()] * plan.receivers)
        await asyncio.sleep(SETTLE_SECONDS)
        saturated = await cost(guests, saturate(guests, plan))
        half = await cost(guests, pace(guests, saturated["messages_per_second"] / 2, plan))
        await guests.leave()
        return {"receivers": plan.receivers, "saturated": saturated, "at_half": half}

    with open_stack(directory) as stack:
        return uvloop.run(run())


def accept(directory: Path, sizes: Sizes) -> Figures:
    """Processor time of a join, with as little as possible of what others are told about it."""

    async def run() -> Figures:
        guests = guests_of(stack)
        rooms = [stack.new_room() for _ in range(max(1, sizes.joins // FEW_IN_ROOM))]
        await guests.enter(rooms)
        ws = stack.named("ws")
        await asyncio.sleep(SETTLE_SECONDS)
        cpu = cpu_seconds(ws)
        await guests.enter([rooms[n % len(rooms)] for n in range(sizes.joins)])
        figures = {"joins": sizes.joins, "cpu_ms": (cpu_seconds(ws) - cpu) / sizes.joins * 1e3}
        await guests.leave()
        return figures

    with open_stack(directory) as stack:
        return uvloop.run(run())


def idle(directory: Path, sizes: Sizes) -> Figures:
    """Memory of one who stays in one process, and processor time of a join into a full room."""

    async def run() -> Figures:
        guests = guests_of(stack)
        rooms = [stack.new_room() for _ in range(max(1, sizes.idle // 100))]
        await guests.enter([rooms[0]])
        ws = stack.named("ws")
        await asyncio.sleep(SETTLE_SECONDS)
        memory, cpu = resident_bytes(ws), cpu_seconds(ws)
        await guests.enter([rooms[n % len(rooms)] for n in range(sizes.idle)])
        await asyncio.sleep(SETTLE_SECONDS)
        figures = {
            "connections": sizes.idle,
            "bytes": (resident_bytes(ws) - memory) / sizes.idle,
            "accept_cpu_ms": (cpu_seconds(ws) - cpu) / sizes.idle * 1e3,
        }
        await guests.leave()
        return figures

    with open_stack(directory) as stack:
        return uvloop.run(run())


def mass(directory: Path, sizes: Sizes) -> Figures:
    """Memory of very many connections over several replicas."""
    scenario = replace(
        SCENARIOS["idle-mass"],
        clients=sizes.mass,
        rooms=max(1, sizes.mass // 500),
        rate=10.0,
        join_seconds=sizes.mass / 400,
        seconds=10.0,
    )
    with open_stack(directory, ws=sizes.mass_replicas) as stack:
        ws = stack.named("ws")
        before = resident_bytes(ws)
        played = _play(stack, scenario, lambda: resident_bytes(ws))
    return {
        **_told(played.outcome),
        "connections": sizes.mass,
        "replicas": sizes.mass_replicas,
        "bytes": (max(played.noted) - before) / sizes.mass,
    }


def join_storm(directory: Path, sizes: Sizes) -> Figures:
    """What somebody hears while everybody else comes into the same room."""
    scenario = replace(
        SCENARIOS["join-storm"],
        clients=sizes.storm,
        rate=0.0,
        join_seconds=sizes.storm_seconds,
        seconds=2.0,
    )

    async def run() -> Figures:
        watcher = guests_of(stack)
        room = stack.new_room()
        await watcher.enter([room])
        began = time.monotonic()
        played = await asyncio.to_thread(_play, stack, scenario, None, [room])
        seconds = time.monotonic() - began
        tally = watcher.tally
        figures = {
            **_told(played.outcome),
            "joins": sizes.storm,
            "seconds": seconds,
            "lists_per_second": tally.lists / seconds,
            "bytes": tally.received_bytes,
        }
        await watcher.leave()
        return figures

    with open_stack(directory) as stack:
        return asyncio.run(run())


def slow_readers(directory: Path, sizes: Sizes) -> Figures:
    """Whether a tenth that reads too slowly is felt by the others, and in memory."""
    scenario = replace(
        SCENARIOS["slow-readers"],
        clients=sizes.slow_clients,
        rate=sizes.slow_rate,
        join_seconds=2.0,
        seconds=sizes.seconds * 2,
    )
    found: Figures = {}
    with open_stack(directory) as stack:
        ws = stack.named("ws")
        _play(stack, replace(scenario, slow_share=0.0, seconds=2.0))  # warms it
        for name, share in (("without", 0.0), ("with", 0.1)):
            played = _play(
                stack,
                # Those who read slowly say nothing, and the rest says it for them.
                replace(scenario, slow_share=share, rate=scenario.rate / (1 - share)),
                lambda: resident_bytes(ws),
                message_size=sizes.slow_message,
                processes=10,  # one for all who read slowly: what they catch up delays no other
            )
            memory = played.noted[len(played.noted) // 3 :]
            found[name] = {**_told(played.outcome), "memory_growth": memory[-1] - memory[0]}
    return found


def reconnect_storm(directory: Path, sizes: Sizes) -> Figures:
    """All connections are cut at once and come back through the bounded door."""
    scenario = replace(
        SCENARIOS["reconnect-storm"],
        clients=sizes.storm,
        rooms=20,
        rate=20.0,
        join_seconds=sizes.storm / 400,
        seconds=sizes.storm_seconds * 1.5,
        storm_at=0.1,
    )
    with open_stack(directory, environment=ADMITTED) as stack:
        outcome = _play(stack, scenario).outcome
    cut = [second for second in outcome.seconds if second.phase != "join"]
    low = min(range(len(cut)), key=lambda at: cut[at].counts["connected"])
    back = next((s.at for s in cut[low:] if s.counts["connected"] >= sizes.storm), float("nan"))
    return {**_told(outcome), "connections": sizes.storm, "back_after_s": back - cut[low].at}


@dataclass(slots=True)
class _Played:
    outcome: Outcome
    noted: list[int]


def _play(
    stack: RunningStack,
    scenario: Scenario,
    note: Callable[[], int] | None = None,
    rooms: list[str] | None = None,
    *,
    message_size: int = 64,
    processes: int = 2,
) -> _Played:
    """Plays a scenario straight on the replicas; `note` is asked each second."""
    noted: list[int] = []
    bases = [stack.base(name) for name in stack.pids if name.startswith("ws-")]
    with open_generator(
        scenario,
        bases,
        rooms or [stack.new_room() for _ in range(scenario.rooms)],
        processes=max(processes, scenario.clients // 15_000 + 1),
        message_size=message_size,
        on_second=lambda _: noted.append(note()) if note else None,
    ) as generator:
        return _Played(generator.play(), noted)


def _told(outcome: Outcome) -> Figures:
    return {
        "ms": percentiles(outcome.histogram("delivering", phase="talk")),
        "join_ms": percentiles(outcome.histogram("joining")),
        "lost": outcome.total("lost"),
        "doubled": outcome.total("doubled"),
        "refusals": dict(outcome.refusals),
        "closes": dict(outcome.closes),
        "generator_late_ms": outcome.late_ms,
    }
