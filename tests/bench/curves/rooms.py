"""More and more small rooms, in all of which people talk at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from tests.bench.curves.scene import open_scene, tell
from tests.bench.trial import POLL_SECONDS, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene
    from tests.bench.trial import Guests

IN_EACH: Final = 2
"""People; one of them would not be a talk."""
STALL_SECONDS: Final = 1.0


def rooms(
    directory: Path,
    sizes: Sequence[int] = (1, 10, 100, 1000, 5000),
    seconds: float = 4.0,
    window: int = 256,
) -> list[dict[str, Any]]:
    """A row for each number of rooms: as many messages as are acknowledged, and their cost."""
    plan = Plan(window=window, seconds=seconds)
    with open_scene(directory) as scene:
        return asyncio.run(_grow(scene, sizes, plan))


async def _grow(scene: Scene, sizes: Sequence[int], plan: Plan) -> list[dict[str, Any]]:
    rows = []
    try:
        for size in sizes:
            missing = size - len(scene.guests.members) // IN_EACH
            # Rooms of ids that nobody knows yet come into being when somebody enters.
            names = [str(uuid4()) for _ in range(missing)]
            await scene.enter([name for name in names for _ in range(IN_EACH)])
            tell(f"{size} rooms")
            await scene.listen(plan.seconds)
            cost = await scene.cost(talk_everywhere(scene.guests, plan), IN_EACH)
            rows.append({"rooms": size, "quiet_cpu_share": dict(scene.quiet)} | cost)
    finally:
        await scene.guests.leave()
    return rows


async def talk_everywhere(guests: Guests, plan: Plan) -> None:
    """All in turn; as many messages as `plan.window` wait for their ack at any time."""
    members, tally = guests.members, guests.tally
    unanswered = tally.sent - tally.acked
    end = time.monotonic() + plan.seconds
    acked, since, turn = tally.acked, time.monotonic(), 0
    while time.monotonic() < end:
        if tally.acked != acked:
            acked, since = tally.acked, time.monotonic()
        elif time.monotonic() - since > STALL_SECONDS:
            unanswered, since = tally.sent - tally.acked, time.monotonic()
        for _ in range(plan.window - (tally.sent - tally.acked - unanswered)):
            members[turn % len(members)].say(time.monotonic_ns(), plan.message_size)
            turn += 1
        await asyncio.sleep(POLL_SECONDS)
