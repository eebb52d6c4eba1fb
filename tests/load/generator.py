"""Several processes that play one scenario together, by one clock.

Each process runs an event loop of its own and tells its counts once a second over a pipe; times are
of the monotonic clock, which all processes of a machine share. Histograms are added, never
averaged.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import resource
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final

import uvloop
from tests.load.crowd import Crowd, Share, new_run
from tests.load.dialects.adda import AddaDialect
from tests.load.tally import Histogram, new_histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from tests.load.scenarios import Scenario

HEADSTART_NS: Final = 300_000_000
"""Between an order and the moment for which it is given."""
LAST_SECONDS: Final = 3.0
"""For what is on its way when the talking ends."""
DURATIONS: Final = ("joining", "acking", "delivering")


@dataclass(slots=True)
class Second:
    """What happened in all processes since the last second."""

    at: float
    """Seconds since the first client was due."""
    phase: str
    counts: Counter[str] = field(default_factory=Counter)
    """Differences, but for `connected`."""
    histograms: dict[str, Histogram] = field(
        default_factory=lambda: {name: new_histogram() for name in DURATIONS}
    )


@dataclass(slots=True)
class Outcome:
    """A run that is over."""

    scenario: Scenario
    seconds: list[Second] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    late_ms: float = 0.0
    """How late the generator itself sent at worst; large: it needs more processes or processors."""

    def total(self, name: str) -> int:
        """Of one of Tally's counters."""
        return sum(second.counts[name] for second in self.seconds)

    def histogram(self, name: str, *, phase: str | None = None) -> Histogram:
        """Of a whole run, or of one phase; µs."""
        whole = new_histogram()
        for second in self.seconds:
            if phase is None or second.phase == phase:
                whole.add(second.histograms[name])
        return whole


# ---------------------------------------------------------------------------- in the processes


def _serve(pipe: Connection, share: Share) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    gc.freeze()
    with suppress(KeyboardInterrupt):
        uvloop.run(_obey(pipe, share))


async def _obey(pipe: Connection, share: Share) -> None:
    """Carries out orders `(name, argument)` one at a time; `tell` is answered at any time."""
    crowd = Crowd(share, AddaDialect())
    orders: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def on_readable() -> None:
        try:
            name, argument = pipe.recv()
        except EOFError:
            name, argument = "leave", None
            loop.remove_reader(pipe.fileno())
        if name == "tell":
            pipe.send(("told", _told(crowd)))
        else:
            orders.put_nowait((name, argument))

    loop.add_reader(pipe.fileno(), on_readable)
    while True:
        name, argument = await orders.get()
        if name == "leave":
            await crowd.leave()
            return
        if name == "gather":
            await crowd.gather(argument)
        elif name == "act":
            await crowd.act(argument)
        elif name == "rest":
            await asyncio.sleep(argument)
        elif name == "settle":
            crowd.settle(argument)
        pipe.send(("done", crowd.newest() if name == "rest" else None))


def _told(crowd: Crowd) -> dict[str, Any]:
    tally = crowd.tally
    return {
        "counts": tally.counts(),
        "histograms": {name: getattr(tally, name).take().encode() for name in DURATIONS},
        "refusals": dict(tally.refusals),
        "closes": dict(tally.closes),
        "late_ns": crowd.late_ns,
    }


# ---------------------------------------------------------------------------- in the coordinator


class Generator:
    """Orders the processes about and adds up what they tell."""

    def __init__(
        self,
        scenario: Scenario,
        pipes: Sequence[Connection],
        on_second: Callable[[Second], None],
    ) -> None:
        self.outcome = Outcome(scenario)
        self._pipes = pipes
        self._on_second = on_second
        self._last: list[Counter[str]] = [Counter() for _ in pipes]
        self._answers: dict[int, Any] = {}
        self._began = time.monotonic()

    def play(self) -> Outcome:
        """From the first client's coming to the last message; returns what was measured."""
        self._order("begin", None, "begin")  # answered when a process has started at last
        self._order("gather", time.monotonic_ns() + HEADSTART_NS, "join")
        self._order("act", time.monotonic_ns() + HEADSTART_NS, "talk")
        newest: dict[str, int] = {}
        for rooms in self._order("rest", LAST_SECONDS, "end"):
            for room, seq in rooms.items():
                newest[room] = max(newest.get(room, 0), seq)
        self._order("settle", newest, "end")
        return self.outcome

    def _order(self, name: str, argument: Any, phase: str) -> list[Any]:
        """Gives an order to all; returns their answers when all have carried it out."""
        self._answers = {}
        for pipe in self._pipes:
            pipe.send((name, argument))
        while len(self._answers) < len(self._pipes):
            deadline = time.monotonic() + 1.0
            while len(self._answers) < len(self._pipes) and time.monotonic() < deadline:
                ready: list[Any] = wait(self._pipes, 0.1)
                for pipe in ready:
                    self._take(pipe)
            self._tell(phase)
        return list(self._answers.values())

    def _take(self, pipe: Connection) -> Any:
        kind, value = pipe.recv()
        if kind == "done":
            self._answers[self._pipes.index(pipe)] = value
            return None
        return value

    def _tell(self, phase: str) -> None:
        second = Second(round(time.monotonic() - self._began, 1), phase)
        for pipe in self._pipes:
            pipe.send(("tell", None))
        refusals: Counter[str] = Counter()
        closes: Counter[str] = Counter()
        for index, pipe in enumerate(self._pipes):
            while (told := self._take(pipe)) is None:
                pass
            now = Counter(told["counts"])
            for name, value in now.items():
                before = 0 if name == "connected" else self._last[index][name]
                second.counts[name] += value - before
            self._last[index] = now
            for name, encoded in told["histograms"].items():
                second.histograms[name].add(Histogram.decode(encoded))
            refusals.update(told["refusals"])
            closes.update(told["closes"])
            self.outcome.late_ms = max(self.outcome.late_ms, told["late_ns"] / 1e6)
        self.outcome.refusals, self.outcome.closes = refusals, closes
        self.outcome.seconds.append(second)
        self._on_second(second)


@contextmanager
def open_generator(
    scenario: Scenario,
    bases: Sequence[str],
    rooms: Sequence[str],
    *,
    processes: int,
    message_size: int,
    on_second: Callable[[Second], None] = lambda _: None,
) -> Iterator[Generator]:
    """Starts the processes; ends them, and so all their connections."""
    context = multiprocessing.get_context("spawn")
    started: list[tuple[SpawnProcess, Connection]] = []
    run = new_run()
    try:
        for index in range(processes):
            ours, theirs = context.Pipe()
            share = Share(scenario, tuple(bases), tuple(rooms), index, processes, message_size, run)
            process = context.Process(target=_serve, args=(theirs, share), daemon=True)
            process.start()
            theirs.close()
            started.append((process, ours))
        yield Generator(scenario, [pipe for _, pipe in started], on_second)
        for _, pipe in started:
            pipe.send(("leave", None))
        for process, _ in started:
            process.join(10)
    finally:
        for process, pipe in started:
            process.kill()
            pipe.close()
