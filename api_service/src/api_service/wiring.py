"""Everything this process holds open. Nothing else in the service constructs a client."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

from api_service.reads.list_reads import ListReads
from api_service.reads.room_reads import RoomReads
from shared.limits.addresses import Addresses, rules_of
from shared.limits.buckets import Buckets
from shared.message_log.message_log import MessageLog
from shared.message_log.unsaved_messages import UnsavedMessages
from shared.message_store.database import open_database
from shared.message_store.engine import create_engine
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.user_directory import UserDirectory
from shared.presence.presence import Presence
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import Clock, IdMaker, SystemClock
from shared.runtime.health import Readiness, check_parts
from shared.runtime.redis_client import open_redis
from shared.sessions.session_store import SessionStore
from shared.usecases.change_message import MessageEditor
from shared.usecases.identify import Identifier
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


ADMIN_CONNECTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Deps:
    """What routes work with."""

    settings: ApiSettings
    clock: Clock
    ids: IdMaker
    redis: Redis
    database: Database
    admin_engine: AsyncEngine
    """Of the pages of administrators alone: a search there must not take the API's connections."""
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
    buckets: Buckets
    addresses: Addresses
    stopping: asyncio.Event

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
        admin_engine = _open_admin_engine(settings, name)
        stack.push_async_callback(admin_engine.dispose)
        clock = SystemClock()
        ids = IdMaker(clock)
        scripts = Scripts(redis, Keys(settings.key_prefix, settings.partitions))
        live = LiveRooms(redis, scripts)
        batcher = CallBatcher(redis)
        log = MessageLog(redis, scripts, wait_replicas=settings.redis_wait_replicas)
        stack.push_async_callback(log.drain)
        sessions = SessionStore(redis, scripts.keys)
        reader = MessageReader(database)
        room_directory = RoomDirectory(database)
        user_directory = UserDirectory(database)
        rooms = RoomOpener(live, room_directory, clock, ids)
        presence = Presence(redis, scripts)
        history = HistoryReader(log, reader, rooms)
        hops = settings.trusted_hops
        yield Deps(
            settings=settings,
            clock=clock,
            ids=ids,
            redis=redis,
            database=database,
            admin_engine=admin_engine,
            live=live,
            presence=presence,
            sessions=sessions,
            room_directory=room_directory,
            user_directory=user_directory,
            rooms=rooms,
            identifier=Identifier(sessions, user_directory, clock, ids),
            poster=MessagePoster(log, rooms, ids),
            history=history,
            newest=NewestReader(UnsavedMessages(redis, scripts.keys), reader, live),
            room_reads=RoomReads(rooms, history, presence, live, clock, hops),
            lists=ListReads(live, room_directory, clock, hops),
            editor=MessageEditor(log, reader, rooms),
            buckets=Buckets(batcher, scripts),
            addresses=Addresses(batcher, scripts.keys, rules_of(settings), clock),
            stopping=stopping or asyncio.Event(),
        )


def _open_admin_engine(settings: ApiSettings, name: str) -> AsyncEngine:
    return create_engine(
        settings.database_url.get_secret_value(),
        f"{name}-pages",
        pool_size=ADMIN_CONNECTIONS,
        max_overflow=0,
        command_seconds=settings.database_seconds,
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
