"""Ends the grace of those who left here, so that their leave is told without a worker, too."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, Final

import structlog

from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from shared.presence.presence import Presence
    from shared.runtime.clock import Clock
    from shared.runtime.lifecycle import BackgroundTasks

log = structlog.stdlib.get_logger()

SLACK_SECONDS: Final = 0.1
"""After the end by Redis' clock, whatever this machine's clock makes of the same time."""


class GraceEnds:
    """One task waits for the earliest end; it lives only while there is one to wait for."""

    def __init__(self, presence: Presence, clock: Clock, tasks: BackgroundTasks) -> None:
        self._presence = presence
        self._clock = clock
        self._tasks = tasks
        self._due: list[tuple[float, int]] = []
        self._waiting = False

    def __len__(self) -> int:
        return len(self._due)

    def note(self, partition: int, seconds: float) -> None:
        """Somebody left a room of `partition`, with a grace of `seconds`."""
        heapq.heappush(self._due, (self._clock.monotonic() + seconds + SLACK_SECONDS, partition))
        if not self._waiting:
            self._waiting = True
            self._tasks.start(self._run(), "grace ends")

    async def _run(self) -> None:
        try:
            while self._due:
                wait = self._due[0][0] - self._clock.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                await self._end_due()
        finally:
            self._waiting = False

    async def _end_due(self) -> None:
        now = self._clock.monotonic()
        partitions: set[int] = set()
        while self._due and self._due[0][0] <= now:
            partitions.add(heapq.heappop(self._due)[1])
        for partition in partitions:
            try:
                await self._presence.reap(partition)
            except Unavailable:
                log.info("reap_postponed", partition=partition)  # the worker's reaper comes by
