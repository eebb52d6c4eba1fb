"""Redis loses everything: what PostgreSQL did not have yet is lost, only that, and all are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, gather_crowd
from tests.faults.history import Emptying
from tests.faults.reading import stored_contents
from tests.faults.results import LONG, record
from tests.faults.storm import Lane, storm

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed
    from tests.faults.crowd import Run

ROUNDS = 20 if LONG else 2
LOAD = Load(rooms=8, clients=60, rest_authors=2, messages_per_second=150, cuts_per_second=0.2)


def emptying(run: Run) -> Fault:
    """FLUSHALL, noted in the run's history with what PostgreSQL had just before."""

    async def act(bed: Bed, _chance: Random) -> None:
        stored = await stored_contents(bed)
        began = run.now
        async with bed.redis() as redis:
            await redis.flushall()
        run.history.emptyings.append(Emptying(began, run.now, stored))

    return Fault("FLUSHALL", act)


async def test_what_postgresql_had_survives_and_every_reader_is_told(
    reachable_path: Path,
) -> None:
    with open_bed(reachable_path, Size(api=1, workers=1)) as bed:
        crowd = await gather_crowd(bed, LOAD)
        outcome = await storm(bed, crowd, [Lane([emptying(crowd.run)], ROUNDS, calm=3.0)], seed=1)
    outcome.assert_clean()
    told = {mark.epoch for view in crowd.run.history.views for mark in view.marks}
    assert len(told) > ROUNDS
    record("emptied_redis", outcome.figures())
