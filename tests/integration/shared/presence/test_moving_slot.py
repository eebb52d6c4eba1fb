"""Reaping while a slot goes to another node key by key: nothing is done by halves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.crc import key_slot
from tests.integration.shared.conftest import IDS, make_settings, make_user

from shared.presence.presence import Joined, Member, Presence
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from local_stack.cluster import ValkeyCluster


@pytest.fixture
async def redis(cluster: ValkeyCluster) -> AsyncIterator[Redis]:
    client = open_redis(cluster.url, "test")
    yield client
    await client.aclose()


async def test_who_is_half_moved_is_reaped_when_the_move_is_done(
    cluster: ValkeyCluster, redis: Redis, keys: Keys
) -> None:
    scripts = Scripts(redis, keys)
    presence, rooms = Presence(redis, scripts), LiveRooms(redis, scripts)
    room, unlisted, user = make_settings(), make_settings(), make_user()
    await rooms.load(room, epoch=IDS.epoch(), last_seq=0, total=0, closed=False)
    member = Member(room.id, user.id, IDS.new())
    assert isinstance(await presence.join(member, user), Joined)
    partition = keys.partition_of(room.id)
    await redis.zadd(keys.conns(partition), {str(member): 1})  # expired
    # A script runs on a slot that moves only where all of its KEYS are.
    await redis.zadd(keys.leaving(partition), {f"{room.id}|{IDS.new()}": 1})
    await redis.zadd(keys.unlisted(partition), {str(unlisted.id): 1})

    slot = key_slot(keys.meta(room.id).encode())
    to = (cluster.owner_of(slot) + 1) % 3
    behind = [build(partition) for build in (keys.conns, keys.leaving, keys.online, keys.unlisted)]
    cluster.begin_move(slot, to)
    cluster.move_keys(slot, to, 100, but=behind)
    assert await presence.reap(partition) == 0
    assert await redis.zcard(keys.conns(partition)) == 1

    cluster.move_keys(slot, to, 100)
    await asyncio.to_thread(cluster.finish_move, slot, to)
    assert await presence.reap(partition) == 2
    assert (await presence.snapshot(room.id)).people == ()
    assert await redis.zcard(keys.conns(partition)) == 0
