"""How many rows a second one worker carries into PostgreSQL, what each costs, and how late it is.

    python -m tests.bench.worker_rows [folder]

The worker has one core for itself; Valkey and PostgreSQL share another one. Two backlogs, of many
rooms and of a hot one, made by the publish script; then messages arriving at a steady rate.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
from tests.bench.bed import busy_seconds, processor_seconds, starting_on
from tests.bench.publishing import Publisher, Room, Sent, message_bodies
from tests.conftest import service_environment

from local_stack.postgres import start_postgres
from local_stack.valkey import start_valkey
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.redis_client import open_redis
from worker.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from redis.asyncio import Redis

WORKER_CORE: Final = 0
SERVER_CORE: Final = 1

PREFIX: Final = "adda:"
PARTITIONS: Final = 16
MANY_ROOMS: Final = 300
BACKLOG: Final = 100_000
WARM: Final = 0.1
"""Of a backlog, what is not measured at its beginning and at its end."""

RATE: Final = 5_000
STEADY_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.01
NEWEST: Final = "SELECT room_id, last_seq FROM room_stats WHERE room_id = ANY($1::uuid[])"
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Bed:
    """The servers of one measurement."""

    redis_url: str
    database_url: str
    valkey_pid: int
    postgres_pid: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What was left in the queue at one moment, and what each part had used by then."""

    at: float
    left: int
    worker: float
    postgres: float
    valkey: float
    own: float
    """Used by this process, which sends, looks and counts."""
    all: float


def measure(
    directory: Path, *, backlog: int = BACKLOG, seconds: float = STEADY_SECONDS
) -> dict[str, dict[str, float]]:
    """Figures of the two backlogs and of steady arrival; `directory` is empty and open to all."""
    with _bed(directory) as bed:
        asyncio.run(upgrade(bed.database_url))
        return {
            "many_rooms": asyncio.run(_drain(bed, MANY_ROOMS, backlog)),
            "hot_room": asyncio.run(_drain(bed, 1, backlog)),
            "steady": asyncio.run(_keep_up(bed, seconds)),
        }


@contextmanager
def _bed(directory: Path) -> Iterator[Bed]:
    with ExitStack() as stack:
        with starting_on([SERVER_CORE]):
            valkey = start_valkey(directory / "valkey", maxmemory="2gb")
            stack.callback(valkey.stop)
            postgres = start_postgres(directory / "postgres")
            stack.callback(postgres.stop)
        yield Bed(valkey.url, postgres.url, valkey.child.pid, postgres.pid)


