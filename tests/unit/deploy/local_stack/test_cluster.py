"""A cluster on this machine: its slots, its moves, its losses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from local_stack.cluster import SLOTS, ValkeyCluster, start_cluster

SLOT, KEYS = key_slot(b"{p1}"), [f"{{p1}}:{n}" for n in range(25)]


@pytest.fixture(scope="module")
def cluster(server_directory: Path) -> Iterator[ValkeyCluster]:
    cluster = start_cluster(server_directory / "own-cluster")
    yield cluster
    cluster.stop()


def owned(cluster: ValkeyCluster) -> list[str]:
    owner = cluster.owner_of(SLOT)
    return sorted(key for key in KEYS if cluster.call(owner, "EXISTS", key))


def fill(cluster: ValkeyCluster) -> None:
    owner = cluster.owner_of(SLOT)
    for key in KEYS:
        cluster.call(owner, "SET", key, "x")


def test_every_slot_has_an_owner_and_they_share_evenly(cluster: ValkeyCluster) -> None:
    owners = [cluster.owner_of(slot) for slot in (0, SLOTS // 2, SLOTS - 1)]
    assert owners == [0, 1, 2]


@pytest.mark.parametrize("way", ["move_slot", "move_slot_at_once"])
def test_a_moved_slot_brings_its_keys(cluster: ValkeyCluster, way: str) -> None:
    fill(cluster)
    to = (cluster.owner_of(SLOT) + 1) % 3
    getattr(cluster, way)(SLOT, to)
    assert cluster.owner_of(SLOT) == to
    assert owned(cluster) == sorted(KEYS)


def test_a_killed_node_comes_back_with_its_data(cluster: ValkeyCluster) -> None:
    fill(cluster)
    owner = cluster.owner_of(SLOT)
    cluster.call(owner, "WAITAOF", 1, 0, 5000)  # on a busy disk it is written a little later
    cluster.kill(owner)
    cluster.start(owner)
    cluster.wait_well()
    assert owned(cluster) == sorted(KEYS)
