"""Rooms that are spread over more and more primaries of a Cluster, and over more replicas.

Each room's people are at one replica, so that what is seen is the growth of the system and not of
a room: what rooms cost that are shared by replicas, `replicas.py` tells. All servers share two
processors: what may not grow is the cost of a message; together they would do more on more of them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from tests.bench.curves.rooms import talk_everywhere
from tests.bench.curves.scene import open_scene, tell
from tests.bench.trial import Plan

from local_stack.cluster import start_cluster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene

IN_EACH: Final = 2
"""People of a room."""


def primaries(  # one parameter for each thing that a quick run makes smaller
    directory: Path,
    sizes: Sequence[int] = (1, 2, 3),
    replicas: Sequence[int] = (1, 2, 4),
    rooms: int = 300,
    seconds: float = 4.0,
) -> list[dict[str, Any]]:
    """A row for each number of primaries with each number of replicas, each a stack of its own."""
    plan = Plan(window=256, seconds=seconds)
    rows = []
    for size in sizes:
        for share in replicas:
            tell(f"{size} primaries, {share} replicas")
            place = directory / f"cluster-{size}-{share}"
            cluster = start_cluster(place, primaries=size)
            try:
                with open_scene(directory, ws=share, cluster=cluster) as scene:
                    found = asyncio.run(_measure(scene, share, rooms, plan))
            finally:
                cluster.stop()
            rows.append({"primaries": size, "replicas": share} | found)
    return rows


async def _measure(scene: Scene, replicas: int, rooms: int, plan: Plan) -> dict[str, Any]:
    try:
        for number in range(replicas):
            # Rooms of ids that nobody knows yet come into being when somebody enters.
            own = [str(uuid4()) for _ in range(rooms // replicas)]
            await scene.enter([name for name in own for _ in range(IN_EACH)], f"ws-{number + 1}")
        await scene.listen(plan.seconds)
        cost = await scene.cost(talk_everywhere(scene.guests, plan), IN_EACH)
    finally:
        await scene.guests.leave()
    return {"rooms": rooms} | cost
