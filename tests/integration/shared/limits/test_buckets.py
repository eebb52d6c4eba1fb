from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from local_stack.ports import free_ports
from shared.domain.budgets import Budget, Scope
from shared.limits.buckets import MOST_IN_A_CALL, Buckets, Charge, Left
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.redis_client import open_redis

BUDGET = Budget(10, 0.01)
"""So little comes back that a busy machine changes nothing that is asserted here."""


@pytest.fixture
def buckets(redis: Redis, keys: Keys) -> Buckets:
    return Buckets(CallBatcher(redis), Scripts(redis, keys))


async def charge_all(buckets: Buckets, *charges: Charge) -> list[Left]:
    """As while Redis answers."""
    left = await buckets.charge(charges)
    assert None not in left
    return [each for each in left if each is not None]


def charge(
    subject: str = "রাকিব", cost: float = 1, budget: Budget = BUDGET, *, owed: bool = False
) -> Charge:
    return Charge(Scope.SESSION, subject, budget, cost, owed)


async def test_a_burst_is_allowed_and_then_it_is_told_how_long_to_wait(buckets: Buckets) -> None:
    [left] = await charge_all(buckets, charge(cost=9))
    assert left == (0.0, 1)
    [left] = await charge_all(buckets, charge(cost=3))
    assert left.wait == pytest.approx(200, abs=60)
    assert left.tokens == 1
    [left] = await charge_all(buckets, charge(cost=1))  # the refused charge took nothing
    assert left.wait == 0


async def test_what_is_done_already_counts_whatever_is_left(buckets: Buckets) -> None:
    [left] = await charge_all(buckets, charge(cost=12, owed=True))
    assert left.wait == pytest.approx(200, abs=60)
    [left] = await charge_all(buckets, charge(cost=1))
    assert left.wait == pytest.approx(300, abs=60)


async def test_a_debt_is_never_more_than_a_burst(buckets: Buckets) -> None:
    [left] = await charge_all(buckets, charge(cost=1e6, owed=True))
    assert left.wait == pytest.approx(1000, abs=60)


async def test_a_bucket_fills_with_time_and_not_over_its_brim(buckets: Buckets) -> None:
    quick = Budget(10, 1000)
    await charge_all(buckets, charge(cost=10, budget=quick))
    await asyncio.sleep(0.05)
    [left] = await charge_all(buckets, charge(cost=0, budget=quick))
    assert left == (0.0, 10)


async def test_buckets_do_not_share(buckets: Buckets) -> None:
    await charge_all(buckets, charge("রাকিব", 10))
    mine, yours = await charge_all(buckets, charge("রাকিব"), charge("মিতা"))
    assert mine.wait > 0
    assert yours == (0.0, 9)
    address = Charge(Scope.ADDRESS, "রাকিব", BUDGET, 1)
    assert await charge_all(buckets, address) == [(0.0, 9)]


async def test_many_are_charged_together_and_answered_in_order(buckets: Buckets) -> None:
    count = 16 * MOST_IN_A_CALL + 7
    charges = [charge(f"কেউ {n}", n % 10) for n in range(count)]
    left = await charge_all(buckets, *charges)
    assert [each.tokens for each in left] == [10 - n % 10 for n in range(count)]


async def test_a_full_bucket_is_nowhere(buckets: Buckets, redis: Redis, keys: Keys) -> None:
    quick = Budget(10, 1000)
    await charge_all(buckets, charge(cost=5, budget=quick))
    await asyncio.sleep(0.1)
    assert await redis.exists(keys.bucket(Scope.SESSION, "রাকিব")) == 0


async def test_of_many_at_once_exactly_a_burst_is_allowed(buckets: Buckets) -> None:
    slow = Budget(10, 0.001)
    answers = await asyncio.gather(*(charge_all(buckets, charge(budget=slow)) for _ in range(50)))
    assert sum(left.wait == 0 for [left] in answers) == 10


async def test_while_redis_is_away_nobody_is_limited(keys: Keys) -> None:
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}", "test")
    buckets = Buckets(CallBatcher(away), Scripts(away, keys))
    assert await buckets.charge([charge("রাকিব"), charge("মিতা")]) == [None, None]
    await away.aclose()
