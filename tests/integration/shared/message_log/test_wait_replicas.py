"""With ADDA_REDIS_WAIT_REPLICAS a message is acknowledged only when replicas have it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import pytest
from tests.integration.shared.conftest import IDS, make_settings, make_user
from tests.patience import PATIENCE_SECONDS

from local_stack.cluster import ValkeyCluster, start_cluster
from local_stack.sentinel import SentinelGroup, start_sentinel
from shared.message_log.message_log import MessageLog
from shared.protocol.codec import MessageBody
from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

REPLICA = 1


@pytest.fixture(params=["sentinel", "cluster"])
def servers(
    request: pytest.FixtureRequest, reachable_path: Path
) -> Iterator[SentinelGroup | ValkeyCluster]:
    """A master and its replica."""
    started: SentinelGroup | ValkeyCluster
    if request.param == "sentinel":
        started = start_sentinel(reachable_path / "servers", replicas=1, sentinels=1)
    else:
        started = start_cluster(reachable_path / "servers", primaries=1, replicas=1)
    yield started
    started.stop()


@pytest.fixture
async def redis(servers: SentinelGroup | ValkeyCluster) -> AsyncIterator[Redis]:
    client = open_redis(servers.url, "test")
    yield client
    await client.aclose()


def body(text: str, client_id: str, room: str) -> MessageBody:
    user = make_user()
    ids = (str(user.id), user.username, user.color, str(IDS.new()), room)
    return MessageBody(text, *ids, client_id, "text", None, None)


async def test_what_no_replica_has_is_not_acknowledged_and_a_retry_tells_when_it_has(
    servers: SentinelGroup | ValkeyCluster, redis: Redis, keys: Keys
) -> None:
    scripts, room = Scripts(redis, keys), make_settings()
    await LiveRooms(redis, scripts).load(room, epoch=IDS.epoch(), last_seq=0, total=0, closed=False)
    log = MessageLog(redis, scripts, wait_replicas=1)
    warm = [body("সবার আগে", f"w{n}", str(room.id)) for n in range(50)]
    with pytest.raises(Unavailable):  # the server learns the script: told to repeat it
        await log.publish(warm[0])
    places = await asyncio.gather(*(log.publish(one) for one in warm))
    assert sorted(place.seq for place in places) == list(range(1, 51))

    message = body("পরে", "x", str(room.id))
    servers.send(REPLICA, signal.SIGSTOP)
    for _ in range(2):  # the retry writes nothing new, and is not confirmed either
        with pytest.raises(Unavailable) as caught:
            await log.publish(message)
        assert caught.value.code is ErrorCode.UNAVAILABLE
    stranger = open_redis(servers.url, "stranger")  # nor on a connection that wrote nothing yet
    with pytest.raises(Unavailable):
        await MessageLog(stranger, scripts, wait_replicas=1).publish(message)
    await stranger.aclose()

    servers.send(REPLICA, signal.SIGCONT)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                place = await log.publish(message)
            except Unavailable:
                continue
            break
    assert (place.seq, place.again) == (51, True)
