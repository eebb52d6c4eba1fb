"""One room whose people are spread over more and more replicas.

All replicas share one processor: what grows with their number is the cost of a message, and that is
what is measured. Together they would do more on more processors; nothing is said of that here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.bench.curves.scene import open_scene
from tests.bench.trial import Plan, _one_by_one, _saturate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene


def replicas(
    directory: Path,
    sizes: Sequence[int] = (1, 2, 3, 4),
    receivers: int = 200,
    seconds: float = 6.0,
    messages: int = 800,
) -> list[dict[str, Any]]:
    """A row for each number of replicas, each with a stack of its own."""
    plan = Plan(receivers=receivers, one_by_one=messages, seconds=seconds)
    rows = []
    for size in sizes:
        with open_scene(directory, ws=size) as scene:
            rows.append({"replicas": size} | asyncio.run(_measure(scene, size, plan)))
    return rows


async def _measure(scene: Scene, size: int, plan: Plan) -> dict[str, Any]:
    room = scene.stack.new_room()
    try:
        for number in range(size):
            share = plan.receivers // size + (number < plan.receivers % size)
            await scene.enter([room] * share, f"ws-{number + 1}")
        # Speakers are the first ones and would all be of one replica.
        scene.guests.members.sort(key=lambda member: member.visit.name[::-1])
        await scene.listen(plan.seconds)
        return {
            "quiet_cpu_share": dict(scene.quiet),
            "one_by_one": await scene.cost(_one_by_one(scene.guests, plan), plan.receivers),
            "saturated": await scene.cost(_saturate(scene.guests, plan), plan.receivers),
        }
    finally:
        await scene.guests.leave()
