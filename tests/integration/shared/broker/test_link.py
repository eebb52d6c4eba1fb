"""In a cluster each node has a link of its own, and each loss is that of some channels only."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from tests.integration.shared.broker.test_broker import INSTANCE, Replica, publish, running
from tests.integration.shared.conftest import IDS
from tests.patience import eventually
from tests.redis_nodes import clients_named

from local_stack.cluster import ValkeyCluster
from shared.broker.link import Link, slot_of
from shared.redis_schema.keys import Keys
from shared.runtime.redis_client import node_for, open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from redis.asyncio import Redis


@pytest.fixture
async def redis(cluster: ValkeyCluster) -> AsyncIterator[Redis]:
    client = open_redis(cluster.url, "test")
    yield client
    await client.aclose()


@pytest.fixture
async def replica(cluster: ValkeyCluster, keys: Keys) -> AsyncIterator[Replica]:
    async with running(cluster.url, keys) as one:
        await eventually(lambda: one.subscriber.listening)
        yield one


async def listen_everywhere(replica: Replica, keys: Keys, cluster: ValkeyCluster) -> dict[int, str]:
    """A room's channel on each node, subscribed."""
    channels: dict[int, str] = {}
    while len(channels) < 3:
        channel = keys.channel(IDS.new())
        channels.setdefault(cluster.owner_of(slot_of(channel)), channel)
    await asyncio.gather(*(replica.subscriber.subscribe(name) for name in channels.values()))
    return channels


async def links_of(redis: Redis, replica: Replica) -> dict[int, int]:
    """Connections that listen, by the port of their node."""
    listening: dict[int, int] = {}
    for node, client in await clients_named(redis, replica.name):
        listed: Any = await node.client_list(client_id=[str(client)])
        if int(listed[0]["ssub"]):
            port = int(node.connection_pool.connection_kwargs["port"])
            listening[port] = listening.get(port, 0) + 1
    return listening


async def test_each_node_has_one_link_and_all_are_heard(
    cluster: ValkeyCluster, redis: Redis, replica: Replica, keys: Keys
) -> None:
    channels = await listen_everywhere(replica, keys, cluster)
    assert await links_of(redis, replica) == dict.fromkeys(cluster.ports, 1)
    for channel in channels.values():
        assert await publish(redis, channel, "heard") == 1
    await eventually(lambda: len(replica.events) == 3)
    assert {channel for channel, _ in replica.events} == set(channels.values())


async def test_a_lost_link_is_that_of_its_node_alone(
    cluster: ValkeyCluster, redis: Redis, replica: Replica, keys: Keys
) -> None:
    channels = await listen_everywhere(replica, keys, cluster)
    cut = cluster.owner_of(slot_of(channels[1]))
    cluster.call(cut, "CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: replica.subscribed.count(channels[1]) == 2)
    await eventually(lambda: replica.subscriber.complete)
    assert [replica.subscribed.count(channels[node]) for node in (0, 2)] == [1, 1]
    assert await publish(redis, channels[1], "again") == 1


async def test_a_deaf_partition_costs_the_link_of_its_node_alone(
    cluster: ValkeyCluster, replica: Replica, keys: Keys
) -> None:
    channels = await listen_everywhere(replica, keys, cluster)
    own = next(name for name in keys.probes(INSTANCE) if cluster.owner_of(slot_of(name)) == 2)
    replica.subscriber.rebuild([own])
    assert not replica.subscriber.listening
    await eventually(lambda: replica.subscriber.complete)
    assert [replica.subscribed.count(channels[node]) for node in range(3)] == [1, 1, 2]


@pytest.mark.parametrize("way", ["move_slot", "move_slot_at_once"])
async def test_channels_of_a_moved_slot_are_confirmed_at_its_new_node(
    cluster: ValkeyCluster, redis: Redis, replica: Replica, keys: Keys, way: str
) -> None:
    channels = await listen_everywhere(replica, keys, cluster)
    moved, stays = channels[0], channels[1]
    await asyncio.to_thread(getattr(cluster, way), slot_of(moved), 2)
    await eventually(lambda: replica.subscribed.count(moved) >= 2)
    await eventually(lambda: replica.subscriber.complete)
    assert await publish(redis, moved, "there") == 1
    assert replica.subscribed.count(stays) == 1
    await asyncio.to_thread(cluster.move_slot, slot_of(moved), 0)


async def test_a_wish_for_a_moved_slot_finds_it_though_nobody_was_told(
    cluster: ValkeyCluster, redis: Redis, replica: Replica, keys: Keys
) -> None:
    first, second = (f"{keys.prefix}{{moving}}{n}" for n in range(2))
    owner = cluster.owner_of(slot_of(first))
    await replica.subscriber.subscribe(first)
    replica.subscriber.unsubscribe(first)
    await asyncio.to_thread(cluster.move_slot, slot_of(first), (owner + 1) % 3)
    await replica.subscriber.subscribe(second)  # its map is of before the move
    assert await publish(redis, second, "there") == 1


async def test_a_node_that_is_away_deafens_no_other_room(
    cluster: ValkeyCluster, redis: Redis, replica: Replica, keys: Keys
) -> None:
    channels = await listen_everywhere(replica, keys, cluster)
    cluster.kill(0)
    await eventually(lambda: not replica.subscriber.listening)
    fresh = keys.channel(IDS.new())
    while cluster.owner_of(slot_of(fresh)) == 0:
        fresh = keys.channel(IDS.new())
    await replica.subscriber.subscribe(fresh)
    for channel in (fresh, channels[1], channels[2]):
        assert await publish(redis, channel, "heard") == 1
    cluster.start(0)
    await asyncio.to_thread(cluster.wait_well)
    await eventually(lambda: replica.subscriber.complete and replica.subscriber.listening)
    assert await publish(redis, channels[0], "again") == 1


class Ears:
    """Notes what a link tells."""

    def __init__(self) -> None:
        self.has: set[str] = set()

    def heard(self, channel: str, payload: bytes) -> None:
        raise AssertionError((channel, payload))

    def confirmed(self, _link: Link, channel: str) -> None:
        self.has.add(channel)

    def sent_away(self, _link: Link, channels: Iterable[str]) -> None:
        self.has.difference_update(channels)


async def test_a_link_that_is_lost_while_it_takes_on_more_ends_and_is_not_connected_again(
    redis_url: str, redis_key_prefix: str
) -> None:
    name = f"link-{IDS.new()}"
    redis = open_redis(redis_url, name, retries=0)
    ears = Ears()
    channel = f"{redis_key_prefix}{{p1}}:c:"
    node = await node_for(redis, channel)
    link = Link(node, ears)
    link.add([f"{channel}1"])
    listening = asyncio.create_task(link.listen())
    await eventually(lambda: ears.has)
    wire: Any = link._wire
    wire._transport.abort()
    link.add([f"{channel}2"])
    with pytest.raises(RedisConnectionError):
        await asyncio.wait_for(listening, 5)
    assert ears.has == {f"{channel}1"}
    await redis.aclose()
