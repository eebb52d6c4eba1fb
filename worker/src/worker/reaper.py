"""Removes what crashed replicas left behind in Redis. Every worker does it; twice does no harm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import ResponseError

from shared.protocol.errors import Unavailable
from shared.runtime.lifecycle import wait_for_event
from shared.runtime.redis_client import OUTAGES, is_outage

if TYPE_CHECKING:
    import asyncio

    from shared.presence.presence import Presence
    from shared.redis_schema.scripts import Scripts
    from shared.runtime.clock import Clock
    from worker.backoff import Backoff
    from worker.dead_letter import DeadLetters
    from worker.tally import Tally

log = structlog.stdlib.get_logger()

MOST_REAPED: Final = 500
"""Connections of one script call: a crash of a large replica must not block Redis for long."""

TIDY_EVERY_SECONDS: Final = 3600.0
SEEN_MILLISECONDS: Final = 86_400_000
FORGOTTEN_CONSUMER_MILLISECONDS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Reaper:
    """Reaps presence every `every` seconds, and tidies up once an hour."""

    scripts: Scripts
    presence: Presence
    dead: DeadLetters
    backoff: Backoff
    clock: Clock
    every: float
    dead_letter_days: float
    tally: Tally

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set."""
        tidy_at = self.clock.monotonic()
        while not stop.is_set():
            try:
                for partition in range(self.scripts.keys.partitions):
                    await self._reap(partition, stop)
                if self.clock.monotonic() >= tidy_at:
                    tidy_at = self.clock.monotonic() + TIDY_EVERY_SECONDS
                    await self._tidy()
            except (*OUTAGES, ResponseError, Unavailable) as error:
                if not (isinstance(error, Unavailable) or is_outage(error)):
                    raise
                await self.backoff.wait(error)
            else:
                self.backoff.reset()
                await wait_for_event(stop, self.every)

    async def _reap(self, partition: int, stop: asyncio.Event) -> None:
        while not stop.is_set():
            reaped = await self.scripts.reap_presence(partition, MOST_REAPED)
            self.tally.reaped += reaped
            if reaped:
                log.info("presence_reaped", partition=partition, count=reaped)
            if reaped < MOST_REAPED:
                return

    async def _tidy(self) -> None:
        now_ms = self.clock.micros() // 1000
        for partition in range(self.scripts.keys.partitions):
            await self.presence.forget_seen(partition, now_ms - SEEN_MILLISECONDS)
            await self.dead.trim(partition, self.dead_letter_days)
            await self.scripts.forget_consumers(partition, FORGOTTEN_CONSUMER_MILLISECONDS)
