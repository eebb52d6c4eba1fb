"""A worker's parts on real servers, in this process, and the worker as a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
from tests.conftest import service_environment
from tests.ingest_samples import entry_of, message_row
from tests.patience import eventually

from local_stack.ports import free_ports
from shared.redis_schema.keys import CONSUMER_GROUP
from worker.wiring import open_deps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.message_store.records import IngestRow
    from shared.redis_schema.keys import Keys
    from worker.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Ingest:
    """What a test puts into the streams, and what it looks for behind the worker."""

    redis: Redis
    keys: Keys
    database_url: str

    async def put(self, partition: int, fields: Mapping[bytes, bytes]) -> bytes:
        entry_id = await self.redis.xadd(self.keys.ingest(partition), dict(fields))  # type: ignore[arg-type]
        assert isinstance(entry_id, bytes)
        return entry_id

    async def put_row(self, row: IngestRow, room: UUID) -> bytes:
        return await self.put(self.keys.partition_of(room), entry_of(row))

    async def put_messages(self, room: UUID, first: int, last: int) -> None:
        """Messages with the seqs from `first` to `last`, all sent at once."""
        pipeline = self.redis.pipeline(transaction=False)
        stream = self.keys.ingest(self.keys.partition_of(room))
        for seq in range(first, last + 1):
            fields: Any = entry_of(message_row(room, seq))
            _ = pipeline.xadd(stream, fields)
        await pipeline.execute()

    async def query(self, statement: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    async def stored(self) -> int:
        return int(await self.query("SELECT count(*) FROM messages"))

    async def left(self) -> int:
        """Entries that are still in the streams."""
        names = [self.keys.ingest(p) for p in range(self.keys.partitions)]
        return sum([await self.redis.xlen(name) for name in names])

    async def letters(self, partition: int) -> list[dict[bytes, bytes]]:
        entries: Any = await self.redis.xrange(self.keys.dead(partition))
        return [fields for _, fields in entries]

    async def wait_until_empty(self) -> None:
        async def empty() -> bool:
            return await self.left() == 0

        await eventually(empty)

    async def create_groups(self) -> None:
        for partition in range(self.keys.partitions):
            await self.redis.xgroup_create(
                self.keys.ingest(partition), CONSUMER_GROUP, id="0", mkstream=True
            )

    async def read_as(self, consumer: str, partition: int) -> None:
        """Takes all new entries and does nothing with them, as one who dies then."""
        await self.redis.xreadgroup(
            CONSUMER_GROUP, consumer, {self.keys.ingest(partition): ">"}, count=10_000
        )


@asynccontextmanager
async def running_worker(settings: WorkerSettings) -> AsyncIterator[asyncio.Task[int]]:
    """A worker in this process; stopped gracefully at the end, which must succeed."""
    stop = asyncio.Event()
    async with open_deps(settings, stop) as deps:
        task = asyncio.create_task(deps.supervisor.run_until(stop))
        try:
            yield task
        finally:
            stop.set()
            code = await task
        assert code == 0


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """`python -m worker` with its probes on `port`."""

    process: subprocess.Popen[bytes]
    port: int

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    async def probe(self, path: str) -> int:
        """HTTP status of a probe; 0 while nobody listens."""
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}{path}")).status_code
            except httpx.TransportError:
                return 0

    async def wait_for_readiness(self, status: int) -> None:
        async def answers() -> bool:
            assert self.process.poll() is None, "the worker ended"
            return await self.probe("/readyz") == status

        await eventually(answers)


@contextmanager
def worker_process(settings: WorkerSettings, **environment: str) -> Iterator[WorkerProcess]:
    """A worker as it runs in production; killed at the end if it still lives."""
    port = free_ports(1)[0]
    variables = {
        "ADDA_REDIS_URL": settings.redis_url.get_secret_value(),
        "ADDA_DATABASE_URL": settings.database_url.get_secret_value(),
        "ADDA_KEY_PREFIX": settings.key_prefix,
        "ADDA_PARTITIONS": str(settings.partitions),
        "ADDA_INSTANCE": settings.instance,
        "ADDA_PORT": str(port),
        "ADDA_RECLAIM_IDLE_SECONDS": str(settings.reclaim_idle_seconds),
        "ADDA_RECLAIM_EVERY_SECONDS": str(settings.reclaim_every_seconds),
        **environment,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "worker"],
        env=service_environment(**variables),
        stdout=None if os.environ.get("ADDA_TEST_VERBOSE") else subprocess.DEVNULL,
    )
    worker = WorkerProcess(process, port)
    try:
        yield worker
    finally:
        if process.poll() is None:
            worker.kill()
