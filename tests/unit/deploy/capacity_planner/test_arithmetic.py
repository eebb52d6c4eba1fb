"""The arithmetic gives what one reckons by hand, and more of anything never needs less."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.deploy.capacity_planner.some_costs import COSTS

from capacity_planner.arithmetic import (
    Constants,
    Limits,
    Load,
    NoSize,
    Servers,
    first_wall,
    fit,
    listening,
    redis_bytes,
    redis_for,
    redis_work,
    replicas_for,
    return_seconds,
    servers_for,
    utilisation,
    ws_work,
)

LIMITS = Limits()
CROWDS = [Load(connections) for connections in (1000, 10_000, 100_000, 1_000_000)]


def test_a_line_is_found_again() -> None:
    xs = [10, 100, 1000, 10_000]
    assert fit(xs, [300 + 8 * x for x in xs]) == pytest.approx((300, 8))


def test_each_point_of_a_line_counts_alike_whatever_its_size() -> None:
    xs = [10, 100, 10_000]
    fixed, _ = fit(xs, [400, 1200, 85_000])
    assert fixed == pytest.approx(320, rel=0.1)


def _row(name: str, value: int, ws: float, valkey: float) -> dict[str, Any]:
    cost = {
        "cpu_us_per_message": {"ws": ws, "valkey": valkey},
        "cpu_us_per_delivery": ws / value,
        "bytes_per_delivery": 430,
        "people": 4,
    }
    return {name: value, "one_by_one": cost, "saturated": cost, "many_rooms": cost}


def test_costs_are_taken_from_the_curves() -> None:
    quiet = {"ws": 0.1, "valkey": 0.02}
    alone = {"cpu_us_per_message": {"valkey": 300}}
    growth = {
        "receivers": [_row("receivers", 100, 1100, 0), _row("receivers", 1000, 10_000, 0)],
        "replicas": [
            _row("replicas", n, 120 + 20 * n, 40 + 5 * n) | {"one_by_one": alone} for n in (1, 2, 3)
        ],
        "rooms": [
            {"cpu_us_per_message": {"ws": 270, "valkey": 65, "worker": 40, "postgres": 15}},
        ],
        "memory": {
            "hot_room": {"bytes": 100_000, "dedup_bytes_per_message": 250},
            "idle": {
                "ws_bytes": 100e6,
                "quiet_cpu_share": {"ws": 0.0, "valkey": 0.0},
                "connections": [
                    {
                        "connections": 5000,
                        "quiet_cpu_share": quiet,
                        "accept_cpu_ms": {"ws": 1.0},
                        "ws_bytes_per_connection": 20_000,
                        "valkey_bytes_per_connection": 1000,
                    }
                ],
            },
        },
        "stored": [{"bytes_per_message": 400}],
    }
    found = Constants.of(growth)
    for name in Constants.__slots__:
        wanted = getattr(replace(COSTS, redis_quiet_us=4, write_saturated_us=10), name)
        assert getattr(found, name) == pytest.approx(wanted), name


def test_people_of_a_room_are_at_as_many_replicas_as_chance_has_it() -> None:
    assert listening(1, 50) == 1
    assert listening(50, 1) == pytest.approx(1)
    assert listening(2, 2) == pytest.approx(1.5)
    assert listening(10, 10_000) == pytest.approx(10)


def test_a_load_is_what_its_people_say() -> None:
    load = Load(1000, room_people=9, seconds_between=10, hot_share=0.1, hot_rate=5)
    assert (load.hot_people, load.small_people, load.rooms) == (100, 900, 100)
    assert load.messages == pytest.approx(95)
    assert load.deliveries == pytest.approx(90 * 9 + 5 * 100)


def test_one_replica_does_all_that_is_reckoned_by_hand() -> None:
    load = Load(1000, room_people=10, seconds_between=10, hot_share=0, hot_rate=0)
    assert ws_work(COSTS, load, 1) == pytest.approx(
        {"send": 0.02, "hear": 0.005, "write": 0.01, "quiet": 0.02}
    )
    assert redis_work(COSTS, load, 1) == pytest.approx((0.0085, 0))
    assert utilisation(COSTS, load, Servers(1, 1, 1)) == pytest.approx(
        {"ws": 0.055, "redis": 0.0085, "worker": 0.004, "postgres": 0.0015}
    )


def test_more_people_never_need_fewer_servers() -> None:
    found = [servers_for(COSTS, load, LIMITS) for load in CROWDS]
    for part in ("replicas", "redis", "workers"):
        counts = [getattr(servers, part) for servers in found]
        assert counts == sorted(counts)


@pytest.mark.parametrize("load", CROWDS, ids=lambda load: f"{load.connections}")
def test_the_servers_that_are_found_keep_the_limits_and_fewer_would_not(load: Load) -> None:
    servers = servers_for(COSTS, load, LIMITS)
    used = utilisation(COSTS, load, servers)
    assert used["ws"] <= LIMITS.ws_share
    assert used["redis"] <= LIMITS.redis_share
    assert max(used["worker"], used["postgres"]) <= LIMITS.worker_share
    if servers.redis > 1:
        fewer = replace(servers, redis=servers.redis - 1)
        assert utilisation(COSTS, load, fewer)["redis"] > LIMITS.redis_share
    if servers.workers > 1:
        fewer = replace(servers, workers=servers.workers - 1)
        assert utilisation(COSTS, load, fewer)["worker"] > LIMITS.worker_share


def test_each_limit_of_a_replica_can_be_the_one_that_decides() -> None:
    listeners = Load(100_000, seconds_between=1e9, hot_rate=0)
    assert replicas_for(COSTS, listeners, LIMITS) == {
        "connections": 5,
        "memory": 3,
        "processor": 4,
    }
    assert replicas_for(COSTS, listeners, replace(LIMITS, ws_memory=200e6))["memory"] == 20
    talkers = replace(listeners, seconds_between=10)
    assert replicas_for(COSTS, talkers, LIMITS)["processor"] > 5


def test_a_room_that_is_too_hot_for_one_server_cannot_be_divided() -> None:
    load = Load(100_000, hot_rate=10_000)
    with pytest.raises(NoSize, match="redis"):
        redis_for(COSTS, load, LIMITS, 10)


def test_the_first_wall_is_what_is_fullest() -> None:
    load = Load(10_000, room_people=2, seconds_between=10, hot_rate=0)
    name, factor = first_wall(COSTS, load, Servers(replicas=100, redis=1, workers=10))
    assert name == "redis"
    more = replace(load, seconds_between=10 / factor)
    used = utilisation(COSTS, more, Servers(100, 1, 10))
    assert used["redis"] == pytest.approx(1)
    assert max(used.values()) == used["redis"]
    assert first_wall(COSTS, load, Servers(100, 1000, 1))[0] == "worker"
    assert first_wall(COSTS, load, Servers(1, 1000, 1000))[0] == "ws"


def test_redis_holds_rooms_connections_and_what_it_remembers() -> None:
    load = Load(1000, room_people=10, seconds_between=10, hot_share=0, hot_rate=0)
    assert redis_bytes(COSTS, load) == 101 * 100_000 + 1000 * 1000 + 100 * 600 * 250


def test_all_are_back_as_soon_as_they_are_admitted_or_carried() -> None:
    load, servers = Load(100_000), Servers(10, 1, 1)
    assert return_seconds(COSTS, load, servers, LIMITS) == pytest.approx(20)
    slow = replace(COSTS, accept_us=6000)
    assert return_seconds(slow, load, servers, LIMITS) == pytest.approx(100)
