from __future__ import annotations

import asyncio
import time

import pytest

from shared.runtime.loop_lag import watching_loop


async def test_what_holds_up_the_loop_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.loop_lag.LOOK_SECONDS", 0.01)
    asyncio.get_running_loop().slow_callback_duration = 10  # it is slow on purpose
    async with watching_loop() as lag:
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251 - what is to be found
        while not lag.buckets()[-1].values:
            await asyncio.sleep(0.01)
        assert lag.total > 0.2


async def test_nothing_is_left_of_the_watch() -> None:
    async with watching_loop():
        pass
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"loop lag"})
