"""What a hot room, and somebody who only listens, take of the memory and of the processors."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from tests.bench.curves.scene import KEYS, open_scene, tell
from tests.bench.processes import resident_bytes
from tests.bench.trial import IDLE_ROOM, Plan, one_by_one

from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene

PING_SECONDS: Final[float] = WsSettings.model_fields["ping_seconds"].default
"""In so long everybody is pinged once."""

FEW_SECONDS: Final = 8.0
"""Enough for the quiet of the first few."""

_DEDUP: Final = "dedup"


def memory(
    directory: Path,
    sizes: Sequence[int] = (2000, 15_000),
    seconds: float = PING_SECONDS,
    entries: int = 300,
) -> dict[str, Any]:
    """One room with so many newest messages, and connections that only listen, on one replica."""
    # Elsewhere Valkey forgets meanwhile what other curves have left in it.
    own = directory / "memory"
    own.mkdir(mode=0o755)
    with open_scene(own, pings=True) as scene:
        return {
            "hot_room": asyncio.run(_fill(scene, entries, IDLE_ROOM)),
            "idle": asyncio.run(_gather(scene, sizes, seconds)),
        }


async def _fill(scene: Scene, entries: int, people: int) -> dict[str, Any]:
    """Bytes in Valkey of a room in which so many messages were just said."""
    room = scene.stack.new_room()
    try:
        await scene.enter([room] * people)
        await one_by_one(scene.guests, Plan(one_by_one=entries))
        await scene.stored()
        sizes = _bytes_of(scene, UUID(room))
    finally:
        await scene.guests.leave()
    dedup = sizes.pop(_DEDUP)
    return {
        "entries": entries,
        "people": people,
        "bytes": sum(sizes.values()),
        "bytes_by_key": sizes,
        # Of every message, in whichever room, for ten minutes.
        "dedup_bytes_per_message": dedup / entries,
    }


def _bytes_of(scene: Scene, room: UUID) -> dict[str, int]:
    """By the last part of the keys' names."""
    root = KEYS.room_root(room)
    found = {_DEDUP: 0}
    for key in scene.redis.scan_iter(match=f"{root}*", count=1000):
        name = key.decode().removeprefix(root).partition(":")[0]
        found[name] = found.get(name, 0) + int(scene.redis.memory_usage(key, samples=0) or 0)
    return found


async def _gather(scene: Scene, sizes: Sequence[int], seconds: float) -> dict[str, Any]:
    """In rooms of fifty; in each row all that are there by then."""
    rows, ws = [], scene.stack.named("ws")
    try:
        # The first ones pay for what is made once, such as caches and pools.
        await scene.enter([str(uuid4())] * IDLE_ROOM)
        await scene.listen(min(seconds, FEW_SECONDS))
        resident, used, empty = resident_bytes(ws), _valkey_bytes(scene), dict(scene.quiet)
        for size in sizes:
            tell(f"{size} connections")
            newcomers = size + IDLE_ROOM - len(scene.guests.members)
            rooms = [str(uuid4()) for _ in range(-(-newcomers // IDLE_ROOM))]
            before, began = scene.cpu(), time.monotonic()
            await scene.enter([rooms[n // IDLE_ROOM] for n in range(newcomers)])
            after, took = scene.cpu(), time.monotonic() - began
            await scene.listen(seconds)
            rows.append(
                {
                    "connections": size,
                    "ws_bytes_per_connection": (resident_bytes(ws) - resident) / size,
                    "valkey_bytes_per_connection": (_valkey_bytes(scene) - used) / size,
                    "quiet_cpu_share": dict(scene.quiet),
                    "accepted_per_second": newcomers / took,
                    "accept_cpu_ms": {
                        kind: (after[kind] - before[kind]) / newcomers * 1e3 for kind in after
                    },
                }
            )
    finally:
        await scene.guests.leave()
    return {"ws_bytes": resident, "quiet_cpu_share": empty, "connections": rows}


def _valkey_bytes(scene: Scene) -> int:
    info: Any = scene.redis.info("memory")
    return int(info["used_memory"])
