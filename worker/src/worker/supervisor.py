"""Runs the worker's parts beside each other and stops them in order.

A part that ends by an error is a bug: the others finish what they have in hand, the process ends
with exit code 1, and whoever started it starts it again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from worker.consumer import Consumer
    from worker.periodic import Periodic
    from worker.reaper import Reaper

log = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Owns the tasks; the parts own nothing that must be closed."""

    consumers: Sequence[Consumer]
    reaper: Reaper
    stop_seconds: float
    others: Sequence[Periodic] = ()
    """Work that may be broken off anywhere."""

    async def run_until(self, stop: asyncio.Event) -> int:
        """Works until `stop` is set or a part fails; returns the process's exit code."""
        consuming, reaping = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        consumers = [
            loop.create_task(consumer.run(consuming), name=f"consumer {number}")
            for number, consumer in enumerate(self.consumers)
        ]
        # The event that their backoffs wait for: what is refused at once, and waits for nothing,
        # would go round and round between the two.
        others = [loop.create_task(other.run(stop), name=other.name) for other in self.others]
        reaper = loop.create_task(self.reaper.run(reaping), name="reaper")
        parts = [*consumers, *others, reaper]
        stopped = loop.create_task(stop.wait(), name="stop")
        await asyncio.wait([stopped, *parts], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        consuming.set()
        # The reaper last: others' presence is reaped for as long as this worker lives.
        _, late = await asyncio.wait(consumers, timeout=self.stop_seconds)
        if late:
            log.warning("stopped_in_the_middle", parts=[task.get_name() for task in late])
        reaping.set()
        await asyncio.wait([reaper], timeout=1.0)
        return await self._finish(parts)

    @staticmethod
    async def _finish(parts: Sequence[asyncio.Task[None]]) -> int:
        for task in parts:
            task.cancel()
        results = await asyncio.gather(*parts, return_exceptions=True)
        failed = False
        for task, result in zip(parts, results, strict=True):
            if isinstance(result, Exception):
                failed = True
                log.error("part_failed", part=task.get_name(), exc_info=result)
        return int(failed)
