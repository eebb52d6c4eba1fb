"""Signals and background tasks: a process stops once, in order, and no task dies unseen."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

log = structlog.stdlib.get_logger()


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """Yields an event that SIGTERM or SIGINT sets; a handler does nothing more than that."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


_THRESHOLDS: Final = (700, 10, 50)
"""Python's own but for the last, which is 10: the oldest are looked at five times less often. What
comes and goes leaves no circles (`tests/integration/ws_service/test_memory.py`), and with some
hundreds of connections each look holds up everybody for a twentieth of a second."""


def settle_memory() -> None:
    """Takes what a process has loaded out of the garbage collector's sight; call once, at start.

    A full collection looks at every object there is, and stands still meanwhile: code and types of
    a service are most of them (30 ms and more), and none of them will ever be garbage.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


class BackgroundTasks:
    """Tasks of one owner: kept referenced, their failures logged, cancelled at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Runs `coroutine` beside the caller."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def stop(self) -> None:
        """Cancels what still runs and waits until it is gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._tasks)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=error)


async def wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """Waits until `event` is set or `seconds` have passed; True if it was set."""
    # Not wait_for: that of Python 3.11 loses a cancellation that comes together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
