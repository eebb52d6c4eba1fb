"""What the REST service's hot reads cost, each measured alone on a full stack.

    python -m tests.bench.api_reads            # prints JSON
    python -m tests.bench.api_reads stats      # those whose name contains it

The api has one processor to itself; everything else, the load generator too, has another. First as
many requests as are answered by 32 connections, then 2,000 a second for the latencies under that.
Latencies are the machine's, and not the api's, where `waited` is more than a few hundredths.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import httpx
import orjson
import psutil
from tests.bench.http_load import Load, Measured, generate
from websockets.asyncio.client import ClientConnection, connect

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

API_CORE: Final = 0
OTHER_CORE: Final = 1
RATE: Final = 2000.0
MESSAGES: Final = 2000
"""In the busiest room."""
PEOPLE: Final = 50
"""With an open socket there."""
ROOMS: Final = 30
TALK_PER_SECOND: Final = 20.0
"""New messages where a read is measured beside them."""
CURSORS: Final = 200

ENVIRONMENT: Final = {
    "ADDA_LIMIT_SESSION": "off",
}


@dataclass(frozen=True, slots=True)
class Read:
    """One endpoint under measurement."""

    name: str
    paths: tuple[str, ...]
    talking: bool = False
    """New messages come into the room meanwhile."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What `fill` has made."""

    room: str
    """The busiest."""
    others: tuple[str, ...]
    """Rooms with some messages."""


def reads_of(filled: Filled) -> list[Read]:
    """All that is measured."""
    room = f"/api/rooms/{filled.room}"
    cursors = random.Random(1).sample(range(100, MESSAGES), CURSORS)
    return [
        Read("public_rooms", ("/api/public-rooms/",)),
        Read("rooms", ("/api/rooms/",)),
        Read("popular_rooms", ("/api/rooms/popular/",)),
        Read("messages_newest", (f"{room}/messages/",)),
        Read("messages_newest_50", (f"{room}/messages/?limit=50",)),
        Read("messages_while_talking", (f"{room}/messages/?limit=50",), talking=True),
        Read(
            "messages_of_many_rooms",
            tuple(f"/api/rooms/{other}/messages/?limit=50" for other in filled.others),
        ),
        Read(
            "messages_before",
            tuple(f"{room}/messages/?limit=50&before={cursor}" for cursor in cursors),
        ),
        Read("users", (f"{room}/users/",)),
        Read("stats", (f"{room}/stats/",)),
        Read("stats_while_talking", (f"{room}/stats/",), talking=True),
        Read("status", ("/api/status/",)),
    ]


async def fill(base: str) -> Filled:
    """Makes rooms, people and messages as clients do."""
    async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as http:
        sessions = []
        for n in range(40):
            made = await http.post(
                "/api/create-user/", json={"username": f"রাকিব {n}", "color": "#ff0000"}
            )
            sessions.append(made.raise_for_status().json()["session_id"])
        rooms = []
        for n in range(ROOMS):
            made = await http.post(
                "/api/rooms/",
                json={"name": f"ক্রিকেট {n}", "description": "আজকের খেলা", "max_users": 1000},
            )
            rooms.append(made.raise_for_status().json()["id"])
        await _say(http, rooms[0], sessions, MESSAGES)
        for room in rooms[1:9]:
            await _say(http, room, sessions, 120)
    return Filled(rooms[0], tuple(rooms[1:9]))


async def _say(http: httpx.AsyncClient, room: str, sessions: list[str], count: int) -> None:
    numbers = iter(range(count))

    async def author(session: str) -> None:
        for n in numbers:
            content = f"{n}: বাংলাদেশ আজ দারুণ খেলছে, আর একটা ছক্কা চাই! কে কে দেখছেন?"
            answer = await http.post(
                "/api/messages/",
                json={"room_id": room, "content": content},
                headers={"Authorization": f"Bearer {session}"},
            )
            answer.raise_for_status()
            if n % 50 == 0:
                await http.patch(
                    f"/api/messages/{answer.json()['id']}/",
                    json={"content": f"{n}: বদল"},
                    headers={"Authorization": f"Bearer {session}"},
                )

    await asyncio.gather(*(author(session) for session in sessions[:8]))


@asynccontextmanager
async def crowd(base: str, room: str) -> AsyncIterator[list[ClientConnection]]:
    """People with open sockets in a room, who read what comes."""
    async with contextlib.AsyncExitStack() as exits:
        sockets = []
        for n in range(PEOPLE):
            url = f"{base}/ws/chat/{room}/?username=person-{n}"
            sockets.append(await exits.enter_async_context(connect(url, proxy=None)))
        readers = [asyncio.create_task(_drain(socket)) for socket in sockets]
        yield sockets
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


async def _talk(sockets: list[ClientConnection]) -> None:
    n = 0
    while True:
        content = f"আরও একটি বার্তা {n}"
        await sockets[n % len(sockets)].send(
            orjson.dumps({"type": "message", "content": content}).decode()
        )
        n += 1
        await asyncio.sleep(1 / TALK_PER_SECOND)


@dataclass(frozen=True, slots=True)
class _Counts:
    queries: int
    commands: int

    @classmethod
    async def now(cls, postgres: asyncpg.Connection[Any], redis: Redis) -> _Counts:
        queries = await postgres.fetchval("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements")
        stats = await redis.info("commandstats")
        return cls(int(queries), sum(row["calls"] for row in stats.values()))


