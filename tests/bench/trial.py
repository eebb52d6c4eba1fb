"""What is measured of each server, by the same clients and in the same order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from picows import WSFrame, WSTransport
from tests.bench.processes import cpu_seconds, resident_bytes
from tests.load.dialects.dialect import Visit
from tests.load.member import Member
from tests.load.results import percentiles
from tests.load.tally import Tally
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.bench.peers.peer import Running
    from tests.load.dialects.dialect import Dialect

IDLE_ROOM: Final = 50
"""People in each room while the cost of coming is measured."""
ENTERING_AT_ONCE: Final = 32
SPEAKERS: Final = 8
STALL_SECONDS: Final = 0.5
"""Without any delivery for so long, what is out is taken for lost, and the next are sent."""
POLL_SECONDS: Final = 0.001
LAST_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; a smoke test needs little."""

    receivers: int = 200
    idle: int = 2000
    one_by_one: int = 800
    """Messages."""
    window: int = 256
    """Messages under way while saturated."""
    seconds: float = 8.0
    """Saturated, and at half of that."""
    message_size: int = 64
    forget_seconds: float = 10.0
    """After the idle ones have left: servers wait a while for who may come back, and all that they
    do about it must not count for talking."""


@dataclass(slots=True)
class Guests:
    """Clients of one trial, all in this process."""

    running: Running
    dialect: Dialect
    tally: Tally = field(default_factory=Tally)
    members: list[Member] = field(default_factory=list)
    _run: str = field(default_factory=lambda: uuid4().hex[:6])

    async def enter(self, rooms: Sequence[str]) -> None:
        """A new client for each entry, some at a time.

        Raises:
            TimeoutError: somebody was not let in.
        """
        door = asyncio.Semaphore(ENTERING_AT_ONCE)

        async def come(member: Member) -> None:
            async with door:
                if not await member.enter(time.monotonic_ns(), PATIENCE_SECONDS):
                    closes = dict(self.tally.closes)
                    raise TimeoutError(f"{member.visit.name} was not let in: {closes}")
            member.returns = False  # who was let in once must stay, or be missed

        first = len(self.members)
        comers = [self._guest(room, first + at) for at, room in enumerate(rooms)]
        self.members += comers  # whatever becomes of them, they leave with the others
        try:
            async with asyncio.TaskGroup() as coming:
                for member in comers:
                    coming.create_task(come(member))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    def _guest(self, room: str, number: int) -> Member:
        visit = Visit(self.running.base, room, f"জন {self._run} {number}")
        return Pacer(self.dialect, self.tally, visit, f"127.0.0.{2 + number % 250}")

    async def leave(self) -> None:
        """Everybody goes."""
        for member in self.members:
            member.leave()
        self.members.clear()
        await asyncio.sleep(0.5)


class Pacer(Member):
    """A member by whose hearing others time what they say."""

    on_heard: Callable[[], None] | None = None

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        super().on_ws_frame(transport, frame)
        if self.on_heard is not None:
            self.on_heard()


async def measure(running: Running, dialect: Dialect, plan: Plan) -> dict[str, Any]:
    """All figures of one server, once; µs, ms, bytes and counts, as the names say."""
    guests = Guests(running, dialect)
    try:
        found = await measure_coming(guests, plan)
        await guests.leave()
        await asyncio.sleep(plan.forget_seconds)
        room = running.new_room()
        await guests.enter([room] * plan.receivers)
        await asyncio.sleep(LAST_SECONDS)
        found |= {"one_by_one": await cost(guests, one_by_one(guests, plan))}
        saturated = await cost(guests, saturate(guests, plan))
        found |= {"saturated": saturated}
        rate = saturated["messages_per_second"] / 2
        found |= {"at_half": await cost(guests, pace(guests, rate, plan))}
    finally:
        await guests.leave()
    return found


