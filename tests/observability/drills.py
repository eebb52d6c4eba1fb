"""For each alert a fault that makes it fire, and nothing else; it ends with its block."""

from __future__ import annotations

import asyncio
import resource
import signal
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import httpx
import psutil
from tests.chat_client import ChatClient, chat
from tests.faults.catalogue import LISTENING_LINK
from tests.ingest_samples import entry_of, message_row
from tests.integration.ws_service.test_storms import deaf_socket
from tests.tcp_proxy import Mode, anything
from websockets.exceptions import ConnectionClosed

from shared.redis_schema.keys import Keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from tests.faults.bed import Bed

KEYS: Final = Keys("adda:", 16)
MOST_SOCKETS: Final = 40
"""ADDA_MAX_CONNECTIONS of the stack."""

SLOWNESS: Final = frozenset({"AddaEventLoopBlocked", "AddaPublishSlow", "AddaFanOutSlow"})
"""May fire beside the alert in question: a busy machine is a fault of its own."""


@dataclass(frozen=True, slots=True)
class Drill:
    """`fault` in words; `beside` are alerts that rightly fire for it, too."""

    alert: str
    fault: str
    act: Callable[[Bed], AbstractAsyncContextManager[None]]
    beside: frozenset[str] = field(default_factory=frozenset)


@asynccontextmanager
async def held(bed: Bed, name: str) -> AsyncIterator[None]:
    """A process stopped, and started at the end."""
    await asyncio.to_thread(bed.stack.hold, name)
    try:
        yield
    finally:
        await asyncio.to_thread(bed.stack.release, name)
        await bed.wait_up(name)


def no_replica(bed: Bed) -> AbstractAsyncContextManager[None]:
    return held(bed, "worker-1")


def replica_down(bed: Bed) -> AbstractAsyncContextManager[None]:
    return held(bed, "ws-2")


