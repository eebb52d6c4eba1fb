from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from shared.runtime import health
from shared.runtime.health import Readiness, check_parts


async def works() -> None:
    await asyncio.sleep(0)


async def breaks() -> None:
    raise ValueError("whatever it is")


async def hangs() -> None:
    await asyncio.sleep(60)


async def test_a_process_whose_parts_all_work_is_ready() -> None:
    readiness = await check_parts({"redis": works, "postgres": works})
    assert readiness == Readiness(())
    assert readiness.ready


async def test_the_parts_that_fail_are_named_in_order() -> None:
    readiness = await check_parts({"redis": breaks, "broker": works, "postgres": breaks})
    assert readiness.failing == ("redis", "postgres")
    assert not readiness.ready


async def test_a_part_that_hangs_fails_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.2)
    hanging: Counter[str] = Counter()

    async def hangs_beside_others() -> None:
        hanging["now"] += 1
        hanging["most"] = max(hanging["most"], hanging["now"])
        try:
            await hangs()
        finally:
            hanging["now"] -= 1

    parts = dict.fromkeys("acd", hangs_beside_others)
    readiness = await check_parts({**parts, "b": works})
    assert readiness.failing == ("a", "c", "d")
    assert hanging["most"] == 3


async def test_readiness_is_checked_and_not_remembered() -> None:
    answers = [breaks, works]
    seen = [(await check_parts({"redis": answers[n]})).ready for n in (0, 1, 0)]
    assert seen == [False, True, False]


async def test_a_stop_is_not_taken_for_a_failed_part() -> None:
    task = asyncio.create_task(check_parts({"redis": hangs}))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