@contextmanager
def _worker(bed: Bed) -> Iterator[int]:
    environment = service_environment(
        ADDA_REDIS_URL=bed.redis_url,
        ADDA_DATABASE_URL=bed.database_url,
        ADDA_KEY_PREFIX=PREFIX,
        ADDA_PARTITIONS=str(PARTITIONS),
        ADDA_LOG_LEVEL="warning",
    )
    with starting_on([WORKER_CORE]):
        process = subprocess.Popen([sys.executable, "-m", "worker"], env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


async def _drain(bed: Bed, rooms: int, backlog: int) -> dict[str, float]:
    """A backlog that stands there when the worker comes."""
    async with _talk(bed) as (redis, scripts):
        chat = [Room.new() for _ in range(rooms)]
        publisher = Publisher(redis, scripts)
        await publisher.open(chat)
        await publisher.send(message_bodies(chat, backlog, random.Random(1)))
        with _worker(bed) as worker:
            samples = []
            for most in (int(backlog * (1 - WARM)), int(backlog * WARM), 0):
                left = await _wait_for(redis, scripts.keys, most)
                samples.append(_sample(bed, worker, left))
        await _check_all_stored(bed, publisher.sent)
    return _costs(samples[0], samples[1], samples[0].left - samples[1].left)


async def _wait_for(redis: Redis, keys: Keys, most: int) -> int:
    """Until no more than `most` are left in the queue; returns how many are."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (left := await _left(redis, keys)) > most:
            await asyncio.sleep(POLL_SECONDS)
    return left


def _sample(bed: Bed, worker: int, left: int) -> Sample:
    return Sample(
        time.perf_counter(),
        left,
        processor_seconds(worker),
        processor_seconds(bed.postgres_pid),
        processor_seconds(bed.valkey_pid),
        time.process_time(),
        busy_seconds(),
    )


def _costs(first: Sample, last: Sample, rows: int) -> dict[str, float]:
    seconds = last.at - first.at

    def micros(part: Callable[[Sample], float]) -> float:
        return round((part(last) - part(first)) / rows * 1e6, 1)

    ours = [(s.worker + s.postgres + s.valkey + s.own) for s in (first, last)]
    others = max(0.0, (last.all - first.all) - (ours[1] - ours[0]))
    worker = micros(lambda sample: sample.worker)
    return {
        "rows": rows,
        "rows_per_second": round(rows / seconds),
        "rows_per_worker_second": round(1e6 / worker),
        "worker_micros_per_row": worker,
        "postgres_micros_per_row": micros(lambda sample: sample.postgres),
        "valkey_micros_per_row": micros(lambda sample: sample.valkey),
        "own_processors": round((last.own - first.own) / seconds, 2),
        # Of the machine's processors, what neither these nor the measuring itself have used.
        "others_processors": round(others / seconds, 2),
    }


async def _keep_up(bed: Bed, seconds: float) -> dict[str, float]:
    """Messages that arrive evenly: how long until PostgreSQL has them.

    Seen from outside, by the newest number of each room: a late look makes a message later.
    """
    async with _talk(bed) as (redis, scripts):
        chat = [Room.new() for _ in range(MANY_ROOMS)]
        hot = chat[0]  # half of all goes there
        order = [room for other in chat[1:] for room in (hot, other)]
        publisher = Publisher(redis, scripts)
        await publisher.open(chat)
        bodies = message_bodies(order, int(RATE * seconds), random.Random(2))
        with _worker(bed) as worker:
            await publisher.send(bodies[:RATE])  # the worker is there once these are stored
            await _wait_for(redis, scripts.keys, 0)
            publisher.sent.clear()
            before = _sample(bed, worker, 0)
            looking = asyncio.create_task(_lags(bed, publisher, len(bodies) - RATE))
            await publisher.send_evenly(bodies[RATE:], RATE)
            async with asyncio.timeout(PATIENCE_SECONDS):
                lags = sorted(await looking)
            after = _sample(bed, worker, 0)
    return {
        **_costs(before, after, len(lags)),
        "lag_p50_ms": round(lags[len(lags) // 2], 1),
        "lag_p99_ms": round(lags[int(len(lags) * 0.99)], 1),
        "lag_max_ms": round(lags[-1], 1),
    }


async def _lags(bed: Bed, publisher: Publisher, count: int) -> list[float]:
    """Milliseconds from the publishing of each message to when it was seen in PostgreSQL."""
    connection = await asyncpg.connect(bed.database_url)
    known = 0
    waiting: list[Sent] = []
    lags: list[float] = []
    while len(lags) < count:
        found = await connection.fetch(NEWEST, list({one.room_id for one in waiting}))
        newest = {str(row["room_id"]): row["last_seq"] for row in found}
        now = time.time_ns() / 1000
        lags += [
            (now - one.micros) / 1e3 for one in waiting if newest.get(one.room_id, 0) >= one.seq
        ]
        waiting = [one for one in waiting if newest.get(one.room_id, 0) < one.seq]
        waiting += publisher.sent[known:]
        known = len(publisher.sent)
        await asyncio.sleep(POLL_SECONDS)
    await connection.close()
    return lags


async def _left(redis: Redis, keys: Keys) -> int:
    pipeline = redis.pipeline(transaction=False)
    for partition in range(PARTITIONS):
        pipeline.xlen(keys.ingest(partition))
    return sum(await pipeline.execute())


async def _check_all_stored(bed: Bed, sent: list[Sent]) -> None:
    connection = await asyncpg.connect(bed.database_url)
    rooms = {one.room_id for one in sent}
    for question in (
        "SELECT count(*) FROM messages WHERE room_id = ANY($1)",
        "SELECT sum(total_messages) FROM room_stats WHERE room_id = ANY($1)",
    ):
        assert await connection.fetchval(question, rooms) == len(sent)
    await connection.close()


@asynccontextmanager
async def _talk(bed: Bed) -> AsyncIterator[tuple[Redis, Scripts]]:
    redis = open_redis(bed.redis_url, "bench")
    yield redis, Scripts(redis, Keys(PREFIX, PARTITIONS))
    await redis.aclose()


def main() -> None:
    """Prints what `measure` finds."""
    with tempfile.TemporaryDirectory(prefix="adda-bench-") as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder)
        path.chmod(0o755)
        print(json.dumps(measure(path), indent=2))


if __name__ == "__main__":
    main()
