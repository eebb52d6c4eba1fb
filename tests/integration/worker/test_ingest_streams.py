"""With ADDA_REDIS_WAIT_REPLICAS a worker stores only what a failover cannot take back."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.patience import eventually

from local_stack.sentinel import SentinelGroup, start_sentinel
from shared.redis_schema.keys import CONSUMER_GROUP, Keys
from shared.runtime.redis_client import open_redis
from worker.ingest_streams import IngestStreams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis

MASTER, REPLICA = 0, 1
KEYS = Keys("t:", 1)


@pytest.fixture
def group(reachable_path: Path) -> Iterator[SentinelGroup]:
    started = start_sentinel(reachable_path / "servers", replicas=1, sentinels=1)
    yield started
    started.stop()


@pytest.fixture
async def redis(group: SentinelGroup) -> AsyncIterator[Redis]:
    client = open_redis(group.node_url(MASTER), "test")
    yield client
    await client.aclose()


async def test_what_no_replica_has_is_not_handed_on_until_one_has_it(
    group: SentinelGroup, redis: Redis
) -> None:
    stream = KEYS.ingest(0)
    await redis.xgroup_create(stream, CONSUMER_GROUP, id="0", mkstream=True)
    streams = IngestStreams(redis, KEYS, "worker-1", [0], wait_replicas=1)
    peer = IngestStreams(redis, KEYS, "worker-2", [0], wait_replicas=1)
    await streams.read(10, 0)  # nothing is left from before

    group.send(REPLICA, signal.SIGSTOP)
    entry = await redis.xadd(stream, {"k": "?"})
    for _ in range(2):  # new to this consumer, then pending: that read alone writes nothing
        assert await streams.read(10, 0) == []
    assert await peer.claim(10, 0) == []

    group.send(REPLICA, signal.SIGCONT)
    handed: list[bytes] = []

    async def is_handed_on() -> bool:
        peer.recover()
        handed.extend(found.key.entry_id for found in await peer.read(10, 0))
        return bool(handed)

    await eventually(is_handed_on)
    assert handed == [entry]


async def test_what_is_gone_from_the_server_is_not_handed_on(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = KEYS.ingest(0)
    await redis.xgroup_create(stream, CONSUMER_GROUP, id="0", mkstream=True)
    streams = IngestStreams(redis, KEYS, "worker-1", [0], wait_replicas=1)
    await streams.read(10, 0)
    lost, kept = [await redis.xadd(stream, {"k": name}) for name in ("lost", "kept")]
    read = redis.xreadgroup

    async def read_before_a_failover(*args: object, **options: object) -> object:
        answer = await read(*args, **options)  # type: ignore[arg-type]
        await redis.xack(stream, CONSUMER_GROUP, lost)  # another master never handed it out
        return answer

    monkeypatch.setattr(redis, "xreadgroup", read_before_a_failover)
    assert [entry.key.entry_id for entry in await streams.read(10, 0)] == [kept]
