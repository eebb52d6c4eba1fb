"""How late the event loop is: whatever holds it up, everybody on this process waits for it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import EVENT_LOOP_LAG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOK_SECONDS: Final = 0.25


@asynccontextmanager
async def watching_loop() -> AsyncIterator[Histogram]:
    """Counts until the end of the block, in seconds, how late its timer was."""
    lag = Histogram(EVENT_LOOP_LAG.buckets)
    watch = asyncio.get_running_loop().create_task(_watch(lag), name="loop lag")
    try:
        yield lag
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _watch(lag: Histogram) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        lag.observe(max(0.0, loop.time() - due))
