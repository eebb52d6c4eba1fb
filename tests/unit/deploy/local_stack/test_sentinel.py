"""A master with replicas and sentinels on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.child import wait_for
from local_stack.sentinel import SentinelGroup, start_sentinel


@pytest.fixture(scope="module")
def group(server_directory: Path) -> Iterator[SentinelGroup]:
    group = start_sentinel(server_directory / "own-sentinel")
    yield group
    group.stop()


def roles(group: SentinelGroup) -> list[str]:
    return [str(group.call(number, "ROLE")[0]) for number in range(len(group.ports))]


def test_a_planned_failover_makes_another_master(group: SentinelGroup) -> None:
    group.wait_well()
    old = group.master
    group.call(old, "SET", "before", "x")
    group.fail_over()
    assert group.master != old
    assert roles(group).count("master") == 1
    assert group.call(group.master, "GET", "before") == "x"


def test_a_detached_master_believes_in_itself_until_it_is_told(group: SentinelGroup) -> None:
    group.wait_well()
    old = group.detach_master()
    assert group.master != old
    assert roles(group)[old] == "master"
    assert group.call(old, "SET", "nobody", "keeps this") in {True, "OK"}
    assert wait_for(lambda: roles(group)[old] == "slave", 30)
