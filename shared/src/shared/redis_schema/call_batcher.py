"""Sends all script calls and messages of one event-loop tick in one pipeline.

One by one, a script call costs a round trip and a system call each way; together they share them
(measured: about eight times the calls per second). The order of submission is kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.scripts import Queued, run_all
from shared.runtime.redis_client import (
    is_outage,
    redis_outage_as_unavailable,
    unavailable_for,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

MOST_IN_A_PIPELINE: Final = 128
MOST_WAITING: Final = 4096
"""Beyond this the sender is told to come back: refused, not suffered."""


class CallBatcher:
    """One pipeline in flight at a time; what arrives meanwhile goes with the next one."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[Queued, asyncio.Future[Any]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._sent = 0

    def __len__(self) -> int:
        """Calls that are not answered yet."""
        return len(self._waiting) + self._sent

    def submit(self, call: Queued) -> asyncio.Future[Any]:
        """The future answer of `call`.

        Raises:
            Unavailable: `overloaded`, too many calls wait already. The future may raise it too,
                while Redis is away.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Unavailable("redis", 1.0, ErrorCode.OVERLOADED)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((call, future))
        if self._sender is None:
            self._sender = loop.create_task(self._send(), name="call batcher")
        return future

    async def drain(self) -> None:
        """Waits until everything submitted was answered."""
        if self._sender is not None:
            await self._sender

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:MOST_IN_A_PIPELINE]
                del self._waiting[:MOST_IN_A_PIPELINE]
                self._sent = len(batch)
                await self._send_one(batch)
        finally:
            self._sender, self._sent = None, 0

    async def _send_one(self, batch: list[tuple[Queued, asyncio.Future[Any]]]) -> None:
        results: list[Any]
        try:
            with redis_outage_as_unavailable():
                results = await run_all(self._redis, [call for call, _ in batch])
        except Exception as error:  # noqa: BLE001 - handed to each waiter, who knows what to do
            if isinstance(error, Unavailable):
                # Those in line would fail the same way, each after a time-out more.
                batch += self._waiting
                self._waiting.clear()
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue  # its waiter was cancelled
            if isinstance(result, Exception):  # perhaps one call's alone, as from a full server
                told = unavailable_for(result) if is_outage(result) else result
                future.set_exception(told)
            else:
                future.set_result(result)
