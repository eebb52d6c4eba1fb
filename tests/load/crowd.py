"""The clients of one process, and the clock by which they act. Open loop: what is due is sent."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from tests.load.dialects.dialect import Visit
from tests.load.member import Member
from tests.load.scenarios import Scenario, is_slow, room_of
from tests.load.tally import Durations, Tally

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from tests.load.dialects.dialect import Dialect

JOIN_PATIENCE_SECONDS: Final = 120.0
PACE_SECONDS: Final = 0.001
"""How often the clock is looked at; what became due meanwhile is sent at once, as late as it is."""
SLOW_PAUSE_SECONDS: Final = 2.0
SLOW_READ_SECONDS: Final = 0.01
FIRST_ADDRESS: Final = 2
ADDRESSES: Final = 250


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a scenario that one of several processes plays."""

    scenario: Scenario
    bases: tuple[str, ...]
    """`ws://host:port`; clients take turns."""
    rooms: tuple[str, ...]
    index: int
    of: int
    """Processes."""
    message_size: int
    run: str
    """Tells the people of this run from those of others."""

    @property
    def numbers(self) -> range:
        """The clients of this process, of all that there are."""
        return range(self.index, self.scenario.clients, self.of)


class Crowd:
    """All clients of a process."""

    def __init__(self, share: Share, dialect: Dialect) -> None:
        self.share = share
        self.tally = Tally()
        self.late_ns = 0
        """How far behind the clock the sending was at worst: the generator's own shortfall."""
        local = all("//127." in base for base in share.bases)
        self.members = [
            Member(
                dialect,
                self.tally,
                Visit(
                    share.bases[number % len(share.bases)],
                    share.rooms[room_of(share.scenario, number)],
                    f"জন {share.run} {number}",
                ),
                # The loopback has many addresses, and each has ports for many connections.
                f"127.0.0.{FIRST_ADDRESS + number % ADDRESSES}" if local else "",
            )
            for number in share.numbers
        ]
        self._slow_delivering = Durations()
        self._random = random.Random(share.index)
        self._tasks: set[asyncio.Task[object]] = set()

    async def gather(self, begin_ns: int) -> None:
        """Everybody comes, evenly over the time of the scenario; returns when all have tried."""
        scenario = self.share.scenario
        step = scenario.join_seconds * 1e9 / scenario.clients
        for number, member in zip(self.share.numbers, self.members, strict=True):
            due = begin_ns + int(number * step)
            await sleep_until(due)
            self._start(member.enter(due, JOIN_PATIENCE_SECONDS))
        await self._finish_tasks()

    async def act(self, begin_ns: int) -> None:
        """Plays the scenario from a time on, for its seconds."""
        scenario = self.share.scenario
        end = begin_ns + int(scenario.seconds * 1e9)
        slow = [
            member
            for number, member in zip(self.share.numbers, self.members, strict=True)
            if is_slow(scenario, number)
        ]
        for number, member in enumerate(slow):
            member.delivering = self._slow_delivering
            # Every other one does not read at all: what waits for it must find its bound.
            pause = SLOW_PAUSE_SECONDS if number % 2 else scenario.seconds
            self._start(read_slowly(member, end, pause))
        if scenario.storm_at is not None:
            self._start(self._storm(begin_ns + int(scenario.storm_at * scenario.seconds * 1e9)))
        if scenario.churn:
            self._start(self._churn(begin_ns, end))
        await self._talk([each for each in self.members if each not in slow], begin_ns, end)
        await self._finish_tasks()

    async def _talk(self, speakers: Sequence[Member], begin_ns: int, end_ns: int) -> None:
        """Says what is due, whoever has a connection in turn; the time due is what is measured."""
        rate = self.share.scenario.rate / self.share.of
        if rate <= 0 or not speakers:
            await sleep_until(end_ns)
            return
        step = 1e9 / rate
        # Processes take turns; each has its own part of the first step.
        due = begin_ns + int(step * self.share.index / self.share.of)
        turn, size = 0, self.share.message_size
        while due < end_ns:
            now = time.monotonic_ns()
            self.late_ns = max(self.late_ns, now - due)
            while due <= now and due < end_ns:
                for _ in range(len(speakers)):
                    turn += 1
                    if speakers[turn % len(speakers)].say(due, size):
                        break
                due += int(step)
            await asyncio.sleep(PACE_SECONDS)

    async def _storm(self, at_ns: int) -> None:
        await sleep_until(at_ns)
        for member in self.members:
            member.cut()

    async def _churn(self, begin_ns: int, end_ns: int) -> None:
        step = 1e9 * self.share.of / self.share.scenario.churn
        due = begin_ns + step
        while due < end_ns:
            await sleep_until(int(due))
            self._random.choice(self.members).cut()
            due += step

    def settle(self, newest: dict[str, int]) -> None:
        """Counts what never came; `newest`: the highest number of each room."""
        for member in self.members:
            member.settle(newest.get(member.visit.room, 0))

    def newest(self) -> dict[str, int]:
        """The highest number that was heard in each room."""
        found: dict[str, int] = {}
        for member in self.members:
            found[member.visit.room] = max(found.get(member.visit.room, 0), member.seq)
        return found

    async def leave(self) -> None:
        """Everybody goes."""
        for task in self._tasks:
            task.cancel()
        for member in self.members:
            member.leave()
        await asyncio.sleep(0.1)

    def _start(self, work: Coroutine[None, None, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish_tasks(self) -> None:
        while self._tasks:
            await asyncio.gather(*self._tasks)


async def sleep_until(due_ns: int) -> None:
    """On the monotonic clock, which all processes of a machine share."""
    while (left := due_ns - time.monotonic_ns()) > 0:
        await asyncio.sleep(left / 1e9)


async def read_slowly(member: Member, end_ns: int, pause: float) -> None:
    """Reads for a moment, then not for `pause` seconds, as a phone in a tunnel."""
    while (left := end_ns - time.monotonic_ns()) > 0:
        member.stop_reading()
        await asyncio.sleep(min(pause, left / 1e9))
        member.go_on_reading()
        await asyncio.sleep(SLOW_READ_SECONDS)


def new_run() -> str:
    """A short name that no other run has."""
    return uuid4().hex[:8]
