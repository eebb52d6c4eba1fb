"""A cluster moves slots and loses nodes under load: nothing breaks, and there are no excuses."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
from redis.crc import key_slot
from tests.faults.bed import Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, gather_crowd
from tests.faults.results import LONG, record
from tests.faults.storm import Lane, storm

from local_stack.cluster import ValkeyCluster, start_cluster
from shared.redis_schema.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed

NODES: Final = 3
ROUNDS = 6 if LONG else 1
LOAD = Load(rooms=8, clients=60, rest_authors=2, messages_per_second=150, cuts_per_second=0.2)
PAUSED_SECONDS: Final = 3.0
"""Longer than a node may be silent before the others call it dead."""


@pytest.fixture
def cluster(reachable_path: Path) -> Iterator[ValkeyCluster]:
    started = start_cluster(reachable_path / "cluster", primaries=NODES)
    yield started
    started.stop()


def fault(name: str, act: Callable[[Random], None], cluster: ValkeyCluster) -> Fault:
    """Something that is done to the cluster, which is well afterwards."""

    def act_and_get_well(chance: Random) -> None:
        act(chance)
        cluster.wait_well()

    async def acted(_bed: Bed, chance: Random) -> None:
        await asyncio.to_thread(act_and_get_well, chance)

    return Fault(name, acted)


def moved(
    cluster: ValkeyCluster, rooms: list[str], move: Callable[[int, int], None]
) -> Callable[[Random], None]:
    """The slot of a room goes to another node and back."""
    keys = Keys("adda:", 16)

    def act(chance: Random) -> None:
        partition = keys.partition_of(UUID(chance.choice(rooms)))
        slot = key_slot(keys.ingest(partition).encode())
        home = cluster.owner_of(slot)
        for node in ((home + chance.randrange(1, NODES)) % NODES, home):
            move(slot, node)
            time.sleep(0.3)  # messages flow there as well

    return act


def faults_of(cluster: ValkeyCluster, rooms: list[str]) -> list[Fault]:
    """Everything that is done to it."""

    def killed(chance: Random) -> None:
        node = chance.randrange(NODES)
        cluster.kill(node)
        time.sleep(chance.uniform(0, 1))
        cluster.start(node)

    def paused(chance: Random) -> None:
        node = chance.randrange(NODES)
        cluster.send(node, signal.SIGSTOP)
        time.sleep(PAUSED_SECONDS)
        cluster.send(node, signal.SIGCONT)

    acts = {
        "slot moved key by key and back": moved(cluster, rooms, cluster.move_slot),
        "slot moved at once and back": moved(cluster, rooms, cluster.move_slot_at_once),
        "node killed and restarted": killed,
        f"node paused for {PAUSED_SECONDS:g} s": paused,
    }
    return [fault(name, act, cluster) for name, act in acts.items()]


@pytest.mark.timeout(1200)
async def test_a_cluster_that_moves_slots_and_loses_nodes_breaks_no_promise(
    reachable_path: Path, cluster: ValkeyCluster
) -> None:
    with open_bed(reachable_path, Size(api=1), redis_url=cluster.url) as bed:
        crowd = await gather_crowd(bed, LOAD)
        lane = Lane(faults_of(cluster, crowd.run.rooms), ROUNDS, calm=3.0 if LONG else 0.5)
        outcome = await storm(bed, crowd, [lane], seed=1)
    record("cluster", outcome.figures())
    outcome.assert_clean()
