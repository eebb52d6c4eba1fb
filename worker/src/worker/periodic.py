"""Work that is done again and again beside the consumers, and waits while a part is away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import Unavailable
from shared.runtime.lifecycle import wait_for_event
from shared.runtime.redis_client import OUTAGES, is_outage

if TYPE_CHECKING:
    import asyncio

    from worker.backoff import Backoff

Work = Callable[["asyncio.Event"], Awaitable[None]]
"""Bounded, or returns soon after its event is set; what it leaves undone it finds the next time."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Does `work` every `every` seconds, counted from its end."""

    name: str
    work: Work
    every: float
    backoff: Backoff

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set."""
        while not stop.is_set():
            try:
                await self.work(stop)
            except (*OUTAGES, ResponseError, StoreUnavailable, Unavailable) as error:
                if not (isinstance(error, StoreUnavailable | Unavailable) or is_outage(error)):
                    raise
                await self.backoff.wait(error)
            else:
                self.backoff.reset()
                await wait_for_event(stop, self.every)
