"""Connections follow the master, also when the old one does not know that it was replaced."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from local_stack.sentinel import SentinelGroup, start_sentinel
from shared.protocol.errors import Unavailable
from shared.runtime.redis_client import OUTAGES, open_redis, redis_outage_as_unavailable
from shared.runtime.redis_sentinel import LOOK_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

OUTAGE_SECONDS = 20.0
"""At most, on a machine that is busy. Without time-outs it would never end."""
CERTAIN_SECONDS = LOOK_SECONDS + 0.5
"""After the sentinels have agreed, with the time of asking them."""


@pytest.fixture
def group(reachable_path: Path) -> Iterator[SentinelGroup]:
    group = start_sentinel(reachable_path / "sentinel")
    yield group
    group.stop()


@pytest.fixture
async def redis(group: SentinelGroup) -> AsyncIterator[Redis]:
    client = open_redis(group.url, "test")
    yield client
    await client.aclose()


async def test_nothing_is_written_to_a_master_of_yesterday(
    group: SentinelGroup, redis: Redis
) -> None:
    await asyncio.gather(*(redis.rpush("warm", n) for n in range(20)))
    replaced = asyncio.create_task(asyncio.to_thread(group.detach_master))
    acknowledged: list[tuple[float, int]] = []
    number, late, enough = 0, 0.0, 0
    while not late or time.monotonic() < late + 1 or number < enough:
        if replaced.done() and not late:
            late = time.monotonic() + CERTAIN_SECONDS
        if late and time.monotonic() < late:
            enough = number + 60  # behind it, however slow the machine is
        number += 1
        try:
            await redis.rpush("written", number)
        except OUTAGES:
            await asyncio.sleep(0.05)
        else:
            acknowledged.append((time.monotonic(), number))
        await asyncio.sleep(0.002)
    old = await replaced
    assert group.call(old, "ROLE")[0] == "master", "the old one was told too early for this test"
    kept = {int(n) for n in group.call(group.master, "LRANGE", "written", 0, -1)}
    certain = {n for at, n in acknowledged if at > late}
    assert len(certain) > 50
    assert certain <= kept


async def test_who_was_idle_does_not_write_to_a_master_of_yesterday_even_once(
    group: SentinelGroup, redis: Redis
) -> None:
    await redis.set("x", "before")
    await asyncio.to_thread(group.detach_master)
    await redis.set("x", "after")
    assert group.call(group.master, "GET", "x") == "after"


async def test_while_the_sentinels_are_away_the_master_is_used_on(
    group: SentinelGroup, redis: Redis
) -> None:
    await redis.set("x", "1")
    group.stop_sentinels()
    await asyncio.sleep(2 * LOOK_SECONDS + 0.1)
    assert await redis.get("x") == b"1"
    stranger = open_redis(group.url, "stranger")
    with pytest.raises(Unavailable), redis_outage_as_unavailable():
        await stranger.get("x")
    await stranger.aclose()


async def test_a_silent_master_is_an_outage_in_seconds(group: SentinelGroup, redis: Redis) -> None:
    await redis.set("x", "1")
    master = group.pause_master()
    start = time.monotonic()
    with pytest.raises(Unavailable), redis_outage_as_unavailable():
        await redis.get("x")
    assert time.monotonic() - start < OUTAGE_SECONDS
    group.send(master, signal.SIGCONT)
