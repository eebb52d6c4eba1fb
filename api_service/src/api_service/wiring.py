"""Everything this process holds open. Nothing else in the service constructs a client."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict

from api_service.readings import read_metrics
from api_service.reads.list_reads import ListReads
from api_service.reads.room_reads import RoomReads
from api_service.tally import Tally
from shared.domain.reserved_names import ReservedNames
from shared.limits.addresses import Addresses, rules_of
from shared.limits.buckets import Buckets
from shared.limits.proofs import Proofs
from shared.message_log.message_log import MessageLog
from shared.message_log.unsaved_messages import UnsavedMessages
from shared.message_store.database import open_database
from shared.message_store.engine import create_engine
from shared.message_store.erasures import Erasures
from shared.message_store.message_reader import MessageReader
from shared.message_store.moderation_directory import ModerationDirectory
from shared.message_store.own_data import OwnData
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
from shared.runtime.clock import Clock, IdMaker, SystemClock
from shared.runtime.health import Readiness, check_parts
from shared.runtime.loop_lag import watching_loop
from shared.runtime.metrics import Service
from shared.runtime.metrics_page import MetricsPage
from shared.runtime.redis_client import open_redis
from shared.runtime.tracing import open_tracing
from shared.sessions.session_store import SessionStore
from shared.usecases.change_message import MessageEditor
from shared.usecases.export_user import UserExporter
from shared.usecases.identify import Identifier
from shared.usecases.know_rules import RulesReader
from shared.usecases.moderate import Moderator
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import MessagePoster
from shared.usecases.read_history import HistoryReader
from shared.usecases.read_newest import NewestReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.types import ASGIApp

    from api_service.settings import ApiSettings
    from shared.message_store.database import Database
    from shared.runtime.histogram import Histogram


ADMIN_CONNECTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Deps:
    """What routes work with."""

    settings: ApiSettings
    clock: Clock
    ids: IdMaker
    redis: Redis
    database: Database
    live: LiveRooms
    presence: Presence
    sessions: SessionStore
    room_directory: RoomDirectory
    user_directory: UserDirectory
    rooms: RoomOpener
    identifier: Identifier
    poster: MessagePoster
    history: HistoryReader
    newest: NewestReader
    room_reads: RoomReads
    lists: ListReads
    editor: MessageEditor
    exporter: UserExporter
    erasures: Erasures
    buckets: Buckets
    addresses: Addresses
    rules: RulesReader
    moderation: ModerationDirectory
    reviews: ReviewDirectory
    moderator: Moderator
    proofs: Proofs
    stopping: asyncio.Event
    loop_lag: Histogram
    tally: Tally = field(default_factory=Tally)

    @property
    def keys(self) -> Keys:
        """Names of what lies in Redis."""
        return Keys(self.settings.key_prefix, self.settings.partitions)

    async def readiness(self) -> Readiness:
        """Whether requests can be answered now; `failing` names `redis`, `postgres`, `stopping`."""
        if self.stopping.is_set():
            return Readiness(("stopping",))
        return await check_parts({"redis": self._ping_redis, "postgres": self.room_directory.ping})

    async def _ping_redis(self) -> None:
        await self.redis.ping()


class State(TypedDict):
    """What the lifespan hands to every request."""

    deps: Deps
    pages: ASGIApp | None
    """Those of administrators, if there are any."""
    metrics: MetricsPage


@asynccontextmanager
async def open_deps(
    settings: ApiSettings, stopping: asyncio.Event | None = None
) -> AsyncIterator[Deps]:
    """Opens all clients; they connect on first use, so servers may come up later."""
    async with AsyncExitStack() as stack:
        name = f"adda-{settings.instance}"
        redis = open_redis(settings.redis_url.get_secret_value(), name)
        stack.push_async_callback(redis.aclose)
        database = _open_database(settings, name)
        stack.push_async_callback(database.dispose)
        scripts = Scripts(redis, Keys(settings.key_prefix, settings.partitions))
        spans = await stack.enter_async_context(open_tracing(settings, "api"))
        log = MessageLog(redis, scripts, wait_replicas=settings.redis_wait_replicas, spans=spans)
        stack.push_async_callback(log.drain)
        lag = await stack.enter_async_context(watching_loop())
        stopping = stopping or asyncio.Event()
        yield _build_deps(settings, redis, database, log, scripts, stopping, lag)


def metrics_page(deps: Deps) -> MetricsPage:
    """What Prometheus is told; one per process."""
    return MetricsPage(Service.API, deps.readiness, partial(read_metrics, deps))


@asynccontextmanager
async def open_admin_engine(settings: ApiSettings) -> AsyncIterator[AsyncEngine]:
    """Connections of the pages of administrators: a search there must not take the API's."""
    engine = create_engine(
        settings.database_url.get_secret_value(),
        f"adda-{settings.instance}-pages",
        pool_size=ADMIN_CONNECTIONS,
        max_overflow=0,
        command_seconds=settings.database_seconds,
    )
    try:
        yield engine
    finally:
        await engine.dispose()


