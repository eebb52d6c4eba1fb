from __future__ import annotations

import asyncio
import time

from structlog.testing import capture_logs

from worker.backoff import Backoff


async def test_a_stopping_worker_does_not_wait() -> None:
    stop = asyncio.Event()
    stop.set()
    backoff = Backoff("test", stop, longest=60.0)
    started = time.monotonic()
    for _ in range(20):
        await backoff.wait(ConnectionError())
    assert time.monotonic() - started < 5


async def test_a_row_of_failures_is_told_at_its_start_and_at_its_end() -> None:
    stop = asyncio.Event()
    stop.set()
    backoff = Backoff("test", stop)
    with capture_logs() as logs:
        backoff.reset()
        for _ in range(5):
            await backoff.wait(ConnectionError("away"))
        backoff.reset()
        backoff.reset()
    assert [line["event"] for line in logs] == ["waiting", "works_again"]
