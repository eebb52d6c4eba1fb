"""One node of a cluster is away: where the rooms of the others stand can be told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.crc import key_slot
from tests.integration.shared.conftest import make_settings

from shared.message_log.message_log import Head, MessageLog
from shared.protocol.errors import Unavailable
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms

if TYPE_CHECKING:
    from uuid import UUID

    from redis.asyncio import Redis

    from local_stack.cluster import ValkeyCluster
    from shared.redis_schema.keys import Keys


async def test_a_node_that_is_away_hides_no_place_of_the_others(
    cluster: ValkeyCluster, cluster_redis: Redis, keys: Keys
) -> None:
    redis, scripts = cluster_redis, Scripts(cluster_redis, keys)
    log, rooms = MessageLog(redis, scripts), LiveRooms(redis, scripts)
    homes: dict[int, UUID] = {}
    while len(homes) < 2:
        settings = make_settings()
        homes[cluster.owner_of(key_slot(keys.meta(settings.id).encode()))] = settings.id
        await rooms.load(settings, epoch="aa", last_seq=7, total=7, closed=False)
    (away, lost), (_, well) = homes.items()
    await asyncio.to_thread(cluster.kill, away)
    unknown, place = await log.heads([lost, well])
    assert isinstance(unknown, Unavailable)
    assert isinstance(place, Head)
    assert (place.epoch, place.seq) == ("aa", 7)
    assert await log.head(well) == place
    with pytest.raises(Unavailable):
        await log.head(lost)
    await redis.aclose()
