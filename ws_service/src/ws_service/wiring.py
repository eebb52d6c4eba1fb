"""The composition root: the only place that constructs clients and joins the parts."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.broker.broker import Publisher, Subscriber
from shared.domain.reserved_names import ReservedNames
from shared.limits.addresses import Addresses, rules_of
from shared.limits.buckets import Buckets
from shared.limits.connection_counts import ConnectionCounts
from shared.limits.ledger import Ledger
from shared.message_log.message_log import MessageLog
from shared.message_store.database import Database, open_database
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory
from shared.presence.presence import Presence
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.health import Readiness, check_parts
from shared.runtime.lifecycle import BackgroundTasks
from shared.runtime.redis_client import open_redis
from shared.sessions.session_store import SessionStore
from shared.usecases.identify import Identifier
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import MessagePoster
from shared.usecases.read_history import HistoryReader
from ws_service.channels import Channels
from ws_service.grace_ends import GraceEnds
from ws_service.heartbeat import Heartbeat, Probe
from ws_service.hub import Hub
from ws_service.parts import Parts
from ws_service.room_channel import RoomChannel
from ws_service.tick_end import TickEnd
from ws_service.visitors import Visitors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.runtime.clock import Clock
    from ws_service.settings import WsSettings


@dataclass(frozen=True, slots=True)
class Deps:
    """What a running replica is made of."""

    hub: Hub
    redis: Redis
    subscriber: Subscriber
    probe: Probe

    async def readiness(self) -> Readiness:
        """Can this replica take a newcomer, and does it hear the others?"""
        readiness = await check_parts({"redis": self.redis.ping})
        failing = list(readiness.failing)
        if not (self.probe.hears and self.subscriber.complete):
            failing.append("broker")
        if self.hub.draining:
            failing.append("draining")
        return Readiness(tuple(failing))


def _build_hub(
    settings: WsSettings,
    redis: Redis,
    database: Database,
    tasks: BackgroundTasks,
    room_tasks: BackgroundTasks,
) -> Hub:
    clock = SystemClock()
    ids = IdMaker(clock)
    keys = Keys(settings.key_prefix, settings.partitions)
    scripts = Scripts(redis, keys)
    log = MessageLog(redis, scripts, wait_replicas=settings.redis_wait_replicas)
    rooms = RoomOpener(LiveRooms(redis, scripts), RoomDirectory(database), clock, ids)
    history = HistoryReader(log, MessageReader(database), rooms)
    presence = Presence(redis, scripts)

    tick_end = TickEnd()

    def new_channel(room: UUID) -> RoomChannel:
        return RoomChannel(
            room,
            history=history,
            presence=presence,
            clock=clock,
            tasks=room_tasks,
            tick_end=tick_end,
        )

    sessions = SessionStore(redis, keys)
    batcher = CallBatcher(redis)
    buckets = Buckets(batcher, scripts)
    ledger = Ledger(buckets, clock)
    parts = Parts(
        keys=keys,
        clock=clock,
        ids=ids,
        channels=Channels(keys=keys, rooms=rooms, tasks=room_tasks, new_channel=new_channel),
        graces=GraceEnds(presence, clock, tasks),
        identifier=_identifier(settings, sessions, UserDirectory(database), clock, ids),
        poster=MessagePoster(log, rooms, ids),
        history=history,
        presence=presence,
        publisher=Publisher(redis, keys),
        tasks=tasks,
        tick_end=tick_end,
        buckets=buckets,
        ledger=ledger,
        visitors=_visitors(settings, batcher, scripts, buckets, ledger),
    )
    return Hub(settings, parts)


def _identifier(
    settings: WsSettings, sessions: SessionStore, users: UserDirectory, clock: Clock, ids: IdMaker
) -> Identifier:
    return Identifier(sessions, users, clock, ids, ReservedNames(settings.reserved_names))


def _visitors(
    settings: WsSettings,
    batcher: CallBatcher,
    scripts: Scripts,
    buckets: Buckets,
    ledger: Ledger,
) -> Visitors:
    clock = SystemClock()
    addresses = Addresses(batcher, scripts.keys, rules_of(settings), clock)
    counts = ConnectionCounts(batcher, scripts, settings.instance)
    return Visitors(addresses, buckets, counts, ledger, clock)


@asynccontextmanager
async def open_deps(settings: WsSettings) -> AsyncIterator[Deps]:
    """Opens everything, in order; closes it in reverse, the heartbeat among the last."""
    name = f"adda-{settings.instance}"
    url = settings.redis_url.get_secret_value()
    async with AsyncExitStack() as stack:
        redis = open_redis(url, name)
        stack.push_async_callback(redis.aclose)
        listening = open_redis(url, f"{name}-listen", retries=0)
        stack.push_async_callback(listening.aclose)
        database = open_database(
            settings.database_url.get_secret_value(),
            name,
            pool_size=settings.db_pool_size,
            max_overflow=0,
            read_seconds=settings.database_read_seconds,
        )
        stack.push_async_callback(database.dispose)
        tasks, room_tasks = BackgroundTasks(), BackgroundTasks()
        stack.push_async_callback(tasks.stop)
        stack.push_async_callback(room_tasks.stop)
        hub = _build_hub(settings, redis, database, tasks, room_tasks)
        own_channels = hub.parts.keys.probes(settings.instance)
        probe = Probe(hub.parts.publisher, settings.instance, own_channels, settings.probe_seconds)

        def on_event(channel: str, payload: bytes) -> None:
            if channel in probe.channels:
                probe.on_event(channel, payload)
            else:
                hub.parts.channels.on_event(channel, payload)

        subscriber = Subscriber(
            listening,
            own_channels,
            on_event=on_event,
            on_subscribed=hub.parts.channels.on_subscribed,
        )
        hub.parts.channels.subscriber = subscriber
        tasks.start(subscriber.run(), "subscriber")
        tasks.start(probe.run(subscriber), "probe")
        tasks.start(Heartbeat(hub).run(), "heartbeat")
        yield Deps(hub, redis, subscriber, probe)
