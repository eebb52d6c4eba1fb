from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.integration.shared.conftest import IDS
from tests.patience import eventually
from tests.redis_nodes import clients_named

from local_stack.ports import free_ports
from local_stack.valkey import start_valkey, valkey_url
from shared.broker.broker import Publisher, Subscriber
from shared.broker.link import SUBSCRIBE_CHUNK
from shared.protocol.envelopes import Person, ProbeEnvelope, TypingEnvelope, decode_envelope
from shared.protocol.errors import ErrorCode, Unavailable
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from redis.asyncio import Redis
    from tests.own_valkey import OwnValkey

    from shared.redis_schema.keys import Keys

INSTANCE = "ws-1"
PERSON = Person("u", "রাকিব", "#ff0000")


@dataclass
class Replica:
    """A subscriber that writes down what it was told."""

    name: str
    subscriber: Subscriber = field(init=False)
    events: list[tuple[str, bytes]] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)

    def payloads(self, channel: str) -> list[bytes]:
        return [payload for name, payload in self.events if name == channel]


@asynccontextmanager
async def running(url: str, keys: Keys) -> AsyncIterator[Replica]:
    replica = Replica(f"sub-{uuid.uuid4().hex}")
    redis = open_redis(url, replica.name, retries=0)
    replica.subscriber = Subscriber(
        redis,
        keys.probes(INSTANCE),
        on_event=lambda channel, payload: replica.events.append((channel, payload)),
        on_subscribed=replica.subscribed.append,
    )
    task = asyncio.create_task(replica.subscriber.run())
    try:
        yield replica
        assert not task.done(), "the subscriber gave up"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await redis.aclose()


@pytest.fixture
async def replica(redis_url: str, keys: Keys) -> AsyncIterator[Replica]:
    async with running(redis_url, keys) as one:
        await eventually(lambda: one.subscriber.listening)
        yield one


async def kill_link(redis: Redis, name: str) -> None:
    """Cuts the connection to each server, as it is now."""
    for node, client in await clients_named(redis, name):
        await node.client_kill_filter(_id=str(client))


async def publish(redis: Redis, channel: str, payload: str) -> int:
    receivers = await redis.execute_command("SPUBLISH", channel, payload)  # type: ignore[no-untyped-call]
    return int(receivers)


