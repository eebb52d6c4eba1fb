from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.integration.worker.conftest import PARTITIONS
from tests.integration.worker.harness import Ingest, running_worker
from tests.patience import eventually

from shared.redis_schema.keys import CONSUMER_GROUP
from shared.redis_schema.scripts import Scripts
from worker.wiring import open_deps

if TYPE_CHECKING:
    from worker.settings import WorkerSettings

DAY_SECONDS = 86_400


async def test_presence_that_expired_is_reaped(ingest: Ingest, settings: WorkerSettings) -> None:
    room, somebody, connection = uuid4(), uuid4(), uuid4()
    partition = ingest.keys.partition_of(room)
    member = f"{room}|{somebody}|{connection}"
    await ingest.redis.zadd(ingest.keys.conns(partition), {member: 1})

    async def reaped() -> bool:
        return await ingest.redis.zcard(ingest.keys.conns(partition)) == 0

    async with running_worker(settings):
        await eventually(reaped)


async def test_presence_that_is_renewed_stays(ingest: Ingest, settings: WorkerSettings) -> None:
    room, gone, here = uuid4(), f"{uuid4()}|{uuid4()}", f"{uuid4()}|{uuid4()}"
    partition = ingest.keys.partition_of(room)
    later = (time.time() + 60) * 1000
    conns = ingest.keys.conns(partition)
    await ingest.redis.zadd(conns, {f"{room}|{gone}": 1, f"{room}|{here}": later})

    async def reaped() -> bool:
        return await ingest.redis.zcard(conns) == 1

    async with running_worker(settings):
        await eventually(reaped)
    assert await ingest.redis.zrange(conns, 0, -1) == [f"{room}|{here}".encode()]


async def test_what_is_old_is_tidied_up(ingest: Ingest, settings: WorkerSettings) -> None:
    now_ms = int(time.time() * 1000)
    old_ms = now_ms - 2 * DAY_SECONDS * 1000
    seen, dead = ingest.keys.seen_of(0), ingest.keys.dead(0)
    await ingest.redis.zadd(seen, {"long ago": old_ms, "lately": now_ms})
    await ingest.redis.xadd(dead, {"reason": "old"}, id=f"{now_ms - 31 * DAY_SECONDS * 1000}-0")
    await ingest.redis.xadd(dead, {"reason": "new"})

    async def tidied() -> bool:
        return await ingest.redis.xlen(dead) == 1 and await ingest.redis.zcard(seen) == 1

    async with running_worker(settings):
        await eventually(tidied)
    assert await ingest.redis.zrange(seen, 0, -1) == [b"lately"]


async def test_a_consumer_that_was_here_today_is_not_forgotten(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    await ingest.create_groups()
    stream = ingest.keys.ingest(0)
    await ingest.redis.xgroup_createconsumer(stream, CONSUMER_GROUP, "peer")
    async with running_worker(settings):
        await ingest.wait_until_empty()
    names = {c["name"] for c in await ingest.redis.xinfo_consumers(stream, CONSUMER_GROUP)}
    assert names == {b"peer", b"worker-1"}


async def test_a_queue_that_has_lost_its_group_does_not_end_the_reaper(
    ingest: Ingest, settings: WorkerSettings
) -> None:
    old_ms = int(time.time() - 2 * DAY_SECONDS) * 1000
    last = PARTITIONS - 1
    await ingest.redis.zadd(ingest.keys.seen_of(last), {"long ago": old_ms})
    await ingest.put(0, {b"k": b"u"})  # before a worker reads it, as after FLUSHALL

    async def tidied() -> bool:
        return await ingest.redis.zcard(ingest.keys.seen_of(last)) == 0

    stop = asyncio.Event()
    async with open_deps(settings, stop) as deps:
        reaping = asyncio.create_task(deps.supervisor.reaper.run(stop))
        try:
            await eventually(tidied)
        finally:
            stop.set()
            await reaping


async def test_who_has_something_pending_is_not_forgotten(
    ingest: Ingest,
) -> None:
    scripts = Scripts(ingest.redis, ingest.keys)
    await ingest.create_groups()
    stream = ingest.keys.ingest(0)
    await ingest.put(0, {b"k": b"u"})
    await ingest.read_as("busy", 0)
    await ingest.redis.xgroup_createconsumer(stream, CONSUMER_GROUP, "idle")
    assert await scripts.forget_consumers(0, 60_000) == 0
    await asyncio.sleep(0.01)
    assert await scripts.forget_consumers(0, 1) == 1
    names = {c["name"] for c in await ingest.redis.xinfo_consumers(stream, CONSUMER_GROUP)}
    assert names == {b"busy"}
