"""Commands find the node of their slot, also while slots move and nodes are away."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

import pytest
from redis.crc import key_slot
from redis.exceptions import DataError
from tests.integration.shared.conftest import IDS, make_settings, make_user

from local_stack.cluster import ValkeyCluster
from shared.message_log.message_log import MessageLog
from shared.protocol.codec import MessageBody
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Command, Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.redis_client import is_outage, open_redis, redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from redis.asyncio import Redis

OUTAGE_SECONDS = 20.0
"""At most, on a machine that is busy. Without time-outs it would never end."""
TAGS = [f"{{p{n}}}" for n in range(16)]


@pytest.fixture
async def redis(cluster: ValkeyCluster) -> AsyncIterator[Redis]:
    client = open_redis(cluster.url, "test")
    yield client
    await client.aclose()


def tag_of(cluster: ValkeyCluster, node: int) -> str:
    """A tag whose slot is served by `node`."""
    return next(tag for tag in TAGS if cluster.owner_of(slot(tag)) == node)


def slot(tag: str) -> int:
    return key_slot(tag.encode())


async def test_a_pipeline_over_all_nodes_answers_in_its_order(redis: Redis) -> None:
    names = [f"{tag}order:{IDS.new()}" for tag in TAGS]
    pipeline = redis.pipeline(transaction=False)
    for n, name in enumerate(names):
        pipeline.set(name, n)
        pipeline.incr(name)
    assert (await pipeline.execute())[1::2] == list(range(1, 17))


async def test_what_has_no_key_is_refused_before_it_is_sent(redis: Redis) -> None:
    for call in (redis.flushall, redis.dbsize, redis.client_list):
        with pytest.raises(DataError, match="no key"):
            await call()


async def test_the_first_node_of_the_url_may_be_away(cluster: ValkeyCluster) -> None:
    client = open_redis(cluster.url.replace("@", "@127.0.0.1:1,"), "test")
    assert await client.ping() is True
    await client.aclose()


@pytest.mark.parametrize("transaction", [False, True])
async def test_a_moved_slot_is_followed(
    cluster: ValkeyCluster, redis: Redis, *, transaction: bool
) -> None:
    name = f"{{p3}}{IDS.new()}"
    await redis.set(name, "1")
    to = (cluster.owner_of(slot("{p3}")) + 1) % 3
    await asyncio.to_thread(cluster.move_slot, slot("{p3}"), to)
    pipeline = redis.pipeline(transaction=transaction)
    pipeline.incr(name)
    pipeline.incr(name)
    assert await pipeline.execute() == [2, 3]


async def test_a_key_that_has_gone_ahead_of_its_slot_is_asked_for(
    cluster: ValkeyCluster, redis: Redis
) -> None:
    gone, stays = (f"{{p5}}{IDS.new()}" for _ in range(2))
    await redis.mset({gone: "1", stays: "2"})
    to = (cluster.owner_of(slot("{p5}")) + 1) % 3
    cluster.begin_move(slot("{p5}"), to)
    cluster.move_keys(slot("{p5}"), to, 1000, but=[stays])
    pipeline = redis.pipeline(transaction=False)
    pipeline.get(gone)
    pipeline.get(stays)
    assert await pipeline.execute() == [b"1", b"2"]
    start = time.monotonic()
    with pytest.raises(Unavailable), redis_outage_as_unavailable():
        await redis.mget(gone, stays)  # neither node has both
    assert time.monotonic() - start < OUTAGE_SECONDS
    cluster.move_keys(slot("{p5}"), to, 1000)
    await asyncio.to_thread(cluster.finish_move, slot("{p5}"), to)
    assert await redis.mget(gone, stays) == [b"1", b"2"]


@pytest.mark.parametrize("way", ["move_slot", "move_slot_at_once"])
async def test_messages_under_load_survive_the_move_of_their_room(
    cluster: ValkeyCluster, redis: Redis, way: str
) -> None:
    keys = Keys(f"{IDS.new()}:", 16)
    scripts = Scripts(redis, keys)
    log, room = MessageLog(redis, scripts), make_settings()
    await LiveRooms(redis, scripts).load(room, epoch=IDS.epoch(), last_seq=0, total=0, closed=False)
    moved_slot = key_slot(keys.meta(room.id).encode())
    to = (cluster.owner_of(moved_slot) + 1) % 3
    moving = asyncio.create_task(asyncio.to_thread(getattr(cluster, way), moved_slot, to))
    sent = 0
    while not moving.done() or sent < 200:
        await asyncio.gather(*(say(log, room.id, f"{sent + n}") for n in range(20)))
        sent += 20
    await moving
    page = await log.after(room.id, 0, 10_000)
    assert [message.seq for message in page.messages] == list(range(1, sent + 1))
    texts = [int(body_text(message.body)) for message in page.messages]
    assert sorted(texts) == list(range(sent))


async def say(log: MessageLog, room: UUID, text: str) -> None:
    """Says it as a client would: with an id, and again until it is acknowledged."""
    user = make_user()
    ids = (str(user.id), user.username, user.color, str(IDS.new()), str(room))
    body = MessageBody(text, *ids, f"c{text}", "text", None, None)
    while True:
        try:
            await log.publish(body)
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return


def body_text(body: bytes) -> str:
    return body.partition(b'"message":"')[2].partition(b'"')[0].decode()


async def test_a_node_that_is_away_fails_its_own_keys_fast_and_no_others(
    cluster: ValkeyCluster, redis: Redis
) -> None:
    dead, alive = tag_of(cluster, 0) + "x", tag_of(cluster, 1) + "x"
    await redis.set(dead, "1")
    cluster.send(0, signal.SIGSTOP)
    try:
        start = time.monotonic()
        pipeline = redis.pipeline(transaction=False)
        pipeline.get(dead)
        pipeline.set(alive, "2")
        lost, done = await pipeline.execute(raise_on_error=False)
        assert is_outage(lost)
        assert done is True
        assert time.monotonic() - start < OUTAGE_SECONDS
        waiting = asyncio.ensure_future(redis.get(dead))
        assert await redis.get(alive) == b"2"
        assert not waiting.done()
        with pytest.raises(Unavailable), redis_outage_as_unavailable():
            await waiting
    finally:
        cluster.send(0, signal.SIGCONT)
    await asyncio.to_thread(cluster.wait_well)
    assert await redis.get(dead) == b"1"


async def test_a_slot_that_nobody_serves_fails_alone(cluster: ValkeyCluster) -> None:
    orphan = slot("{orphan}")
    owner = cluster.owner_of(orphan)
    for node in range(3):
        cluster.call(node, "CLUSTER", "DELSLOTS", orphan)
    client = open_redis(cluster.url, "test")
    try:
        pipeline = client.pipeline(transaction=False)
        pipeline.get("{orphan}x")
        pipeline.set(tag_of(cluster, 1) + "y", "1")
        lost, done = await pipeline.execute(raise_on_error=False)
        assert is_outage(lost)
        assert done is True
    finally:
        await client.aclose()
        cluster.call(owner, "CLUSTER", "ADDSLOTS", orphan)
        await asyncio.to_thread(cluster.wait_well)


async def test_a_batch_waits_for_its_own_node_alone(cluster: ValkeyCluster, redis: Redis) -> None:
    dead, alive = tag_of(cluster, 0) + "b", tag_of(cluster, 1) + "b"
    batcher = CallBatcher(redis)
    await asyncio.gather(*(batcher.submit(Command.of("DEL", name)) for name in (dead, alive)))
    cluster.send(0, signal.SIGSTOP)
    try:
        start = time.monotonic()
        waiting = [batcher.submit(Command.of("INCR", dead)) for _ in range(300)]
        for n in range(1, 50):
            assert await batcher.submit(Command.of("INCR", alive)) == n
        assert not any(each.done() for each in waiting)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        # Those in line are told at once, not each batch after a time-out of its own.
        assert {type(result) for result in results} == {Unavailable}
        assert time.monotonic() - start < OUTAGE_SECONDS
    finally:
        cluster.send(0, signal.SIGCONT)
    await asyncio.to_thread(cluster.wait_well)
