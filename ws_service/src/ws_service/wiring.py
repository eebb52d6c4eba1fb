"""The composition root: the only place that constructs clients and joins the parts."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shared.broker.broker import Publisher, Subscriber
from shared.domain.moderation import EVERYWHERE
from shared.domain.reserved_names import ReservedNames
from shared.limits.addresses import Addresses, rules_of
from shared.limits.buckets import Buckets
from shared.limits.connection_counts import ConnectionCounts
from shared.limits.ledger import Ledger
from shared.limits.proofs import Proofs
from shared.message_log.message_log import MessageLog
from shared.message_store.database import Database, open_database
from shared.message_store.message_reader import MessageReader
from shared.message_store.moderation_directory import ModerationDirectory
from shared.message_store.review_directory import ReviewDirectory
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory
from shared.presence.presence import Presence
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.rooms.live_rules import LiveRules
from shared.rooms.origins import Origins
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.health import Readiness, check_parts
from shared.runtime.lifecycle import BackgroundTasks
from shared.runtime.loop_lag import watching_loop
from shared.runtime.metrics import Service
from shared.runtime.metrics_page import MetricsPage
from shared.runtime.redis_client import open_redis
from shared.runtime.tracing import open_tracing
from shared.sessions.session_store import SessionStore
from shared.usecases.identify import Identifier
from shared.usecases.know_rules import RulesReader
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import MessagePoster
from shared.usecases.read_history import HistoryReader
from ws_service.channels import Channels
from ws_service.delivery_spans import traced
from ws_service.enforcement import Enforcement
from ws_service.grace_ends import GraceEnds
from ws_service.guards import Guards
from ws_service.heartbeat import Heartbeat, Probe
from ws_service.hub import Hub
from ws_service.parts import Parts
from ws_service.readings import read_metrics
from ws_service.room_channel import RoomChannel
from ws_service.room_tally import RoomTally
from ws_service.tick_end import TickEnd
from ws_service.unheard import UnheardMessages
from ws_service.visitors import Visitors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from shared.runtime.clock import Clock
    from shared.runtime.histogram import Histogram
    from shared.runtime.message_spans import MessageSpans
    from ws_service.settings import WsSettings


@dataclass(frozen=True, slots=True)
class Deps:
    """What a running replica is made of."""

    hub: Hub
    redis: Redis
    subscriber: Subscriber
    probe: Probe
    database: Database
    loop_lag: Histogram

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
    spans: MessageSpans | None,
) -> Hub:
    clock = SystemClock()
    ids = IdMaker(clock)
    keys = Keys(settings.key_prefix, settings.partitions)
    scripts = Scripts(redis, keys)
    log = MessageLog(redis, scripts, wait_replicas=settings.redis_wait_replicas, spans=spans)
    rooms = RoomOpener(LiveRooms(redis, scripts), RoomDirectory(database), clock, ids)
    history = HistoryReader(log, MessageReader(database), rooms)
    presence = Presence(redis, scripts)
    tick_end = TickEnd()
    sessions = SessionStore(redis, keys)
    batcher = CallBatcher(redis)
    addresses = Addresses(batcher, keys, rules_of(settings), clock)
    rules = RulesReader(LiveRules(redis, scripts), ModerationDirectory(database), clock)
    guards = Guards(rules, addresses, clock, room_tasks, keys, settings.slow_when_hot_seconds)
    buckets = Buckets(batcher, scripts)
    ledger = Ledger(buckets, clock)
    poster = MessagePoster(log, rooms, ids)
    channels = _channels(keys, guards, history, presence, room_tasks, tick_end)
    proofs, visitors = _door(settings, batcher, scripts, buckets, ledger, addresses)
    parts = Parts(
        keys=keys,
        clock=clock,
        ids=ids,
        channels=channels,
        graces=GraceEnds(presence, clock, tasks),
        identifier=_identifier(settings, sessions, UserDirectory(database), clock, ids),
        poster=poster,
        history=history,
        presence=presence,
        publisher=Publisher(redis, keys),
        tasks=tasks,
        tick_end=tick_end,
        buckets=buckets,
        ledger=ledger,
        proofs=proofs,
        visitors=visitors,
        guards=guards,
        enforcement=Enforcement(guards, channels, ledger, clock),
        unheard=UnheardMessages(poster, ReviewDirectory(database), clock, tasks),
        origins=Origins(batcher, keys),
    )
    return Hub(settings, parts)


def _channels(
    keys: Keys,
    guards: Guards,
    history: HistoryReader,
    presence: Presence,
    tasks: BackgroundTasks,
    tick_end: TickEnd,
) -> Channels:
    tally = RoomTally()
    new_channel = partial(
        RoomChannel,
        history=history,
        presence=presence,
        clock=SystemClock(),
        tasks=tasks,
        tick_end=tick_end,
        tally=tally,
    )
    return Channels(
        keys=keys,
        rooms=history.rooms,
        tasks=tasks,
        new_channel=new_channel,
        guards=guards,
        tally=tally,
    )


def _identifier(
    settings: WsSettings, sessions: SessionStore, users: UserDirectory, clock: Clock, ids: IdMaker
) -> Identifier:
    return Identifier(sessions, users, clock, ids, ReservedNames(settings.reserved_names))


def _door(
    settings: WsSettings,
    batcher: CallBatcher,
    scripts: Scripts,
    buckets: Buckets,
    ledger: Ledger,
    addresses: Addresses,
) -> tuple[Proofs, Visitors]:
    clock = SystemClock()
    proofs = Proofs(batcher, scripts.keys, buckets, addresses, clock, settings.proof_share)
    counts = ConnectionCounts(batcher, scripts, settings.instance)
    return proofs, Visitors(addresses, buckets, counts, ledger, proofs, clock)


def _build_ears(
    settings: WsSettings, hub: Hub, listening: Redis, spans: MessageSpans | None
) -> tuple[Subscriber, Probe]:
    parts = hub.parts
    probes = parts.keys.probes(settings.instance)
    probe = Probe(parts.publisher, settings.instance, probes, settings.probe_seconds)
    everywhere = parts.keys.channel(EVERYWHERE)

    def on_event(channel: str, payload: bytes) -> None:
        if channel in probe.channels:
            probe.on_event(channel, payload)
        elif channel == everywhere:
            parts.guards.changed(EVERYWHERE)
        else:
            parts.channels.on_event(channel, payload)

    def on_subscribed(channel: str) -> None:
        if channel == everywhere:
            parts.guards.changed(EVERYWHERE)
        else:
            parts.channels.on_subscribed(channel)

    subscriber = Subscriber(
        listening,
        [*probes, everywhere],
        on_event=on_event if spans is None else traced(on_event, spans, parts.tick_end),
        on_subscribed=on_subscribed,
    )
    return subscriber, probe


def metrics_page(deps: Deps) -> MetricsPage:
    """What Prometheus is told; one per process."""
    return MetricsPage(Service.WS, deps.readiness, partial(read_metrics, deps))


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
        spans = await stack.enter_async_context(open_tracing(settings, "ws"))
        hub = _build_hub(settings, redis, database, tasks, room_tasks, spans)
        subscriber, probe = _build_ears(settings, hub, listening, spans)
        hub.parts.channels.subscriber = subscriber
        tasks.start(subscriber.run(), "subscriber")
        tasks.start(probe.run(subscriber), "probe")
        tasks.start(Heartbeat(hub).run(), "heartbeat")
        lag = await stack.enter_async_context(watching_loop())
        yield Deps(hub, redis, subscriber, probe, database, lag)
