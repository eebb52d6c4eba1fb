"""What a run may leave behind: nobody in Redis, and no error in a log that is not a fault's own."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from shared.domain.moderation import EVERYWHERE
from shared.runtime.redis_client import nodes_of

if TYPE_CHECKING:
    from tests.faults.bed import Bed

SECONDS = 25.0
"""A crashed replica's connections expire after 12 s; rooms stay subscribed for 5 s."""

FORESEEN = ("entry_buried", "postgresql_unavailable", "timeout graceful shutdown exceeded")
"""What services log as errors because somebody should look, though nothing of theirs is broken."""

PRESENCE = ("conns", "tabs", "roster", "users", "leavers", "leaving", "names")


async def wait_until_nobody_is_left(bed: Bed) -> None:
    """Returns when Redis knows nobody and no replica listens to any room.

    Raises:
        AssertionError: it still did after 25 s; says what is left.
    """
    deadline = time.monotonic() + SECONDS
    async with bed.redis() as redis:
        while left := [name for node in await nodes_of(redis) for name in await _left(node)]:
            assert time.monotonic() < deadline, f"left behind: {left[:10]}"
            await asyncio.sleep(0.5)


async def _left(redis: Any) -> list[str]:
    names = [name.decode() async for name in redis.scan_iter(count=1000)]
    people = [name for name in names if name.rpartition(":")[2] in PRESENCE]
    channels = await redis.execute_command("PUBSUB", "SHARDCHANNELS")
    rooms = [name.decode() for name in channels if b":c:" in name]
    rooms = [name for name in rooms if not name.endswith(str(EVERYWHERE))]  # always listened to
    return people + rooms


def bugs_in_logs(bed: Bed) -> list[str]:
    """What services took for a fault of their own: whatever dies around them is foreseen."""
    return [
        f"{path.stem}: {line}"
        for path in sorted(bed.stack.logs.glob("*.log"))
        if path.stem != "gateway"  # nginx tells every lost upstream as an error
        for line in path.read_text(encoding="utf-8").splitlines()
        if " [error " in line and not any(event in line for event in FORESEEN)
    ]
