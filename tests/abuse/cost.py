"""What limits cost: processor time of a replica and of Redis for one message, with and without.

python -m tests.abuse.cost --out cost.json

Two stacks stand side by side and publish by turns, so that whatever else the machine does falls on
both. With limits each message is counted for its user, its address, its room and its connection,
and nobody reaches one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvloop
from tests.bench.adda import open_stack
from tests.bench.bars import guests_of
from tests.bench.processes import cpu_seconds

if TYPE_CHECKING:
    from tests.bench.adda import RunningStack
    from tests.bench.trial import Guests

ROOMS: Final = 16
TALKERS: Final = 64
WINDOW: Final = 256
"""Messages under way."""
COUNTED: Final = {"ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24", "ADDA_LIMIT_IPV4": "1000000/1000000"}
OFF: Final = dict.fromkeys(
    (
        *("ADDA_LIMIT_SESSION", "ADDA_LIMIT_ROOM", "ADDA_LIMIT_NEWCOMERS"),
        *("ADDA_LIMIT_IPV4", "ADDA_LIMIT_IPV6"),
    ),
    "off",
)


class Side:
    """One stack, and who talks there."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._guests: Guests = guests_of(stack)
        self.micros: list[float] = []
        """Of processor time by message, one figure for each turn."""

    async def enter(self) -> None:
        rooms = [self._stack.new_room() for _ in range(ROOMS)]
        await self._guests.enter([rooms[n % ROOMS] for n in range(TALKERS)])

    async def talk(self, seconds: float, *, counts: bool = True) -> None:
        """As much as is acknowledged."""
        pids = [*self._stack.named("ws"), *self._stack.named("valkey")]
        tally = self._guests.tally
        spent, acked, turn = cpu_seconds(pids), tally.acked, 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while tally.sent - tally.acked < WINDOW:
                turn += 1
                self._guests.members[turn % TALKERS].say(time.monotonic_ns(), 64)
            await asyncio.sleep(0.001)
        while tally.acked < tally.sent:
            await asyncio.sleep(0.001)
        if counts:
            self.micros.append((cpu_seconds(pids) - spent) / (tally.acked - acked) * 1e6)
        assert not tally.refusals

    async def leave(self) -> None:
        await self._guests.leave()


async def _alternate(sides: dict[str, Side], turns: int, seconds: float) -> dict[str, Any]:
    for side in sides.values():
        await side.enter()
        await side.talk(seconds, counts=False)
    for turn in range(turns):
        order = list(sides.values())
        for side in order if turn % 2 else reversed(order):
            await side.talk(seconds)
    for side in sides.values():
        await side.leave()
    found: dict[str, Any] = {
        name: {"micros": round(statistics.median(side.micros), 1)} for name, side in sides.items()
    }
    pairs = zip(sides["on"].micros, sides["off"].micros, strict=True)
    ratios = sorted(on / off for on, off in pairs)
    return found | {
        "turns": turns,
        "seconds": seconds,
        "ratio": round(statistics.median(ratios), 3),
        "least": round(ratios[0], 3),
        "most": round(ratios[-1], 3),
    }


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.abuse.cost", description=__doc__)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--out", type=Path, help="file for the figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="adda-cost-") as folder:
        Path(folder).chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
        with (
            open_stack(Path(folder) / "on", environment=COUNTED) as on,
            open_stack(Path(folder) / "off", environment=OFF) as off,
        ):
            sides = {"on": Side(on), "off": Side(off)}
            found = uvloop.run(_alternate(sides, options.turns, options.seconds))
    text = json.dumps(found, indent=1, sort_keys=True)
    print(text, flush=True)
    if options.out is not None:
        options.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
