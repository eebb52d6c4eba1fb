"""One room that more and more people listen to, on one replica."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from tests.bench.curves.scene import open_scene, tell
from tests.bench.trial import Plan, one_by_one, pace, saturate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene

LOAD: Final = 0.5
"""Of a processor, at which it is measured how long a delivery takes."""
DELIVERIES: Final = 200_000
"""One at a time, about as many in each size: processor time is counted in steps of 10 ms."""
MESSAGES: Final = (30, 1000)
"""One at a time, at least and at most."""
WINDOW: Final = 32
"""Messages under way while saturated. Few enough that the clients of the largest room, all in one
process, do not fall behind so far that they are taken for dead."""


def receivers(
    directory: Path,
    sizes: Sequence[int] = (10, 30, 100, 300, 1000, 3000, 10_000),
    seconds: float = 4.0,
    deliveries: int = DELIVERIES,
) -> list[dict[str, Any]]:
    """A row for each size: one message at a time, saturated, and at half a processor."""
    with open_scene(directory) as scene:
        return asyncio.run(_grow(scene, sizes, seconds, deliveries))


async def _grow(
    scene: Scene, sizes: Sequence[int], seconds: float, deliveries: int
) -> list[dict[str, Any]]:
    room, rows = scene.stack.new_room(), []
    try:
        for size in sizes:
            # The room grows: those who leave would cost something, too.
            await scene.enter([room] * (size - len(scene.guests.members)))
            await scene.listen(seconds)
            tell(f"{size} receivers")
            rows.append({"receivers": size} | await _measure(scene, seconds, deliveries))
    finally:
        await scene.guests.leave()
    return rows


async def _measure(scene: Scene, seconds: float, deliveries: int) -> dict[str, Any]:
    guests, size = scene.guests, len(scene.guests.members)
    least, most = MESSAGES
    count = min(max(deliveries // size, least), most)
    plan = Plan(receivers=size, one_by_one=count, window=WINDOW, seconds=seconds)
    one = await scene.cost(one_by_one(guests, plan), size)
    saturated = await scene.cost(saturate(guests, plan), size)
    rate = LOAD / (one["cpu_us_per_message"]["ws"] / 1e6)
    paced = await scene.cost(pace(guests, rate, plan), size)
    return {
        "quiet_cpu_share": dict(scene.quiet),
        "one_by_one": one,
        "saturated": saturated,
        "at_half": paced | {"wanted_messages_per_second": rate},
    }
