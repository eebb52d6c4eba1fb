"""One node of a cluster is away: those whose rooms are on the others are renewed as always."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.crc import key_slot
from tests.integration.shared.conftest import IDS, make_settings, make_user

from shared.presence.presence import Joined, Member, Presence
from shared.protocol.errors import Unavailable
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from local_stack.cluster import ValkeyCluster
    from shared.redis_schema.keys import Keys


async def test_a_renewal_tells_who_is_missing_though_a_node_is_away(
    cluster: ValkeyCluster, cluster_redis: Redis, keys: Keys
) -> None:
    redis, scripts = cluster_redis, Scripts(cluster_redis, keys)
    presence, rooms = Presence(redis, scripts), LiveRooms(redis, scripts)
    members: dict[int, Member] = {}
    while len(members) < 2:
        settings, user = make_settings(), make_user()
        home = cluster.owner_of(key_slot(keys.meta(settings.id).encode()))
        await rooms.load(settings, epoch=IDS.epoch(), last_seq=0, total=0, closed=False)
        members[home] = Member(settings.id, user.id, IDS.new())
        assert isinstance(await presence.join(members[home], user), Joined)
    (away, gone), (_, kept) = members.items()
    lost = Member(kept.room, kept.user, IDS.new())
    await asyncio.to_thread(cluster.kill, away)
    renewal = await presence.renew([gone, kept, lost])
    assert renewal.missing == [lost]
    assert isinstance(renewal.failed, Unavailable)
    await redis.aclose()
