from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from local_stack.ports import free_ports
from shared.limits.connection_counts import COUNT_DOUBT_MS, COUNT_TTL_MS, ConnectionCounts
from shared.redis_schema.call_batcher import MOST_WAITING, CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis


@pytest.fixture
def counts_of(redis: Redis, keys: Keys) -> Callable[[str], ConnectionCounts]:
    def build(instance: str) -> ConnectionCounts:
        return ConnectionCounts(CallBatcher(redis), Scripts(redis, keys), instance)

    return build


async def test_connections_are_counted_over_all_replicas(
    counts_of: Callable[[str], ConnectionCounts],
) -> None:
    one, two = counts_of("ws-1"), counts_of("ws-2")
    assert await one.add("কেউ", 1, 3) == "taken"
    assert await one.add("কেউ", 2, 3) == "taken"
    assert await two.add("কেউ", 1, 3) == "taken"
    assert await two.add("কেউ", 2, 3) == "full"
    assert await one.add("কেউ", 3, 3) == "full"
    assert await two.add("অন্য কেউ", 3, 3) == "taken"


async def test_who_was_refused_is_not_counted_and_who_left_makes_place(
    counts_of: Callable[[str], ConnectionCounts],
) -> None:
    one, two = counts_of("ws-1"), counts_of("ws-2")
    assert await one.add("কেউ", 2, 2) == "taken"
    assert await two.add("কেউ", 1, 2) == "full"
    await one.tell({"কেউ": 1})
    assert await two.add("কেউ", 1, 2) == "taken"


async def test_nothing_stays_of_an_address_that_has_gone(
    counts_of: Callable[[str], ConnectionCounts], redis: Redis, keys: Keys
) -> None:
    one = counts_of("ws-1")
    await one.add("কেউ", 1, 0)
    await one.tell({"কেউ": 0})
    assert await redis.exists(keys.open_connections("কেউ")) == 0


async def test_what_a_dead_replica_had_does_not_count_for_long(
    counts_of: Callable[[str], ConnectionCounts],
    redis: Redis,
    keys: Keys,
) -> None:
    await counts_of("ws-1").add("কেউ", 5, 0)
    await redis.hset(keys.open_connections("কেউ"), "ws-1", b"5 1000")  # expired long ago
    assert await counts_of("ws-2").add("কেউ", 3, 3) == "taken"
    assert await redis.hexists(keys.open_connections("কেউ"), "ws-1") is False


async def test_nobody_is_refused_for_good_because_of_a_replica_that_may_be_dead(
    counts_of: Callable[[str], ConnectionCounts], redis: Redis, keys: Keys
) -> None:
    await counts_of("ws-1").add("কেউ", 2, 0)
    half = SystemClock().micros() // 1000 + (COUNT_TTL_MS - COUNT_DOUBT_MS) // 2
    await redis.hset(keys.open_connections("কেউ"), "ws-1", f"2 {half}".encode())
    assert await counts_of("ws-2").add("কেউ", 2, 3) == "later"
    assert await counts_of("ws-2").add("কেউ", 4, 3) == "full"


async def test_very_many_addresses_are_told_in_turns(
    counts_of: Callable[[str], ConnectionCounts], redis: Redis, keys: Keys
) -> None:
    many = MOST_WAITING + 1000
    await counts_of("ws-1").tell({f"কেউ {n}": 1 for n in range(many)})
    last = keys.open_connections(f"কেউ {many - 1}")
    assert await redis.hexists(last, "ws-1")


async def test_a_number_expires_with_its_key(
    counts_of: Callable[[str], ConnectionCounts], redis: Redis, keys: Keys
) -> None:
    await counts_of("ws-1").add("কেউ", 5, 0)
    ttl = await redis.pttl(keys.open_connections("কেউ"))
    assert COUNT_TTL_MS < ttl <= 2 * COUNT_TTL_MS


async def test_while_redis_is_away_nobody_is_refused(keys: Keys) -> None:
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}", "test")
    counts = ConnectionCounts(CallBatcher(away), Scripts(away, keys), "ws-1")
    assert await counts.add("কেউ", 9, 3) == "taken"
    await counts.tell({"কেউ": 9})
    await away.aclose()