def _build_deps(
    settings: ApiSettings,
    redis: Redis,
    database: Database,
    log: MessageLog,
    scripts: Scripts,
    stopping: asyncio.Event,
    loop_lag: Histogram,
) -> Deps:
    clock = SystemClock()
    ids = IdMaker(clock)
    live, proofs = LiveRooms(redis, scripts), _build_limits(settings, redis, scripts)
    sessions, unsaved = SessionStore(redis, scripts.keys), UnsavedMessages(redis, scripts.keys)
    reader, presence = MessageReader(database), Presence(redis, scripts)
    room_directory, user_directory = RoomDirectory(database), UserDirectory(database)
    rooms = RoomOpener(live, room_directory, clock, ids)
    history = HistoryReader(log, reader, rooms)
    reserved = ReservedNames(settings.reserved_names)
    moderator = _build_moderator(redis, database, history, scripts, ids)
    return Deps(
        settings=settings,
        clock=clock,
        ids=ids,
        redis=redis,
        database=database,
        live=live,
        presence=presence,
        sessions=sessions,
        room_directory=room_directory,
        user_directory=user_directory,
        rooms=rooms,
        identifier=Identifier(sessions, user_directory, clock, ids, reserved),
        poster=moderator.poster,
        history=history,
        newest=NewestReader(unsaved, reader, live),
        room_reads=RoomReads(rooms, history, presence, live, clock, settings.trusted_hops),
        lists=ListReads(live, room_directory, clock, settings.trusted_hops),
        editor=moderator.editor,
        exporter=UserExporter(unsaved, OwnData(database), room_directory, user_directory, clock),
        erasures=Erasures(database),
        buckets=proofs.buckets,
        addresses=proofs.addresses,
        proofs=proofs,
        rules=moderator.rules,
        moderation=moderator.directory,
        reviews=moderator.reviews,
        moderator=moderator,
        stopping=stopping,
        loop_lag=loop_lag,
    )


def _build_limits(settings: ApiSettings, redis: Redis, scripts: Scripts) -> Proofs:
    batcher, clock = CallBatcher(redis), SystemClock()
    buckets = Buckets(batcher, scripts)
    addresses = Addresses(batcher, scripts.keys, rules_of(settings), clock)
    return Proofs(batcher, scripts.keys, buckets, addresses, clock, settings.proof_share)


def _build_moderator(
    redis: Redis, database: Database, history: HistoryReader, scripts: Scripts, ids: IdMaker
) -> Moderator:
    clock, log, rooms = SystemClock(), history.log, history.rooms
    directory = ModerationDirectory(database)
    return Moderator(
        directory,
        ReviewDirectory(database),
        RulesReader(LiveRules(redis, scripts), directory, clock),
        MessageEditor(log, history.store, rooms),
        MessagePoster(log, rooms, ids),
        history,
        Origins(CallBatcher(redis), scripts.keys),
        clock,
        ids,
    )


def _open_database(settings: ApiSettings, name: str) -> Database:
    return open_database(
        settings.database_url.get_secret_value(),
        name,
        pool_size=settings.database_pool,
        max_overflow=settings.database_overflow,
        read_seconds=settings.database_read_seconds,
        change_seconds=settings.database_seconds,
    )
