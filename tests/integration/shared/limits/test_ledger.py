from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from local_stack.ports import free_ports
from shared.domain.budgets import UNLIMITED, Budget, Scope
from shared.limits.buckets import Buckets
from shared.limits.ledger import Ledger
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis

BUDGET = Budget(10, 0.1)


def new_ledger(redis: Redis, keys: Keys) -> Ledger:
    return Ledger(Buckets(CallBatcher(redis), Scripts(redis, keys)), SystemClock())


@pytest.fixture
def ledger(redis: Redis, keys: Keys) -> Ledger:
    return new_ledger(redis, keys)


def now() -> float:
    return SystemClock().monotonic()


async def test_what_two_replicas_have_seen_is_added_up(redis: Redis, keys: Keys) -> None:
    here, there = new_ledger(redis, keys), new_ledger(redis, keys)
    accounts = [one.open(Scope.SESSION, "রাকিব", BUDGET) for one in (here, there)]
    for account, one in zip(accounts, (here, there), strict=True):
        assert account is not None
        account.spend(7)
        await one.settle()
    assert accounts[0] is not None
    assert accounts[1] is not None
    assert accounts[1].wait(now()) == pytest.approx(40, abs=2)  # 4 over, a tenth per second
    assert accounts[0].wait(now()) == 0  # has not asked since
    accounts[0].spend(1)
    await here.settle()
    assert accounts[0].wait(now()) == pytest.approx(50, abs=2)


async def test_little_is_not_told_at_once(ledger: Ledger, redis: Redis, keys: Keys) -> None:
    account = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert account is not None
    account.spend(0.5)
    await ledger.settle()
    assert account.owed == 0.5
    assert await redis.exists(keys.bucket(Scope.SESSION, "রাকিব")) == 0


async def test_holders_of_one_subject_share_its_account(ledger: Ledger) -> None:
    one = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert ledger.open(Scope.SESSION, "রাকিব", BUDGET) is one
    assert ledger.open(Scope.ADDRESS, "রাকিব", BUDGET) is not one
    assert len(ledger) == 2
    ledger.close(one)
    ledger.close(one)
    assert len(ledger) == 1


async def test_who_left_in_debt_and_comes_back_does_not_begin_anew(ledger: Ledger) -> None:
    account = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert account is not None
    account.spend(15)
    ledger.close(account)
    assert len(ledger) == 0
    await ledger.settle()  # tells at once, as nobody holds it
    again = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert again is account
    assert account.wait(now()) > 0


async def test_who_leaves_while_it_is_told_does_not_begin_anew_either(ledger: Ledger) -> None:
    account = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert account is not None
    account.spend(15)
    telling = asyncio.create_task(ledger.settle())
    await asyncio.sleep(0)  # it is on its way
    assert account.owed == 0
    ledger.close(account)
    await telling
    assert ledger.open(Scope.SESSION, "রাকিব", BUDGET) is account
    assert account.wait(now()) > 0


async def test_who_left_without_debt_is_forgotten(ledger: Ledger) -> None:
    account = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert account is not None
    account.spend(1)
    ledger.close(account)
    await ledger.settle()
    await ledger.settle()
    assert ledger.open(Scope.SESSION, "রাকিব", BUDGET) is not account


async def test_what_is_unlimited_has_no_account(ledger: Ledger) -> None:
    assert ledger.open(Scope.SESSION, "রাকিব", UNLIMITED) is None
    ledger.close(None)


async def test_while_redis_is_away_debts_stay(keys: Keys) -> None:
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}", "test")
    ledger = new_ledger(away, keys)
    account = ledger.open(Scope.SESSION, "রাকিব", BUDGET)
    assert account is not None
    account.spend(5)
    await ledger.settle()
    assert account.owed == 5
    await away.aclose()
