"""The composition root: the only place that constructs clients and joins the parts."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.message_log.log_removal import LogRemoval
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.database import Database, open_database
from shared.message_store.deleted_rooms import DeletedRooms
from shared.message_store.engine import create_bulk_pool
from shared.message_store.erasures import Erasures
from shared.message_store.retention import Retention
from shared.message_store.room_directory import RoomDirectory
from shared.message_store.tables import COUNTER_SHARDS
from shared.presence.presence import Presence
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.loop_lag import watching_loop
from shared.runtime.metrics import Service
from shared.runtime.metrics_page import MetricsPage
from shared.runtime.redis_client import is_cluster, open_redis
from shared.runtime.redis_pool import POOL_CONNECTIONS
from shared.runtime.tracing import open_tracing
from shared.sessions.session_store import SessionStore
from shared.usecases.open_room import RoomOpener
from worker.backoff import Backoff
from worker.batch import Batcher
from worker.consumer import Consumer
from worker.dead_letter import DeadLetters
from worker.emptier import Emptier
from worker.eraser import Eraser
from worker.ingest_streams import IngestStreams
from worker.periodic import Periodic
from worker.progress import Progress
from worker.pruner import Pruner
from worker.readings import read_metrics
from worker.reaper import Reaper
from worker.reclaim import Reclaimer
from worker.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg import Pool
    from redis.asyncio import Redis

    from shared.runtime.clock import Clock
    from shared.runtime.histogram import Histogram
    from shared.runtime.message_spans import MessageSpans
    from worker.settings import WorkerSettings
    from worker.tally import Tally


PRIVACY_SECONDS: Final = 10.0
"""What one statement of those who remove may take; nobody waits for them. Each has a connection."""


@dataclass(frozen=True, slots=True)
class Deps:
    """What a running worker is made of."""

    supervisor: Supervisor
    progress: Progress
    redis: Redis
    keys: Keys
    pool: Pool[Any]
    clock: Clock
    loop_lag: Histogram


def metrics_page(deps: Deps) -> MetricsPage:
    """What Prometheus is told; one per process."""
    return MetricsPage(Service.WORKER, deps.progress.readiness, partial(read_metrics, deps))


class _Shared(NamedTuple):
    """What all consumers of a worker have in common."""

    writer: BulkWriter
    progress: Progress
    spans: MessageSpans | None


@asynccontextmanager
async def open_deps(settings: WorkerSettings, stop: asyncio.Event) -> AsyncIterator[Deps]:
    """Opens everything, in order; closes it in reverse. Neither server needs to be there yet."""
    name = f"adda-{settings.instance}"
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        redis = open_redis(
            settings.redis_url.get_secret_value(),
            name,
            # No silent retry: a read whose answer was lost has moved entries to this consumer.
            retries=0,
            # In a cluster each partition's read waits on a connection of its own.
            connections=POOL_CONNECTIONS + settings.partitions,
        )
        stack.push_async_callback(redis.aclose)
        pool = await stack.enter_async_context(
            create_bulk_pool(
                settings.database_url.get_secret_value(), name, size=settings.db_pool_size
            )
        )
        progress = Progress(clock)
        scripts = Scripts(redis, Keys(settings.key_prefix, settings.partitions))
        spans = await stack.enter_async_context(open_tracing(settings, "worker"))
        shared = _Shared(BulkWriter(pool), progress, spans)
        consumers = [
            _build_consumer(settings, redis, scripts, shared, stop, partitions)
            for partitions in _read_together(redis, settings.partitions)
        ]
        reaper = _build_reaper(settings, redis, scripts, progress.tally, stop)
        database = open_database(
            settings.database_url.get_secret_value(),
            f"{name}-privacy",
            pool_size=1,
            max_overflow=2,
            read_seconds=PRIVACY_SECONDS,
            change_seconds=PRIVACY_SECONDS,
        )
        stack.push_async_callback(database.dispose)
        others = [
            _build_eraser(settings, redis, scripts, database, stop),
            _build_pruner(settings, redis, scripts, database, stop),
            _build_emptier(settings, database, stop),
        ]
        supervisor = Supervisor(consumers, reaper, settings.stop_seconds, others)
        lag = await stack.enter_async_context(watching_loop())
        yield Deps(supervisor, progress, redis, scripts.keys, pool, clock, lag)


def _read_together(redis: Redis, partitions: int) -> list[range]:
    """The partitions of each consumer: in a cluster no read may cross slots."""
    if is_cluster(redis):
        return [range(partition, partition + 1) for partition in range(partitions)]
    return [range(partitions)]


def _build_consumer(
    settings: WorkerSettings,
    redis: Redis,
    scripts: Scripts,
    shared: _Shared,
    stop: asyncio.Event,
    partitions: range,
) -> Consumer:
    clock = SystemClock()
    streams = IngestStreams(
        redis,
        scripts.keys,
        settings.instance,
        partitions,
        wait_replicas=settings.redis_wait_replicas,
    )
    return Consumer(
        streams=streams,
        reclaimer=Reclaimer(
            streams,
            clock,
            shared.progress.tally,
            idle=settings.reclaim_idle_seconds,
            every=settings.reclaim_every_seconds,
        ),
        writer=shared.writer,
        dead=DeadLetters(redis, scripts.keys, clock),
        scripts=scripts,
        batcher=Batcher(settings.batch_size, settings.batch_age_seconds),
        backoff=Backoff("consumer", stop),
        progress=shared.progress,
        clock=clock,
        spans=shared.spans,
        shard=(zlib.crc32(settings.instance.encode()) + partitions.start) % COUNTER_SHARDS,
    )


def _build_reaper(
    settings: WorkerSettings, redis: Redis, scripts: Scripts, tally: Tally, stop: asyncio.Event
) -> Reaper:
    clock = SystemClock()
    return Reaper(
        scripts=scripts,
        presence=Presence(redis, scripts),
        dead=DeadLetters(redis, scripts.keys, clock),
        backoff=Backoff("reaper", stop),
        clock=clock,
        every=settings.reap_every_seconds,
        dead_letter_days=settings.dead_letter_days,
        tally=tally,
    )


def _build_eraser(
    settings: WorkerSettings,
    redis: Redis,
    scripts: Scripts,
    database: Database,
    stop: asyncio.Event,
) -> Periodic:
    clock = SystemClock()
    directory = RoomDirectory(database)
    eraser = Eraser(
        erasures=Erasures(database),
        removal=LogRemoval(redis, scripts.keys),
        rooms=RoomOpener(LiveRooms(redis, scripts), directory, clock, IdMaker(clock)),
        directory=directory,
        sessions=SessionStore(redis, scripts.keys),
        presence=Presence(redis, scripts),
        dead=DeadLetters(redis, scripts.keys, clock),
        clock=clock,
        settle=settings.erase_settle_seconds,
    )
    return Periodic("eraser", eraser.work, settings.erase_every_seconds, Backoff("eraser", stop))


def _build_pruner(
    settings: WorkerSettings,
    redis: Redis,
    scripts: Scripts,
    database: Database,
    stop: asyncio.Event,
) -> Periodic:
    pruner = Pruner(
        retention=Retention(database),
        erasures=Erasures(database),
        removal=LogRemoval(redis, scripts.keys),
        presence=Presence(redis, scripts),
        sessions=SessionStore(redis, scripts.keys),
        clock=SystemClock(),
        messages_days=settings.retention_messages_days,
        users_days=settings.retention_users_days,
    )
    every = settings.retention_every_seconds
    return Periodic("pruner", pruner.work, every, Backoff("pruner", stop))


def _build_emptier(settings: WorkerSettings, database: Database, stop: asyncio.Event) -> Periodic:
    emptier = Emptier(DeletedRooms(database))
    return Periodic("emptier", emptier.work, settings.empty_every_seconds, Backoff("emptier", stop))