async def measure_coming(guests: Guests, plan: Plan) -> dict[str, Any]:
    """Processor time of one who comes, and memory of one who stays."""
    pids = guests.running.pids
    # The first ones pay for what is made once, such as caches and pools.
    await guests.enter([str(uuid4()) for _ in range(IDLE_ROOM)])
    await asyncio.sleep(LAST_SECONDS)
    rooms = [str(uuid4()) for _ in range(max(1, plan.idle // IDLE_ROOM))]
    before, memory = cpu_seconds(pids), resident_bytes(pids)
    await guests.enter([rooms[n % len(rooms)] for n in range(plan.idle)])
    await asyncio.sleep(LAST_SECONDS)
    return {
        "accept_cpu_ms": (cpu_seconds(pids) - before) / plan.idle * 1e3,
        "idle_bytes": (resident_bytes(pids) - memory) / plan.idle,
    }


async def cost(guests: Guests, work: Awaitable[None]) -> dict[str, Any]:
    """What some talking costs the server for each delivery, and how it went."""
    running, tally = guests.running, guests.tally
    tally.delivering.take()
    sent, delivered, took = tally.sent, tally.delivered, tally.received_bytes
    acked, doubled = tally.acked, tally.doubled
    cpu, helping, began = cpu_seconds(running.pids), cpu_seconds(running.helpers), time.monotonic()
    await work
    seconds = time.monotonic() - began
    cpu, helping = cpu_seconds(running.pids) - cpu, cpu_seconds(running.helpers) - helping
    deliveries = max(tally.delivered - delivered, 1)
    await _wait_quiet(tally)
    expected = (tally.sent - sent) * len(guests.members)
    return {
        "cpu_us_per_delivery": cpu / deliveries * 1e6,
        "helpers_cpu_us_per_delivery": helping / deliveries * 1e6,
        "deliveries_per_second": deliveries / seconds,
        "messages_per_second": deliveries / seconds / len(guests.members),
        "cpu_share": cpu / seconds,
        "bytes_per_delivery": (tally.received_bytes - took) / deliveries,
        "sent": tally.sent - sent,
        "acked": tally.acked - acked,
        "doubled": tally.doubled - doubled,
        "missing": expected - (tally.delivered - delivered),
        "ms": percentiles(tally.delivering.take()),
    }


async def _wait_quiet(tally: Tally) -> None:
    """Returns when nothing arrives any more: what is late must not count for what comes next."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    heard = -1
    while heard != tally.delivered and time.monotonic() < deadline:
        heard = tally.delivered
        await asyncio.sleep(LAST_SECONDS)


async def one_by_one(guests: Guests, plan: Plan) -> None:
    """The next message when everybody has the one before."""
    tally, members = guests.tally, guests.members
    for number in range(plan.one_by_one):
        wanted = tally.delivered + len(members)
        members[number % SPEAKERS].say(time.monotonic_ns(), plan.message_size)
        deadline = time.monotonic() + STALL_SECONDS
        while tally.delivered < wanted and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS)


async def saturate(guests: Guests, plan: Plan) -> None:
    """Always so many messages under way: whenever one was heard, the next is said."""
    pacer, speakers = guests.members[0], guests.members[1 : 1 + SPEAKERS]
    assert isinstance(pacer, Pacer)
    out = 0
    heard, turn, quiet = pacer.heard, 0, time.monotonic()

    def refill() -> None:
        nonlocal out, heard, turn, quiet
        out -= pacer.heard - heard
        heard, quiet = pacer.heard, time.monotonic()
        while out < plan.window:
            turn += 1
            speakers[turn % len(speakers)].say(time.monotonic_ns(), plan.message_size)
            out += 1

    pacer.on_heard = refill
    refill()
    end = time.monotonic() + plan.seconds
    while time.monotonic() < end:
        await asyncio.sleep(STALL_SECONDS / 5)
        if time.monotonic() - quiet > STALL_SECONDS:
            out = 0  # lost on the way: without new ones nothing would ever move again
            refill()
    pacer.on_heard = None


async def pace(guests: Guests, rate: float, plan: Plan) -> None:
    """Messages at their own times, whatever has become of those before."""
    speakers = guests.members[:SPEAKERS]
    step = 1e9 / max(rate, 0.1)
    due = float(time.monotonic_ns())
    end = due + plan.seconds * 1e9
    turn = 0
    while due < end:
        now = time.monotonic_ns()
        while due <= now and due < end:
            turn += 1
            speakers[turn % len(speakers)].say(int(due), plan.message_size)
            due += step
        await asyncio.sleep(POLL_SECONDS)
