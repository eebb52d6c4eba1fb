"""PostgreSQL is away for a minute: nobody who chats notices, and all of it is stored afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, Run, gather_crowd
from tests.faults.reading import wait_stored
from tests.faults.results import LONG, percentile, record
from tests.faults.storm import Lane, storm

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed

AWAY_SECONDS = 60.0
MOST_RATIO = 1.2
DRAINED_SECONDS = 30.0
LOAD = Load(rooms=40, rest_authors=0, messages_per_second=550, cuts_per_second=0)


@pytest.mark.alone
@pytest.mark.skipif(not LONG, reason="needs the machine for itself: `make faults`")
async def test_the_chat_goes_on_as_fast_and_the_backlog_is_stored_soon(
    reachable_path: Path,
) -> None:
    times: dict[str, float] = {}
    with open_bed(reachable_path, Size(api=1)) as bed:
        crowd = await gather_crowd(bed, LOAD)
        lanes = [Lane([measured(crowd.run, times)], 1, calm=1.0)]
        outcome = await storm(bed, crowd, lanes, seed=1)
    outcome.assert_clean()
    present, absent = (
        [seconds for at, seconds in crowd.run.latencies if times[start] <= at < times[end]]
        for start, end in (("quiet", "stopped"), ("away", "back"))
    )
    p50 = percentile(absent, 0.5) / percentile(present, 0.5)
    p99 = percentile(absent, 0.99) / percentile(present, 0.99)
    rate = len(absent) / (times["back"] - times["away"])
    record(
        "postgres_away",
        {
            "away_seconds": round(times["back"] - times["away"]),
            "messages_per_second": round(rate),
            "ack_p50_ms_before": round(percentile(present, 0.5) * 1000, 1),
            "ack_p50_ms_away": round(percentile(absent, 0.5) * 1000, 1),
            "ack_p99_ms_before": round(percentile(present, 0.99) * 1000, 1),
            "ack_p99_ms_away": round(percentile(absent, 0.99) * 1000, 1),
            "p50_ratio": round(p50, 2),
            "p99_ratio": round(p99, 2),
            "drained_seconds": round(times["drained"], 1),
        },
    )
    assert rate >= 500
    assert p50 <= MOST_RATIO
    assert times["drained"] <= DRAINED_SECONDS


def measured(run: Run, times: dict[str, float]) -> Fault:
    """A quiet half minute, a minute without PostgreSQL, and how long the backlog then takes."""

    async def act(bed: Bed, _chance: Random) -> None:
        await asyncio.sleep(5)  # after the storm of arrivals
        times["quiet"] = run.now
        await asyncio.sleep(AWAY_SECONDS / 2)
        times["stopped"] = run.now
        await asyncio.to_thread(bed.postgres.stop)
        times["away"] = run.now
        await asyncio.sleep(AWAY_SECONDS)
        times["back"] = run.now
        await asyncio.to_thread(bed.postgres.start)
        times["drained"] = await backlog_drained(bed)

    return Fault("postgres away, measured", act)


async def backlog_drained(bed: Bed) -> float:
    """Seconds until no more waits than what has come in just now."""
    return await wait_stored(bed, 120, at_most=200)
