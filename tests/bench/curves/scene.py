"""A running stack with clients in it, and what their talking costs each of its parts."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import redis
from tests.bench.adda import open_stack
from tests.bench.peers.peer import Running
from tests.bench.processes import cpu_seconds, pin
from tests.bench.trial import Guests
from tests.load.dialects.adda import AddaDialect
from tests.load.results import percentiles

from shared.redis_schema.keys import Keys
from shared.runtime.settings import CommonSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from pathlib import Path

    from tests.bench.adda import RunningStack
    from tests.load.tally import Tally

    from local_stack.cluster import ValkeyCluster

KINDS: Final = ("ws", "valkey", "worker", "postgres")
"""Parts whose processor time is told apart."""

CLIENT_CORE: Final = 1
"""Where the clients run, and all of the stack but ws_service."""

SILENCE_SECONDS: Final = 2.0
"""Without a byte for so long, nothing more is to come: lists of a full room are seldom."""
PATIENCE_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05

KEYS: Final = Keys(
    CommonSettings.model_fields["key_prefix"].default,
    CommonSettings.model_fields["partitions"].default,
)

Shares = dict[str, float]
"""Processors in use, by kind: 0.5 is half of one."""


def tell(text: str) -> None:
    """To who waits for a curve."""
    print(f"  {text} …", flush=True)


@dataclass(slots=True)
class Scene:
    """What the curves need of a stack."""

    stack: RunningStack
    redis: redis.Redis | redis.RedisCluster
    guests: Guests
    valkey: tuple[int, ...]
    """Processes of the servers, where they are not the stack's own."""
    quiet: Shares = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    """What is used while nobody talks; it is not part of what talking costs."""

    def cpu(self) -> Shares:
        """Processor seconds so far, by kind."""
        pids = {kind: self.stack.named(kind) for kind in KINDS}
        pids["valkey"] += self.valkey
        return {kind: cpu_seconds(roots) for kind, roots in pids.items()}

    async def enter(self, rooms: Sequence[str], replica: str = "ws-1") -> None:
        """New clients, one for each entry, at one replica."""
        running = self.guests.running
        self.guests.running = replace(running, base=self.stack.base(replica))
        await self.guests.enter(rooms)
        self.guests.running = running

    async def listen(self, seconds: float) -> None:
        """Waits until the lists of who is here are out, and notes what silence costs."""
        await _silence(self.guests.tally, SILENCE_SECONDS)
        before, began = self.cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        passed = time.monotonic() - began
        self.quiet = {kind: (used - before[kind]) / passed for kind, used in self.cpu().items()}

    async def stored(self) -> None:
        """Waits until the workers have written everything.

        Raises:
            TimeoutError: they do not come to an end.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any(self.redis.xlen(KEYS.ingest(part)) for part in range(KEYS.partitions)):
                await asyncio.sleep(POLL_SECONDS)

    async def cost(self, work: Awaitable[None], audience: int) -> dict[str, Any]:
        """What some talking costs, when each message is for `audience` members.

        Counted until the last message is delivered and stored, so that nothing is paid for but not
        counted; rates are of the talking alone.
        """
        tally = self.guests.tally
        tally.delivering.take()
        tally.acking.take()
        sent, acked, delivered = tally.sent, tally.acked, tally.delivered
        took = tally.received_bytes
        before, began = self.cpu(), time.monotonic()
        await work
        seconds = time.monotonic() - began
        rates = _rates(tally, acked, delivered, seconds, self.cpu(), before)
        await _delivered(tally, delivered + (tally.sent - sent) * audience)
        await self.stored()
        passed = time.monotonic() - began
        used = {
            kind: max(0.0, now - before[kind] - self.quiet[kind] * passed)
            for kind, now in self.cpu().items()
        }
        messages, deliveries = max(tally.sent - sent, 1), max(tally.delivered - delivered, 1)
        return rates | {
            "cpu_us_per_delivery": used["ws"] / deliveries * 1e6,
            "cpu_us_per_message": {kind: spent / messages * 1e6 for kind, spent in used.items()},
            "cpu_seconds": used,
            "bytes_per_delivery": (tally.received_bytes - took) / deliveries,
            "sent": tally.sent - sent,
            "missing": (tally.sent - sent) * audience - (tally.delivered - delivered),
            "closes": dict(tally.closes),
            "delivering_ms": percentiles(tally.delivering.take()),
            "acking_ms": percentiles(tally.acking.take()),
        }


@contextmanager
def open_scene(
    directory: Path, *, ws: int = 1, pings: bool = False, cluster: ValkeyCluster | None = None
) -> Iterator[Scene]:
    """A stack with `ws` replicas, and nobody in it yet; on `cluster`, if there is one.

    Without `pings` clients that are busy are not taken for dead, and what silence costs is even:
    people who came together are pinged together, which is within a measurement or is not.
    """
    environment = {} if pings else {"ADDA_PING_SECONDS": "3600"}
    url, nodes = (cluster.url, cluster.pids) if cluster else (None, ())
    pin(nodes, CLIENT_CORE)
    with open_stack(directory, ws=ws, redis_url=url, environment=environment) as stack:
        running = Running(stack.base(), stack.named("ws"), new_room=stack.new_room)
        client = _client(stack, cluster)
        cores = os.sched_getaffinity(0)
        # Only now: what is started inherits this, and would start slowly. The thread alone, as the
        # parts of the stack are children of this process and stay where they are.
        os.sched_setaffinity(0, {CLIENT_CORE})
        try:
            yield Scene(stack, client, Guests(running, AddaDialect()), nodes)
        finally:
            os.sched_setaffinity(0, cores)
            client.close()


def _client(stack: RunningStack, cluster: ValkeyCluster | None) -> redis.Redis | redis.RedisCluster:
    if cluster:
        return redis.RedisCluster.from_url(cluster.node_url(0))
    return redis.Redis.from_url(stack.stack.redis_url)


def _rates(
    tally: Tally, acked: int, delivered: int, seconds: float, cpu: Shares, before: Shares
) -> dict[str, Any]:
    return {
        "seconds": seconds,
        "acked_per_second": (tally.acked - acked) / seconds,
        "deliveries_per_second": (tally.delivered - delivered) / seconds,
        "cpu_share": {kind: (now - before[kind]) / seconds for kind, now in cpu.items()},
    }


async def _silence(tally: Tally, seconds: float) -> None:
    """Until nothing has arrived for so long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    bytes_before, since = tally.received_bytes, time.monotonic()
    while time.monotonic() - since < seconds and time.monotonic() < deadline:
        await asyncio.sleep(POLL_SECONDS)
        if tally.received_bytes != bytes_before:
            bytes_before, since = tally.received_bytes, time.monotonic()


async def _delivered(tally: Tally, wanted: int) -> None:
    """Until all is delivered, or what is missing is taken for lost."""
    if tally.delivered < wanted:
        heard, since = tally.delivered, time.monotonic()
        while tally.delivered < wanted and time.monotonic() - since < SILENCE_SECONDS:
            await asyncio.sleep(POLL_SECONDS)
            if tally.delivered != heard:
                heard, since = tally.delivered, time.monotonic()
