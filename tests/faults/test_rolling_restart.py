"""A deploy: every replica is restarted, one after another, under two thousand people."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, Run, gather_crowd
from tests.faults.results import LONG, record
from tests.faults.storm import Lane, storm

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed

CLIENTS = 2000 if LONG else 200
DRAIN_SECONDS = 10 if LONG else 4
LOAD = Load(
    rooms=CLIENTS // 20,
    clients=CLIENTS,
    rest_authors=0,
    messages_per_second=100,
    cuts_per_second=0,
)
MOST_OVER_MEAN = 2.0


def rolling_restart(run: Run, windows: list[tuple[float, float]]) -> Fault:
    """Each replica in turn; notes when each drain began and ended."""

    async def act(bed: Bed, _chance: Random) -> None:
        for name in bed.names("ws"):
            began = run.now
            await asyncio.to_thread(bed.stack.hold, name)
            windows.append((began, run.now))
            await asyncio.to_thread(bed.stack.release, name)
            await bed.wait_up(name)
            await asyncio.sleep(2)

    return Fault("rolling restart of ws", act)


@pytest.mark.alone
async def test_nobody_misses_anything_and_not_all_come_back_at_once(reachable_path: Path) -> None:
    environment = {"ADDA_DRAIN_SECONDS": str(DRAIN_SECONDS)}
    windows: list[tuple[float, float]] = []
    with open_bed(reachable_path, Size(api=1, workers=1), environment) as bed:
        crowd = await gather_crowd(bed, LOAD)
        lanes = [Lane([rolling_restart(crowd.run, windows)], 1, calm=3.0)]
        began = time.monotonic()
        outcome = await storm(bed, crowd, lanes, seed=1)
        seconds = time.monotonic() - began
    outcome.assert_clean()
    returns = sorted(mark.time for view in crowd.run.history.views for mark in view.marks[1:])
    peaks = [peak_over_mean(returns, start, end) for start, end in windows]
    assert max(peaks) <= MOST_OVER_MEAN, peaks
    record(
        "rolling_restart",
        outcome.figures()
        | {
            "clients": CLIENTS,
            "drain_seconds": DRAIN_SECONDS,
            "returns": len(returns),
            "peak_over_mean": round(max(peaks), 2),
            "whole_seconds": round(seconds),
        },
    )


def peak_over_mean(times: list[float], start: float, end: float) -> float:
    """The busiest second against the mean of a window; times are seconds."""
    counts = Counter(int(moment - start) for moment in times if start <= moment < end + 1)
    total = sum(counts.values())
    assert total > 0
    return max(counts.values()) / (total / (end - start))
