from __future__ import annotations

import asyncio
import gc
import os
import signal
import time

import pytest
import structlog

from shared.runtime.lifecycle import (
    BackgroundTasks,
    settle_memory,
    stop_on_signals,
    wait_for_event,
)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_sets_the_event_and_does_nothing_more(number: signal.Signals) -> None:
    async with stop_on_signals() as stop:
        assert not stop.is_set()
        for _ in range(2):  # an impatient second one changes nothing
            os.kill(os.getpid(), number)
            assert await wait_for_event(stop, 5)


async def test_handlers_are_gone_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with stop_on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    event = asyncio.Event()
    start = time.monotonic()
    assert not await wait_for_event(event, 0.05)
    asyncio.get_running_loop().call_later(0.05, event.set)
    assert await wait_for_event(event, 30)
    assert time.monotonic() - start < 5
    assert await wait_for_event(event, 0)


async def test_a_wait_that_is_cancelled_at_the_moment_of_its_event_is_cancelled() -> None:
    event = asyncio.Event()
    for ticks in range(1, 6):
        task = asyncio.create_task(wait_for_event(event, 30))
        await asyncio.sleep(0.01)
        event.set()
        for _ in range(ticks):
            await asyncio.sleep(0)
            if task.done():
                break
        told = task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() == told
        event.clear()


async def test_a_task_is_kept_until_it_is_done() -> None:
    tasks, go = BackgroundTasks(), asyncio.Event()
    task = tasks.start(go.wait(), "waits")
    assert (len(tasks), task.get_name()) == (1, "waits")
    go.set()
    await task
    await asyncio.sleep(0)
    assert len(tasks) == 0


async def test_no_task_dies_unseen() -> None:
    async def fail() -> None:
        raise ValueError("why")

    tasks = BackgroundTasks()
    with structlog.testing.capture_logs() as lines:
        await asyncio.wait([tasks.start(fail(), "doomed")])
        await asyncio.sleep(0)
    (line,) = lines
    assert (line["event"], line["task"]) == ("background_task_failed", "doomed")
    assert repr(line["exc_info"]) == "ValueError('why')"


async def test_stopping_cancels_all_and_waits_until_they_have_tidied_up() -> None:
    tidied: list[int] = []

    async def work(n: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            tidied.append(n)

    tasks = BackgroundTasks()
    for n in range(3):
        tasks.start(work(n), f"work {n}")
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as lines:
        await tasks.stop()
    assert sorted(tidied) == [0, 1, 2]
    assert (len(tasks), lines) == (0, [])


async def test_stopping_goes_on_when_a_task_fails_while_it_tidies_up() -> None:
    async def fail_late() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError("late")

    tasks = BackgroundTasks()
    tasks.start(fail_late(), "late")
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as lines:
        await tasks.stop()
        await asyncio.sleep(0)
    assert [line["event"] for line in lines] == ["background_task_failed"]


def test_what_a_process_has_loaded_is_no_more_looked_at_by_the_collector() -> None:
    try:
        settle_memory()
        assert gc.get_freeze_count() > 10_000
        assert len(gc.get_objects()) < gc.get_freeze_count() / 10
    finally:
        gc.unfreeze()
