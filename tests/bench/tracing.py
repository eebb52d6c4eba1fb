"""What traces cost the path of a message, when they are off and when they are on.

python -m tests.bench.tracing [--messages 20000] [--rounds 5]

Processor time of this process for each message that it publishes to a Valkey of its own, with each
kind of tracing in turn, over and over, so that whatever else the machine does falls on all alike.
"off" differs from a program without traces by one comparison, which is timed by itself: no
measurement of whole messages is exact enough to show it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
import timeit
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from tests.bench.publishing import TOGETHER, Room, message_bodies
from typing_extensions import override

from local_stack.ports import free_ports
from local_stack.valkey import start_valkey, valkey_url
from shared.message_log.message_log import MessageLog
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.clock import IdMaker
from shared.runtime.message_spans import MessageSpans
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan
    from redis.asyncio import Redis

SHARES: Final = {"off": None, "nobody's": 0.0, "1 %": 0.01, "all": 1.0}
ROOMS: Final = 50
BRANCHES: Final = 2_000_000


class _Nowhere(SpanExporter):
    """As fast as a collector could be."""

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tracing", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    found = asyncio.run(_measure(options.messages, options.rounds))
    off = statistics.median(found["off"])
    for name, micros in found.items():
        each = statistics.median(micros)
        print(f"{name:9} {each:6.2f} µs a message, {each / off:.3f} × off")
    branch = _branch_micros()
    print(f"the comparison: {branch * 1000:.1f} ns, {branch / off:.3%} of one without traces")
    return 0


def _branch_micros() -> float:
    """Of asking whether there are spans: an attribute and a comparison, as on the path."""

    class Path:
        def __init__(self) -> None:
            self.spans = None

    path = Path()
    asked = min(timeit.repeat(lambda: path.spans is not None, number=BRANCHES, repeat=5))
    empty = min(timeit.repeat(lambda: None, number=BRANCHES, repeat=5))
    return max(0.0, asked - empty) / BRANCHES * 1e6


async def _measure(messages: int, rounds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        directory, port = Path(folder), free_ports(1)[0]
        server = start_valkey(directory, port=port)
        redis = open_redis(valkey_url(directory, port), "bench")
        try:
            return await _compare(redis, messages, rounds)
        finally:
            await redis.aclose()
            server.stop()


async def _compare(redis: Redis, messages: int, rounds: int) -> dict[str, list[float]]:
    scripts, rooms, luck = (
        Scripts(redis, Keys("bench:", 16)),
        [Room.new() for _ in range(ROOMS)],
        Random(1),
    )
    for room in rooms:
        await scripts.room_load(
            room.id, epoch=IdMaker.epoch(), seq=0, total=0, settings={"name": "আড্ডা"}
        ).run(redis)
    spans = {
        name: None if share is None else MessageSpans(_Nowhere(), "ws", "ws-1", share)
        for name, share in SHARES.items()
    }
    logs = {name: MessageLog(redis, scripts, spans=each) for name, each in spans.items()}
    found: dict[str, list[float]] = {name: [] for name in SHARES}
    for turn in range(rounds + 1):
        for name, log in logs.items():
            bodies = message_bodies(rooms, messages, luck)
            began = time.process_time()
            for at in range(0, messages, TOGETHER):
                await asyncio.gather(*map(log.publish, bodies[at : at + TOGETHER]))
            if turn:  # the first is for warming up
                found[name].append((time.process_time() - began) / messages * 1e6)
    for each in spans.values():
        if each is not None:
            each.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
