"""Nothing acknowledged is lost, doubled or reordered, whatever dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import (
    DOOR_FAULTS,
    POSTGRES_FAULTS,
    REDIS_FAULTS,
    WORKER_FAULTS,
    WS_FAULTS,
    frozen,
    killed,
    postgres_away,
    terminated,
)
from tests.faults.crowd import Load, gather_crowd
from tests.faults.results import LONG, record
from tests.faults.storm import Lane, Outcome, storm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROUNDS = 20
SEED = 1

LONG_LANES = (
    Lane(REDIS_FAULTS, ROUNDS, calm=4.5),
    Lane((*POSTGRES_FAULTS, postgres_away()), ROUNDS, calm=0.3),
    Lane(WS_FAULTS, ROUNDS, calm=13.0),
    Lane(WORKER_FAULTS, ROUNDS, calm=10.0),
    Lane(DOOR_FAULTS, ROUNDS, calm=12.0),
)
SHORT_LANES = (
    Lane(REDIS_FAULTS, 1, calm=1.0),
    Lane((*POSTGRES_FAULTS, postgres_away(3)), 1, calm=1.0),
    Lane((killed("ws"), terminated("ws"), frozen("ws", 5)), 1, calm=3.0),
    Lane((killed("worker"), terminated("worker"), frozen("worker", 5)), 1, calm=3.0),
    Lane(DOOR_FAULTS, 1, calm=3.0),
)
LONG_LOAD = Load(rooms=50, clients=200, messages_per_second=1100)
"""A reader of each room at each replica, straight and through the gateway. Not half of what is
offered is sent: who has no connection, or no answer yet, waits."""

SHORT_LOAD = Load(rooms=8, clients=60, rest_authors=4, messages_per_second=150)


async def run_storm(directory: Path, load: Load, lanes: Sequence[Lane]) -> Outcome:
    with open_bed(directory, Size()) as bed:
        outcome = await storm(bed, await gather_crowd(bed, load), lanes, SEED)
    record("storm", outcome.figures())
    outcome.assert_clean()
    assert sum(outcome.faults.values()) == sum(len(lane.faults) * lane.rounds for lane in lanes)
    return outcome


@pytest.mark.skipif(LONG, reason="its long form follows")
async def test_every_fault_once(reachable_path: Path) -> None:
    await run_storm(reachable_path, SHORT_LOAD, SHORT_LANES)


@pytest.mark.skipif(not LONG, reason="takes half an hour: `make faults`")
@pytest.mark.timeout(2400)
async def test_every_fault_twenty_times(reachable_path: Path) -> None:
    outcome = await run_storm(reachable_path, LONG_LOAD, LONG_LANES)
    assert sum(outcome.faults.values()) >= 500
    assert min(outcome.faults.values()) >= ROUNDS
    assert outcome.sent / outcome.seconds >= 500
