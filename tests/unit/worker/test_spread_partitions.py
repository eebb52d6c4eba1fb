from __future__ import annotations

import pytest

from shared.redis_schema.keys import Keys
from worker.spread_partitions import Primary, held, plan, read_primaries, slots_of

SLOTS = 16_384


def evenly_cut(nodes: int) -> list[Primary]:
    """As a cluster is made: each node has a run of slots."""
    bounds = [SLOTS * number // nodes for number in range(nodes + 1)]
    return [
        Primary(f"id{n}", f"10.0.0.{n}:6379", frozenset(range(bounds[n], bounds[n + 1])))
        for n in range(nodes)
    ]


@pytest.mark.parametrize("nodes", [1, 2, 3, 5, 8, 12, 16])
@pytest.mark.parametrize("partitions", [16, 64])
def test_no_primary_has_more_than_one_partition_over_another(nodes: int, partitions: int) -> None:
    primaries, slots = evenly_cut(nodes), slots_of(Keys("adda:", partitions))
    before = held(primaries, slots)
    after = {name: set(numbers) for name, numbers in before.items()}
    moves = plan(primaries, slots)
    for move in moves:
        after[move.giver.id].remove(move.partition)
        after[move.taker.id].add(move.partition)
    counts = [len(numbers) for numbers in after.values()]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == partitions
    share = partitions // nodes
    assert len(moves) <= sum(max(0, len(numbers) - share) for numbers in before.values())


def test_what_is_even_stays_as_it_is() -> None:
    assert plan(evenly_cut(4), slots_of(Keys("adda:", 16))) == []


def test_a_new_primary_takes_its_share_from_those_that_have_most() -> None:
    primaries = [*evenly_cut(2), Primary("new", "10.0.0.9:6379", frozenset())]
    moves = plan(primaries, slots_of(Keys("adda:", 16)))
    assert {move.taker.id for move in moves} == {"new"}
    assert len(moves) == 5


def test_the_form_of_cluster_nodes_is_read() -> None:
    told = """\
aa 127.0.0.1:7001@17001,host-1 myself,master - 0 1 1 connected 0-2 5 [7->-bb]
bb 127.0.0.1:7000@17000 master - 0 1 2 connected
cc 127.0.0.1:7002@17002 slave aa 0 1 1 connected
dd 127.0.0.1:7003@17003 master,fail - 1 1 3 disconnected 9
ee :0@0 master,noaddr - 1 1 3 disconnected
"""
    assert read_primaries(told) == [
        Primary("bb", "127.0.0.1:7000", frozenset()),
        Primary("aa", "127.0.0.1:7001", frozenset({0, 1, 2, 5})),
    ]
