"""Sends all script calls and messages of one event-loop tick in one pipeline.

One by one, a script call costs a round trip and a system call each way; together they share them
(measured: about eight times the calls per second). The order of submission is kept; in a cluster,
within each slot.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.call_times import times_of
from shared.redis_schema.pipelines import repeat_unknown, run_all
from shared.redis_schema.scripts import Queued
from shared.runtime.futures import settle
from shared.runtime.redis_client import home_of, is_cluster, is_outage, unavailable_for
from shared.runtime.redis_pipe import RedisPipe
from shared.runtime.redis_topology import AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from redis.asyncio import Redis

    from shared.runtime.redis_pipe import Told

    Tell = Callable[[Any], None]
    _Waiter = tuple[Queued, Tell]

log = structlog.stdlib.get_logger()

MOST_IN_A_PIPELINE: Final = 128
MOST_WAITING: Final = 4096
"""Of one server; beyond this the sender is told to come back: refused, not suffered."""


class _Lane:
    """The way to one server: one pipeline in flight; what arrives meanwhile goes with the next."""

    def __init__(self, redis: Redis, replicas: int) -> None:
        self.waiting: list[_Waiter] = []
        self.under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self._redis = redis
        self._replicas = replicas
        self._times = times_of(redis)
        self._sent_at = 0.0
        # The cheaper way to a single server, where nothing must be confirmed.
        self._pipe = None if replicas or is_cluster(redis) else RedisPipe(redis)
        self._task: asyncio.Task[None] | None = None

    def take(self, call: Queued, tell: Tell) -> None:
        if len(self.waiting) >= MOST_WAITING:
            raise Unavailable("redis", 1.0, ErrorCode.OVERLOADED)
        self.waiting.append((call, tell))
        if self.idle.is_set():
            self.idle.clear()
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        batch = self.waiting[:MOST_IN_A_PIPELINE]
        del self.waiting[:MOST_IN_A_PIPELINE]
        self.under_way = len(batch)
        self._sent_at = time.monotonic()
        if not batch:
            self.idle.set()
            return
        try:
            words = [call.words() for call, _ in batch]
            tell = partial(self._take_answers, batch)
            begun = self._pipe is not None and self._pipe.begin(words, tell)
        except Exception as error:  # noqa: BLE001 - one that cannot be packed must not end the lane
            self._settle_all(batch, error)
            asyncio.get_running_loop().call_soon(self._next)
            return
        if not begun:
            self._go_on_by(self._send(batch))

    def _take_answers(self, batch: list[_Waiter], told: Told) -> None:
        if isinstance(told, RedisConnectionError):
            self._go_on_by(self._send(batch))  # it may have died while it idled
        elif isinstance(told, Exception):
            self._settle_all(batch, told)
            self._next()
        elif any(isinstance(answer, NoScriptError) for answer in told):
            self._go_on_by(self._repeat(batch, told))
        else:
            self._settle(batch, told)
            self._next()

    def _go_on_by(self, way: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(way, name="call batcher")

    async def _send(self, batch: list[_Waiter]) -> None:
        try:
            calls = [call for call, _ in batch]
            answers = await run_all(self._redis, calls, replicas=self._replicas, pipe=self._pipe)
        except Exception as error:  # noqa: BLE001 - handed to each waiter, who knows what to do
            self._settle_all(batch, error)
        else:
            self._settle(batch, answers)
        self._next()

    async def _repeat(self, batch: list[_Waiter], answers: list[Any]) -> None:
        await repeat_unknown(self._redis, [call for call, _ in batch], answers)
        self._settle(batch, answers)
        self._next()

    def _settle_all(self, batch: list[_Waiter], error: Exception) -> None:
        if is_outage(error):
            # Those in line would fail the same way, each after a time-out more.
            batch = batch + self.waiting
            self.waiting.clear()
        self._settle(batch, [error] * len(batch))

    def _settle(self, batch: list[_Waiter], answers: list[Any]) -> None:
        seconds = time.monotonic() - self._sent_at
        for call, _ in batch[: self.under_way]:  # behind them, what was never sent
            self._times.took(call.name, seconds)
        if isinstance(answers[0], AWAY) and all(isinstance(answer, AWAY) for answer in answers):
            batch, answers = batch + self.waiting, answers + [answers[0]] * len(self.waiting)
            self.waiting.clear()
        for (_, tell), answer in zip(batch, answers, strict=True):
            try:
                tell(_as_told(answer) if isinstance(answer, Exception) else answer)
            except Exception:  # the others have answers, too
                log.exception("answer_failed")


def _as_told(error: Exception) -> Exception:
    """Perhaps one call's alone, as from a full server."""
    told = unavailable_for(error) if is_outage(error) else error
    told.__cause__ = error if told is not error else None
    return told


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
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.send(call, partial(settle, future))
        return future

    def send(self, call: Queued, tell: Tell) -> None:
        """As `submit`; `tell` is told the answer or the error, once and without another turn."""
        if not self._is_cluster:
            self._lane_to(None).take(call, tell)
            return
        slot = key_slot(call.key.encode())

        def tell_and_count(answer: Any) -> None:
            self._answered(slot)
            tell(answer)

        lane = self._pinned.get(slot) or self._lane_to(home_of(self._redis, call.key))
        lane.take(call, tell_and_count)
        self._pinned[slot] = lane
        self._open[slot] += 1

    async def drain(self) -> None:
        """Waits until everything submitted was answered."""
        for lane in list(self._lanes.values()):
            await lane.idle.wait()

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