@dataclass(frozen=True, slots=True)
class Bench:
    """The running stack, filled."""

    api_port: int
    api_pid: int
    sockets: list[ClientConnection]
    postgres: asyncpg.Connection[Any]
    redis: Redis

    async def measure(self, read: Read, seconds: float) -> dict[str, Any]:
        """One row of the result."""
        load = Load(self.api_port, read.paths, self.api_pid, seconds=seconds, core=OTHER_CORE)
        talking = asyncio.create_task(_talk(self.sockets)) if read.talking else None
        idle = await self._counted_for(1.0)
        began = await _Counts.now(self.postgres, self.redis)
        most = await generate(load)
        ended = await _Counts.now(self.postgres, self.redis)
        paced = await generate(replace(load, rate=RATE, seconds=seconds))
        if talking is not None:
            talking.cancel()
        spent = most.seconds + load.warm_seconds

        def each(before: int, after: int, per_second: int) -> float:
            return round(max(after - before - per_second * spent, 0) / most.all_requests, 4)

        return {
            "requests_per_second": round(most.requests / most.seconds),
            "cpu_ms": round(most.cpu_seconds * 1000 / most.requests, 4),
            "requests_per_core_second": round(most.requests / most.cpu_seconds),
            "p50_ms": most.latencies_ms["p50"],
            "p99_ms": most.latencies_ms["p99"],
            "waited": _waited(most),
            f"at_{RATE:.0f}": _paced(paced),
            "postgres_queries": each(began.queries, ended.queries, idle.queries),
            "redis_commands": each(began.commands, ended.commands, idle.commands),
            "body_bytes": most.body_bytes,
            "failed": most.failed + paced.failed,
        }

    async def _counted_for(self, seconds: float) -> _Counts:
        """What others ask the servers in `seconds`, scripts' own commands included."""
        before = await _Counts.now(self.postgres, self.redis)
        await asyncio.sleep(seconds)
        after = await _Counts.now(self.postgres, self.redis)
        return _Counts(after.queries - before.queries, after.commands - before.commands)


def _paced(paced: Measured) -> dict[str, float]:
    return {
        "requests_per_second": round(paced.requests / paced.seconds),
        "cpu_ms": round(paced.cpu_seconds * 1000 / paced.requests, 4),
        **{f"{name}_ms": value for name, value in paced.latencies_ms.items()},
        "waited": _waited(paced),
    }


def _waited(run: Measured) -> float:
    """Share of the time in which others had the core of the api, or that of the generator."""
    return round(max(run.server_waited, run.generator_waited), 3)


def _pin(stack: Stack) -> None:
    """The api alone on its core; the crowd and everything else on the other."""
    psutil.Process().cpu_affinity([OTHER_CORE])
    api = stack.pid("api-1")
    for name in ("postgres", "valkey", "ws-1", "worker-1", "gateway"):
        process = psutil.Process(stack.pid(name))
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.cpu_affinity([OTHER_CORE])
    psutil.Process(api).cpu_affinity([API_CORE])


async def _count_statements(stack: Stack) -> None:
    """Lets PostgreSQL count them, which it does only if it was started so."""
    postgres = await asyncpg.connect(stack.database_url)
    await postgres.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    await postgres.execute("ALTER SYSTEM SET pg_stat_statements.track_utility = off")
    await postgres.close()
    await asyncio.to_thread(stack.hold, "postgres")
    await asyncio.to_thread(stack.release, "postgres")
    await asyncio.to_thread(stack.wait_ready, "postgres")
    postgres = await asyncpg.connect(stack.database_url)
    await postgres.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    await postgres.close()


async def _measure(stack: Stack, seconds: float, only: str) -> dict[str, Any]:
    await _count_statements(stack)
    await asyncio.to_thread(stack.wait_ready, "api-1")
    base = stack.service_url("api-1")
    filled = await fill(base)
    socket_base = stack.service_url("ws-1").replace("http://", "ws://")
    async with crowd(socket_base, filled.room) as sockets:
        _pin(stack)
        postgres = await asyncpg.connect(stack.database_url)
        redis = open_redis(stack.redis_url, "bench")
        bench = Bench(int(base.rpartition(":")[2]), stack.pid("api-1"), sockets, postgres, redis)
        try:
            return {
                read.name: await bench.measure(read, seconds)
                for read in reads_of(filled)
                if only in read.name
            }
        finally:
            await redis.aclose()
            await postgres.close()


def measure(directory: Path, seconds: float = 4.0, only: str = "") -> dict[str, Any]:
    """A row for each read whose name contains `only`.

    `directory` must be one that other users can enter: under root, PostgreSQL runs as nobody.
    """
    options = StackOptions(
        directory=directory,
        host="127.0.0.1",
        port=free_ports(1)[0],
        ws=1,
        durable=False,
        environment=ENVIRONMENT,
    )
    allowed = os.sched_getaffinity(0)
    try:
        with Stack(options) as stack:
            return asyncio.run(_measure(stack, seconds, only))
    finally:
        os.sched_setaffinity(0, allowed)


def main() -> None:
    """Prints the rows."""
    with tempfile.TemporaryDirectory(prefix="adda-bench-") as folder:
        Path(folder).chmod(0o755)
        rows = measure(Path(folder) / "stack", only=sys.argv[1] if len(sys.argv) > 1 else "")
    print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
