from __future__ import annotations

import re
from ipaddress import ip_address, ip_network

import pytest
from redis.asyncio import Redis
from tests.redis_nodes import names_like

from local_stack.ports import free_ports
from shared.domain.budgets import Budget
from shared.domain.times import DAY_MICROS
from shared.limits.addresses import Addresses, AddressRule, AddressRules
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.runtime.redis_client import open_redis

RULES = AddressRules(
    AddressRule(Budget(100, 10), 50),
    AddressRule(Budget(10, 1), 5),
    (ip_network("127.0.0.0/8"),),
)


class ManualClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = 20_000 * DAY_MICROS

    def micros(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.now / 1_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def addresses(redis: Redis, keys: Keys, clock: ManualClock) -> Addresses:
    return Addresses(CallBatcher(redis), keys, RULES, clock)


async def name_of(addresses: Addresses, address: str) -> str:
    counted = await addresses.counted(ip_address(address))
    assert counted is not None
    return counted.name


async def test_all_replicas_call_an_address_by_one_name(
    redis: Redis, keys: Keys, clock: ManualClock, addresses: Addresses
) -> None:
    other = Addresses(CallBatcher(redis), keys, RULES, clock)
    name = await name_of(addresses, "203.0.113.7")
    assert await name_of(other, "203.0.113.7") == name
    assert await name_of(other, "203.0.113.8") != name


async def test_a_household_of_ipv6_is_one_address_and_has_its_own_rule(
    addresses: Addresses,
) -> None:
    one = await addresses.counted(ip_address("2001:db8:1:2::1"))
    assert one == await addresses.counted(ip_address("2001:db8:1:2:ffff::9"))
    assert one is not None
    assert one.rule == RULES.ipv6
    assert one.name != await name_of(addresses, "2001:db8:1:3::1")


async def test_the_name_tells_no_address_and_is_another_the_next_day(
    addresses: Addresses, clock: ManualClock, redis: Redis, redis_key_prefix: str
) -> None:
    name = await name_of(addresses, "203.0.113.7")
    assert re.fullmatch("[0-9a-f]{32}", name)
    clock.now += DAY_MICROS
    assert await name_of(addresses, "203.0.113.7") != name
    kept = await names_like(redis, f"{redis_key_prefix}*")
    assert len(kept) == 2
    assert all([await redis.ttl(key) > 0 for key in kept])


async def test_networks_that_are_not_counted_have_no_name(addresses: Addresses) -> None:
    assert await addresses.counted(ip_address("127.0.0.9")) is None


async def test_who_tells_no_address_is_counted_with_all_those(addresses: Addresses) -> None:
    one = await addresses.counted(None)
    assert one is not None
    assert one == await addresses.counted(None)


async def test_while_redis_is_away_nobody_is_counted(keys: Keys, clock: ManualClock) -> None:
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}", "test")
    addresses = Addresses(CallBatcher(away), keys, RULES, clock)
    assert await addresses.counted(ip_address("203.0.113.7")) is None
    await away.aclose()