async def test_nothing_is_missed_that_is_published_after_subscribe_returned(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    for n in range(30):
        channel = keys.channel(IDS.new())
        await replica.subscriber.subscribe(channel)
        assert await publish(redis, channel, f"{n}") == 1
        await eventually(lambda c=channel, n=n: replica.payloads(c) == [b"%d" % n])  # type: ignore[misc]


async def test_events_of_a_room_come_in_order(replica: Replica, redis: Redis, keys: Keys) -> None:
    channel = keys.channel(IDS.new())
    await replica.subscriber.subscribe(channel)
    pipeline = redis.pipeline(transaction=False)
    for n in range(500):
        pipeline.execute_command("SPUBLISH", channel, n)
    await pipeline.execute()
    await eventually(lambda: len(replica.events) == 500)
    assert replica.payloads(channel) == [b"%d" % n for n in range(500)]


async def test_subscribing_again_is_no_second_subscription(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    await asyncio.gather(*(replica.subscriber.subscribe(channel) for _ in range(5)))
    await publish(redis, channel, "once")
    await eventually(lambda: replica.events)
    assert replica.events == [(channel, b"once")]
    assert replica.subscribed.count(channel) == 1


async def test_a_channel_that_was_given_up_is_heard_no_more(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    channel, other = keys.channel(IDS.new()), keys.channel(IDS.new())
    await replica.subscriber.subscribe(channel)
    replica.subscriber.unsubscribe(channel)
    replica.subscriber.unsubscribe(channel)  # twice is no harm
    await replica.subscriber.subscribe(other)  # so the server has read both
    assert await publish(redis, channel, "unheard") == 0
    assert replica.subscriber.complete


async def test_giving_up_and_wanting_again_does_not_rebuild_the_link(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    with structlog.testing.capture_logs() as lines:
        for _ in range(20):
            await replica.subscriber.subscribe(channel)
            replica.subscriber.unsubscribe(channel)
        await replica.subscriber.subscribe(channel)
        await publish(redis, channel, "heard")
        await eventually(lambda: replica.payloads(channel) == [b"heard"])
        assert replica.subscriber.listening
    assert replica.subscribed.count(keys.probe(0, INSTANCE)) == 1
    assert lines == []


async def test_after_a_lost_link_every_wanted_channel_is_confirmed_anew(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    wanted = [keys.channel(IDS.new()) for _ in range(5)]
    given_up = keys.channel(IDS.new())
    for channel in (*wanted, given_up):
        await replica.subscriber.subscribe(channel)
    replica.subscriber.unsubscribe(given_up)
    replica.subscribed.clear()
    await kill_link(redis, replica.name)
    everything = {*wanted, *keys.probes(INSTANCE)}
    await eventually(lambda: set(replica.subscribed) == everything and replica.subscriber.complete)
    for channel in wanted:
        assert await publish(redis, channel, "again") == 1
    await eventually(lambda: len(replica.events) == len(wanted))
    assert await publish(redis, given_up, "unheard") == 0


async def test_a_link_may_be_lost_again_and_again(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    await replica.subscriber.subscribe(channel)
    for n in range(2, 5):
        await kill_link(redis, replica.name)
        await eventually(lambda n=n: replica.subscribed.count(channel) == n)  # type: ignore[misc]
    assert await publish(redis, channel, "still here") == 1


async def test_a_rebuild_that_the_probe_asks_for_confirms_everything_anew(
    replica: Replica, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    await replica.subscriber.subscribe(channel)
    replica.subscriber.rebuild([channel])
    assert not replica.subscriber.complete
    replica.subscriber.rebuild(keys.probes(INSTANCE))
    assert not replica.subscriber.listening
    await eventually(lambda: replica.subscribed.count(channel) == 2)
    await eventually(lambda: replica.subscriber.listening and replica.subscriber.complete)


async def test_more_channels_than_fit_one_command_are_all_confirmed_anew(
    replica: Replica, keys: Keys
) -> None:
    channels = [keys.channel(IDS.new()) for _ in range(2 * SUBSCRIBE_CHUNK + 1)]
    await asyncio.gather(*(replica.subscriber.subscribe(channel) for channel in channels))
    replica.subscribed.clear()
    replica.subscriber.rebuild([*channels, *keys.probes(INSTANCE)])
    await eventually(lambda: len(replica.subscribed) == len(channels) + keys.partitions)
    assert replica.subscriber.complete


async def test_a_replica_hears_its_own_probe_and_not_that_of_others(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    publisher = Publisher(redis, keys)
    await publisher.probe("ws-2", "not mine")
    await publisher.probe(INSTANCE, "mine")
    await eventually(lambda: len(replica.events) == keys.partitions)
    assert {channel for channel, _ in replica.events} == set(keys.probes(INSTANCE))
    assert {decode_envelope(payload) for _, payload in replica.events} == {ProbeEnvelope("mine")}


async def test_a_replicas_own_channels_are_not_given_up(replica: Replica, keys: Keys) -> None:
    for channel in keys.probes(INSTANCE):
        await replica.subscriber.subscribe(channel)
        replica.subscriber.unsubscribe(channel)
    assert replica.subscriber.listening
    assert replica.subscriber.subscriptions == 0


async def test_a_typing_notice_reaches_those_who_listen(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    room = IDS.new()
    await replica.subscriber.subscribe(keys.channel(room))
    Publisher(redis, keys).typing(room, PERSON, typing=True, micros=5)
    await eventually(lambda: replica.events)
    assert decode_envelope(replica.events[0][1]) == TypingEnvelope(PERSON, typing=True, micros=5)


async def test_every_replica_hears_what_one_publishes(
    redis_url: str, redis: Redis, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    async with running(redis_url, keys) as one, running(redis_url, keys) as other:
        await asyncio.gather(one.subscriber.subscribe(channel), other.subscriber.subscribe(channel))
        assert await publish(redis, channel, "to all") == 2
        await eventually(lambda: one.events == other.events == [(channel, b"to all")])


async def test_a_server_that_comes_later_is_found_and_the_wish_is_fulfilled(
    reachable_path: Path, keys: Keys
) -> None:
    (port,) = free_ports(1)
    channel = keys.channel(IDS.new())
    async with running(valkey_url(reachable_path, port), keys) as replica:
        with pytest.raises(Unavailable) as caught:
            await replica.subscriber.subscribe(channel)
        assert caught.value.code is ErrorCode.UNAVAILABLE
        assert not replica.subscriber.listening
        server = start_valkey(reachable_path, port=port)
        try:
            await eventually(lambda: replica.subscriber.complete and replica.subscriber.listening)
            assert sorted(replica.subscribed) == sorted([channel, *keys.probes(INSTANCE)])
            await replica.subscriber.subscribe(channel)
        finally:
            server.stop()


async def test_a_server_that_stops_answering_makes_subscribing_fail_in_seconds(
    own_valkey: OwnValkey, keys: Keys
) -> None:
    channel = keys.channel(IDS.new())
    async with running(own_valkey.url, keys) as replica:
        await eventually(lambda: replica.subscriber.listening)
        own_valkey.pause()
        start = time.monotonic()
        with pytest.raises(Unavailable):
            await replica.subscriber.subscribe(channel)
        assert time.monotonic() - start < 20
        assert not replica.subscriber.complete
        own_valkey.go_on()
        await eventually(lambda: replica.subscriber.complete)


async def test_what_is_published_during_an_outage_is_lost_and_stops_nobody(
    keys: Keys,
) -> None:
    nowhere = open_redis("redis://127.0.0.1:1", "test")
    publisher = Publisher(nowhere, keys)
    await publisher.probe(INSTANCE, "x")  # lost; that nothing comes back tells it
    publisher.typing(IDS.new(), PERSON, typing=True, micros=0)  # lost, and nobody is told
    await asyncio.sleep(0.1)
    await nowhere.aclose()
