"""The simulation agrees with what is known of queues, and with the arithmetic."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from tests.bench.queueing import Crowd, Server, mean_wait, percentiles
from tests.unit.deploy.capacity_planner.some_costs import COSTS

from capacity_planner.arithmetic import Limits, Load, Servers, first_wall, servers_for, utilisation

CROWD = Load(20_000, room_people=20, seconds_between=30, hot_rate=10)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_a_queue_is_as_busy_and_as_long_as_the_formula_says(load: float) -> None:
    service, count, chance = 1e-3, 200_000, Random(1)
    server, at, waited = Server(end=count * service / load), 0.0, 0.0
    for _ in range(count):
        at += chance.expovariate(load / service)
        waited += server.take(at, service) - at - service
    assert server.utilisation == pytest.approx(load, rel=0.02)
    assert waited / count == pytest.approx(mean_wait(load, service), rel=0.1)


def test_nobody_waits_where_all_come_one_after_the_other() -> None:
    server = Server(end=10)
    assert [server.take(at, 1) for at in (0, 1, 5)] == [1, 2, 6]
    assert server.utilisation == pytest.approx(0.3)


def test_what_is_served_after_the_end_is_not_counted() -> None:
    server = Server(end=1)
    for _ in range(5):
        server.take(0, 1)
    assert server.utilisation == 1


def test_other_work_makes_a_server_slower_and_busier() -> None:
    server = Server(end=10, quiet=0.5)
    assert server.take(0, 1) == 2
    assert server.utilisation == pytest.approx(0.6)


def test_all_servers_are_as_busy_as_was_reckoned() -> None:
    servers = Servers(replicas=6, redis=2, workers=1)
    seen = Crowd(COSTS, CROWD, servers, seconds=20, seed=1).run()
    reckoned = utilisation(COSTS, CROWD, servers)
    assert seen.messages == pytest.approx(CROWD.messages * 20, rel=0.05)
    assert seen.utilisation == pytest.approx(reckoned, rel=0.05)


def test_the_same_seed_gives_the_same_and_another_one_does_not() -> None:
    def play(seed: int) -> object:
        return Crowd(COSTS, CROWD, Servers(2, 1, 1), seconds=1, seed=seed).run()

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_beyond_the_first_wall_messages_wait_and_before_it_they_hardly_do() -> None:
    servers = Servers(replicas=200, redis=1, workers=10)
    load = Load(20_000, room_people=2, seconds_between=5, hot_rate=0)
    name, factor = first_wall(COSTS, load, servers)
    assert name == "redis"

    def wait(part: float) -> float:
        busier = replace(load, seconds_between=load.seconds_between / factor / part)
        return Crowd(COSTS, busier, servers, seconds=1, seed=1).run().redis_wait_ms["p99"]

    assert wait(0.5) < 1
    assert wait(1.3) > 100


def test_servers_that_keep_the_limits_deliver_at_once() -> None:
    servers = servers_for(COSTS, CROWD, Limits())
    seen = Crowd(COSTS, CROWD, servers, seconds=5, seed=2).run()
    assert seen.ack_ms["p99"] < seen.delivery_ms["p99"] < 500


def test_percentiles_are_those_of_the_sorted_times() -> None:
    assert percentiles([0.001 * n for n in range(100, 0, -1)]) == pytest.approx(
        {"p50": 51, "p99": 100}
    )
