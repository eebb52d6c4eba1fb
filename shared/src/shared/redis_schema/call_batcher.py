"""Sends all script calls and messages of one event-loop tick in one pipeline.

One by one, a script call costs a round trip and a system call each way; together they share them
(measured: about eight times the calls per second). The order of submission is kept; in a cluster,
within each slot.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from redis.crc import key_slot

from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.scripts import Queued, run_all
from shared.runtime.redis_client import home_of, is_cluster, is_outage, unavailable_for
from shared.runtime.redis_pipe import RedisPipe
from shared.runtime.redis_topology import AWAY

if TYPE_CHECKING:
    from redis.asyncio import Redis

_Waiter = tuple[Queued, asyncio.Future[Any]]

MOST_IN_A_PIPELINE: Final = 128
MOST_WAITING: Final = 4096
"""Beyond this the sender is told to come back: refused, not suffered."""


class _Lane:
    """The way to one server: one pipeline in flight; what arrives meanwhile goes with the next."""

    def __init__(self, redis: Redis, replicas: int) -> None:
        self.waiting: list[_Waiter] = []
        self.sender: asyncio.Task[None] | None = None
        self._redis = redis
        self.under_way = 0
        self._replicas = replicas
        self._pipe = RedisPipe(redis)

    def take(self, call: Queued) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self.waiting.append((call, future))
        if self.sender is None:
            self.sender = loop.create_task(self._send(), name="call batcher")
        return future

    async def _send(self) -> None:
        try:
            while self.waiting:
                batch = self.waiting[:MOST_IN_A_PIPELINE]
                del self.waiting[:MOST_IN_A_PIPELINE]
                self.under_way = len(batch)
                await self._send_one(batch)
        finally:
            self.sender = None
            self.under_way = 0

    async def _send_one(self, batch: list[_Waiter]) -> None:
        results: list[Any]
        away: Exception | None = None
        try:
            calls = [call for call, _ in batch]
            results = await run_all(self._redis, calls, replicas=self._replicas, pipe=self._pipe)
        except Exception as error:  # noqa: BLE001 - handed to each waiter, who knows what to do
            results = [error] * len(batch)
            away = error if is_outage(error) else None
        if isinstance(results[0], AWAY) and all(isinstance(result, AWAY) for result in results):
            away = results[0]
        if away is not None:
            # Those in line would fail the same way, each after a time-out more.
            results += [away] * len(self.waiting)
            batch += self.waiting
            self.waiting.clear()
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue  # its waiter was cancelled
            if isinstance(result, Exception):  # perhaps one call's alone, as from a full server
                told = unavailable_for(result) if is_outage(result) else result
                told.__cause__ = result if told is not result else None
                future.set_exception(told)
            else:
                future.set_result(result)


class CallBatcher:
    """A lane per server: in a cluster, one that is away holds up its own rooms alone."""

    def __init__(self, redis: Redis, *, replicas: int = 0) -> None:
        """`replicas` must confirm each batch before it is answered; see `run_all`."""
        self._redis = redis
        self._replicas = replicas
        self._is_cluster = is_cluster(redis)
        self._lanes: dict[object, _Lane] = {}
        self._pinned: dict[int, _Lane] = {}
        """Lane of each slot with calls under way: when its server changes, order must not."""
        self._open: Counter[int] = Counter()
        """Calls of each slot that are not answered yet."""

    def __len__(self) -> int:
        """Calls that are not answered yet."""
        return sum(len(lane.waiting) + lane.under_way for lane in self._lanes.values())

    def submit(self, call: Queued) -> asyncio.Future[Any]:
        """The future answer of `call`.

        Raises:
            Unavailable: `overloaded`, too many calls wait already. The future may raise it too,
                while Redis is away.
        """
        if sum(len(lane.waiting) for lane in self._lanes.values()) >= MOST_WAITING:
            raise Unavailable("redis", 1.0, ErrorCode.OVERLOADED)
        if not self._is_cluster:
            return self._lane_to(None).take(call)
        slot = key_slot(call.key.encode())
        if slot not in self._pinned:
            self._pinned[slot] = self._lane_to(home_of(self._redis, call.key))
        self._open[slot] += 1
        future = self._pinned[slot].take(call)
        future.add_done_callback(lambda _: self._answered(slot))
        return future

    async def drain(self) -> None:
        """Waits until everything submitted was answered."""
        senders = [lane.sender for lane in self._lanes.values() if lane.sender is not None]
        await asyncio.gather(*senders)

    def _lane_to(self, home: object) -> _Lane:
        if home not in self._lanes:
            self._lanes[home] = _Lane(self._redis, self._replicas)
        return self._lanes[home]

    def _answered(self, slot: int) -> None:
        self._open[slot] -= 1
        if self._open[slot]:
            return
        del self._open[slot], self._pinned[slot]
        used = set(map(id, self._pinned.values()))
        self._lanes = {home: lane for home, lane in self._lanes.items() if id(lane) in used}