@asynccontextmanager
async def redis_stopped(bed: Bed) -> AsyncIterator[None]:
    await asyncio.to_thread(bed.valkey.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(bed.valkey.start)
        await bed.wait_ready()


@asynccontextmanager
async def postgres_stopped(bed: Bed) -> AsyncIterator[None]:
    await asyncio.to_thread(bed.postgres.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(bed.postgres.start)
        await bed.wait_ready()


@asynccontextmanager
async def deaf_links(bed: Bed) -> AsyncIterator[None]:
    """Pub/sub is silent, and every new link to it, too."""
    bed.redis_link.matching = LISTENING_LINK
    bed.redis_link.mode = Mode.HOLD
    try:
        yield
    finally:
        bed.redis_link.mode = Mode.PASS
        bed.redis_link.matching = anything
        await bed.wait_ready()


@asynccontextmanager
async def speaking(bed: Bed, pause: float = 0.2) -> AsyncIterator[ChatClient]:
    """Somebody who speaks all the while, and hears it at the other replica."""

    async def speak(client: ChatClient) -> None:
        while True:
            await client.say("আছি")
            await asyncio.sleep(pause)

    room = uuid4()
    async with chat(ws_url(bed, 1), room) as author, chat(ws_url(bed, 2), room):
        task = asyncio.create_task(speak(author))
        try:
            yield author
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def stuttering_redis(bed: Bed) -> AsyncIterator[None]:
    """Redis stands still for longer than a second, again and again, as on a slow disk."""

    async def stutter() -> None:
        while True:
            bed.valkey.pause()
            await asyncio.sleep(1.3)
            bed.valkey.go_on()
            await asyncio.sleep(0.3)

    async with speaking(bed, 0.1):
        task = asyncio.create_task(stutter())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            bed.valkey.go_on()


@asynccontextmanager
async def slow_listening(bed: Bed) -> AsyncIterator[None]:
    """Commands are quick, and what replicas hear of each other comes late."""
    async with speaking(bed):
        bed.redis_link.matching, bed.redis_link.delay_seconds = LISTENING_LINK, 1.3
        try:
            yield
        finally:
            bed.redis_link.delay_seconds, bed.redis_link.matching = 0.0, anything


@asynccontextmanager
async def stuttering(bed: Bed) -> AsyncIterator[None]:
    """A process that gets no processor for most of the time."""

    async def stutter() -> None:
        while True:
            bed.stack.signal("api-1", signal.SIGSTOP)
            await asyncio.sleep(0.8)
            bed.stack.signal("api-1", signal.SIGCONT)
            await asyncio.sleep(0.3)

    task = asyncio.create_task(stutter())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        bed.stack.signal("api-1", signal.SIGCONT)


@asynccontextmanager
async def crowded(bed: Bed) -> AsyncIterator[None]:
    async with AsyncExitStack() as people:
        for n in range(2 * MOST_SOCKETS - 4):
            await people.enter_async_context(chat(ws_url(bed, 1 + n % 2), uuid4()))
        yield


@asynccontextmanager
async def few_files(bed: Bed) -> AsyncIterator[None]:
    process = psutil.Process(bed.stack.pid("ws-1"))
    before = process.rlimit(resource.RLIMIT_NOFILE)
    process.rlimit(resource.RLIMIT_NOFILE, (int(process.num_fds() * 1.15), before[1]))
    try:
        yield
    finally:
        process.rlimit(resource.RLIMIT_NOFILE, before)


@asynccontextmanager
async def busy_pool(bed: Bed) -> AsyncIterator[None]:
    """PostgreSQL is far away, and many rooms are made at once."""

    async def make_rooms(http: httpx.AsyncClient) -> None:
        while True:
            with suppress(httpx.TransportError):
                await http.post("/api/rooms/", json={"name": "দূরের"})

    bed.postgres_link.delay_seconds = 0.15
    base = bed.stack.service_url("api-1")
    limits = httpx.Limits(max_connections=60)
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=20, limits=limits) as http:
        tasks = [asyncio.create_task(make_rooms(http)) for _ in range(40)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            bed.postgres_link.delay_seconds = 0.0


@asynccontextmanager
async def emptied(bed: Bed) -> AsyncIterator[None]:
    room = uuid4()
    async with chat(ws_url(bed, 1), room) as client, bed.redis() as redis:
        await client.say("হারিয়ে যাবে")
        await client.wait_for("message")
        await redis.flushall()
        yield


@asynccontextmanager
async def slow_readers(bed: Bed) -> AsyncIterator[None]:
    room = uuid4()
    async with AsyncExitStack() as exits:
        authors = [await exits.enter_async_context(chat(ws_url(bed, 1), room)) for _ in range(6)]
        for _ in range(10):
            exits.callback((await deaf_socket(ws_url(bed, 1), room)).close)
        await authors[0].wait_for("user_list", lambda event: event["total"] == 16)
        for n in range(100):  # no more than each may say at once
            for author in authors:
                await author.say("ক" * 3990 + str(n))
        yield


@asynccontextmanager
async def flooded(bed: Bed) -> AsyncIterator[None]:
    """Thirty people say twice as much as they may, and come back when they are sent away."""

    async def flood(base: str) -> None:
        while True:
            with suppress(ConnectionClosed, AssertionError):
                async with chat(base, uuid4()) as client:
                    while True:
                        for _ in range(8):
                            await client.say("বন্যা")
                        await asyncio.sleep(0.2)

    tasks = [asyncio.create_task(flood(ws_url(bed, 1 + n % 2))) for n in range(30)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def wrong_key(bed: Bed) -> AsyncIterator[None]:
    """What stands under a key is of another kind than it must be."""
    room = uuid4()
    async with chat(ws_url(bed, 1), room) as client, bed.redis() as redis:
        user = (await client.wait_first())["user_id"]
        await redis.lpush(f"{KEYS.dedup_root(room)}{user}:1", "?")
        await client.say("যাবে না", client_id="1")
        await client.wait_for("error")
        yield


@asynccontextmanager
async def full_disk(bed: Bed) -> AsyncIterator[None]:
    """PostgreSQL answers, and stores nothing."""
    await bed.query(
        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'could not extend file: No space left on device' "
        "USING ERRCODE = 'disk_full'; END $$"
    )
    await bed.query(
        "CREATE OR REPLACE TRIGGER full_disk BEFORE INSERT ON messages EXECUTE FUNCTION full_disk()"
    )
    try:
        yield
    finally:
        await bed.query("DROP TRIGGER full_disk ON messages")


@asynccontextmanager
async def nothing_stored(bed: Bed) -> AsyncIterator[None]:
    async with full_disk(bed), chat(ws_url(bed, 1), uuid4()) as client:
        await client.say("পরে")
        await client.wait_for("message")
        yield


@asynccontextmanager
async def queue_filled(bed: Bed, entries: int = 260_000) -> AsyncIterator[None]:
    room = uuid4()
    async with full_disk(bed), bed.redis() as redis:
        await _fill(redis, room, entries)
        yield


async def _fill(redis: Any, room: UUID, entries: int) -> None:
    """Messages that differ in their ids and numbers alone: made in half the time."""
    stream, row = KEYS.ingest(KEYS.partition_of(room)), message_row(room, 1)
    fields, own = entry_of(row), str(row.id).encode()
    for at in range(0, entries, 2000):
        pipeline = redis.pipeline(transaction=False)
        for seq in range(at + 1, at + 2001):
            body = fields[b"b"].replace(own, str(UUID(int=row.id.int + seq)).encode())
            pipeline.xadd(stream, {**fields, b"s": b"%d" % seq, b"b": body})
        await pipeline.execute()


@asynccontextmanager
async def poisoned(bed: Bed) -> AsyncIterator[None]:
    async with bed.redis() as redis:
        await redis.xadd(KEYS.ingest(3), {"k": "m", "v": "1", "r": "not a room", "s": "x"})
        yield


def ws_url(bed: Bed, number: int) -> str:
    return bed.stack.service_url(f"ws-{number}").replace("http", "ws", 1)


DRILLS: Final = (
    Drill("AddaNoReplica", "the only worker stopped", no_replica),
    Drill("AddaReplicaDown", "one of two ws_service stopped", replica_down),
    Drill("AddaEventLoopBlocked", "SIGSTOP for most of each second", stuttering),
    Drill("AddaConnectionsNearLimit", "95% of all places for sockets taken", crowded),
    Drill("AddaFilesNearLimit", "the limit of open files set near what is open", few_files),
    Drill("AddaRedisAway", "Valkey stopped", redis_stopped, frozenset({"AddaDeafReplica"})),
    Drill("AddaPostgresAway", "PostgreSQL stopped", postgres_stopped),
    Drill("AddaPostgresBusy", "150 ms to PostgreSQL, 40 at once make rooms", busy_pool),
    Drill("AddaDeafReplica", "pub/sub links silent, new ones too", deaf_links),
    Drill("AddaPublishSlow", "Valkey SIGSTOPped 1.3 s of each 1.6 s", stuttering_redis),
    Drill("AddaFanOutSlow", "1.3 s each way on the pub/sub links", slow_listening),
    Drill("AddaContinuityLost", "FLUSHALL with people in a room", emptied),
    Drill("AddaSlowReaders", "ten clients that never read, 7 MB said", slow_readers),
    Drill("AddaFlood", "thirty people say 40 messages a second each", flooded),
    Drill("AddaInternalErrors", "a key of the wrong type in Redis", wrong_key),
    Drill(
        "AddaIngestLag",
        "inserts fail as on a full disk",
        nothing_stored,
        frozenset({"AddaPostgresAway"}),  # so a worker's readiness says
    ),
    Drill(
        "AddaIngestQueueFull",
        "260,000 entries in a queue, inserts fail",
        queue_filled,
        frozenset({"AddaIngestLag", "AddaPostgresAway"}),
    ),
    Drill("AddaDeadLetters", "an entry that nobody can read", poisoned),
)
SHORT: Final = ("AddaReplicaDown", "AddaDeadLetters")
"""What every test run does; the rest is for `make alerts`."""
