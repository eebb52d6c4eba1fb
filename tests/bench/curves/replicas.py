"""Rooms whose people are spread over more and more replicas.

All replicas share one processor: what grows with their number is the cost of a message, and that is
what is measured. Together they would do more on more processors; nothing is said of that here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from tests.bench.curves.rooms import talk_everywhere
from tests.bench.curves.scene import open_scene, tell
from tests.bench.trial import Plan, one_by_one, saturate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene

ROOM_PEOPLE: Final = 4
"""In each of many rooms: one at each of so many replicas."""


def replicas(
    directory: Path,
    sizes: Sequence[int] = (1, 2, 3, 4),
    receivers: int = 200,
    seconds: float = 4.0,
    messages: int = 800,
) -> list[dict[str, Any]]:
    """A row for each number of replicas, each with a stack of its own."""
    plan = Plan(receivers=receivers, one_by_one=messages, seconds=seconds)
    rows = []
    for size in sizes:
        tell(f"{size} replicas")
        with open_scene(directory, ws=size) as scene:
            rows.append({"replicas": size} | asyncio.run(_measure(scene, size, plan)))
    return rows


async def _measure(scene: Scene, size: int, plan: Plan) -> dict[str, Any]:
    room = scene.stack.new_room()
    found: dict[str, Any] = {}
    try:
        for number in range(size):
            share = plan.receivers // size + (number < plan.receivers % size)
            await scene.enter([room] * share, f"ws-{number + 1}")
        # Speakers are the first ones and would all be of one replica.
        scene.guests.members.sort(key=lambda member: member.visit.name[::-1])
        await scene.listen(plan.seconds)
        found["one_by_one"] = await scene.cost(one_by_one(scene.guests, plan), plan.receivers)
        found["saturated"] = await scene.cost(saturate(scene.guests, plan), plan.receivers)
        await scene.guests.leave()
        found["many_rooms"] = await _talk_in_many(scene, size, plan)
    finally:
        await scene.guests.leave()
    return found


async def _talk_in_many(scene: Scene, size: int, plan: Plan) -> dict[str, Any]:
    """As many people as before in small rooms, each room with people at every replica."""
    rooms = [str(uuid4()) for _ in range(plan.receivers // ROOM_PEOPLE)]
    for place in range(ROOM_PEOPLE):
        await scene.enter(rooms, f"ws-{place % size + 1}")
    await scene.listen(plan.seconds)
    cost = await scene.cost(talk_everywhere(scene.guests, plan), ROOM_PEOPLE)
    return {"rooms": len(rooms), "people": ROOM_PEOPLE} | cost
