"""Masters come and go: what was acknowledged stays, and readers are told where numbers break."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import pytest
from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, gather_crowd
from tests.faults.history import Failover
from tests.faults.results import LONG, record
from tests.faults.storm import Lane, Outcome, storm

from local_stack.child import wait_for
from local_stack.sentinel import SentinelGroup, start_sentinel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed
    from tests.faults.crowd import Run

ROUNDS: Final = 5
LOAD = Load(rooms=8, clients=60, rest_authors=2, messages_per_second=150, cuts_per_second=0.2)
PAUSED_SECONDS: Final = 3.0
FAILOVER_SECONDS: Final = 60.0
ON_TWO_SERVERS = ("min-replicas-to-write 1", "min-replicas-max-lag 2")
"""A master without a replica takes nothing."""


@pytest.fixture
def group(reachable_path: Path) -> Iterator[SentinelGroup]:
    """One replica: of two, either may confirm and the other become master."""
    started = start_sentinel(reachable_path / "sentinel", replicas=1, more=ON_TWO_SERVERS)
    yield started
    started.stop()


def killed(group: SentinelGroup) -> None:
    """It comes back with all it had, and follows its successor."""
    old = group.master
    group.kill(old)
    assert wait_for(lambda: group.master != old, FAILOVER_SECONDS)
    group.start(old)


def paused(group: SentinelGroup) -> None:
    """It may be master still when it comes back, or be replaced just then."""
    old = group.pause_master()
    time.sleep(PAUSED_SECONDS)
    group.resume(old)


def fault(
    run: Run, group: SentinelGroup, name: str, act: Callable[[SentinelGroup], object]
) -> Fault:
    """One way for the master to change, noted in the run's history."""

    def act_and_get_well() -> None:
        act(group)
        group.wait_well()

    async def noted(_bed: Bed, _chance: Random) -> None:
        began = run.now
        await asyncio.to_thread(act_and_get_well)
        run.history.failovers.append(Failover(began, run.now))

    return Fault(name, noted)


KINDS = {
    "planned failover": SentinelGroup.fail_over,
    "master detached": SentinelGroup.detach_master,
    "master killed": killed,
    f"master paused for {PAUSED_SECONDS:g} s": paused,
}


async def drill(
    directory: Path, group: SentinelGroup, kinds: list[str], rounds: int, calm: float
) -> Outcome:
    """Changes of masters of these kinds under load; 0 broken promises."""
    environment = {"ADDA_REDIS_WAIT_REPLICAS": "1"}
    with open_bed(directory, Size(api=1), environment, redis_url=group.url) as bed:
        crowd = await gather_crowd(bed, LOAD)
        faults = [fault(crowd.run, group, kind, KINDS[kind]) for kind in kinds]
        outcome = await storm(bed, crowd, [Lane(faults, rounds, calm)], seed=1)
    outcome.assert_clean()
    return outcome


async def test_what_was_acknowledged_survives_a_change_of_masters(
    reachable_path: Path, group: SentinelGroup
) -> None:
    await drill(reachable_path, group, ["master detached"], 1, calm=1.0)


@pytest.mark.skipif(not LONG, reason="takes five minutes: `make faults`")
@pytest.mark.timeout(1200)
async def test_what_was_acknowledged_survives_twenty_changes_of_masters(
    reachable_path: Path, group: SentinelGroup
) -> None:
    outcome = await drill(reachable_path, group, list(KINDS), ROUNDS, calm=3.0)
    assert sum(outcome.faults.values()) >= 20
    record("sentinel", outcome.figures())
