"""A run under load: lanes of faults beside each other, then quiet, then the judgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.checker import Violation, check, excused, report
from tests.faults.leftovers import bugs_in_logs, wait_until_nobody_is_left
from tests.faults.reading import heads, read_all, wait_stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.bed import Bed
    from tests.faults.catalogue import Fault
    from tests.faults.crowd import Crowd
    from tests.faults.history import History

SETTLE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Lane:
    """Faults that come one after another; each round has all of them, in an order of its own."""

    faults: Sequence[Fault]
    rounds: int
    calm: float
    """Seconds between two, on average."""


@dataclass(slots=True)
class Outcome:
    """What a storm showed."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    """Under faults."""
    acked: int = 0
    sent: int = 0
    deliveries: int = 0
    reconnects: int = 0
    stored_after: float = 0.0
    """Seconds until nothing was left to store, after the last message."""
    excused: int = 0
    violations: list[Violation] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    """Errors that services logged."""

    def assert_clean(self) -> None:
        """No promise was broken, everything that was said is acknowledged, no service erred."""
        assert not self.violations, report(self.violations)
        assert self.acked == self.sent
        assert not self.bugs, "\n".join([f"{len(self.bugs)} errors logged", *self.bugs[:10]])

    def figures(self) -> dict[str, object]:
        """For the page on reliability."""
        return {
            "seed": self.seed,
            "faults": dict(self.faults),
            "seconds": round(self.seconds),
            "sent": self.sent,
            "acked": self.acked,
            "shown": self.deliveries,
            "reconnects": self.reconnects,
            "excused": self.excused,
            "violations": len(self.violations),
            "errors_logged": len(self.bugs),
            "stored_after_seconds": round(self.stored_after, 1),
        }


async def storm(bed: Bed, crowd: Crowd, lanes: Sequence[Lane], seed: int) -> Outcome:
    """Runs the lanes under the crowd's load and judges what everybody saw."""
    outcome = Outcome(seed)
    try:
        await crowd.start()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, lane in enumerate(lanes):
                chance = random.Random(f"{seed} {number}")
                group.create_task(_run_lane(bed, lane, chance, outcome.faults))
        outcome.seconds = time.monotonic() - began
        await settle(bed, crowd, outcome)
    finally:
        bed.heal()
        await crowd.leave()
    await wait_until_nobody_is_left(bed)
    outcome.bugs = bugs_in_logs(bed)
    outcome.violations = await asyncio.to_thread(check, crowd.run.history)
    return outcome


async def _run_lane(bed: Bed, lane: Lane, chance: random.Random, done: Counter[str]) -> None:
    for _ in range(lane.rounds):
        for fault in chance.sample(lane.faults, len(lane.faults)):
            await asyncio.sleep(chance.uniform(0.5, 1.5) * lane.calm)
            await fault.act(bed, chance)
            done[fault.name] += 1


async def settle(bed: Bed, crowd: Crowd, outcome: Outcome) -> None:
    """Everything is well again; the last message is acked, shown to all and stored."""
    bed.heal()
    await bed.wait_ready()
    await crowd.finish_writing()
    history = crowd.run.history
    outcome.stored_after = await wait_stored(bed, SETTLE_SECONDS)
    await crowd.wait_level(await heads(bed, crowd.run.rooms), SETTLE_SECONDS)
    await asyncio.sleep(0.2)  # what is shown has been noted then
    await read_all(bed, crowd.http, history, crowd.run.rooms)
    _count(history, crowd, outcome)


def _count(history: History, crowd: Crowd, outcome: Outcome) -> None:
    outcome.sent = len(history.sendings)
    outcome.acked = sum(sending.acked is not None for sending in history.sendings)
    outcome.deliveries = sum(len(view.seqs) for view in history.views)
    outcome.reconnects = sum(talker.chat.connections - 1 for talker in crowd.talkers)
    outcome.excused = len(excused(history))
