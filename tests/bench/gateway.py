"""What the gateway costs: processor time of a delivery that passes through it, memory of a socket.

    python -m tests.bench.gateway --out deploy/docs/gateway.json     # half a minute

A crowd in rooms of a hundred talks through nginx; nginx' own processes are looked at, second by
second. TLS is not part of it: something in front ends that.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench.adda import open_stack
from tests.bench.processes import cpu_seconds, resident_bytes
from tests.load.__main__ import make_rooms
from tests.load.generator import open_generator
from tests.load.results import machine
from tests.load.scenarios import SCENARIOS, Scenario

if TYPE_CHECKING:
    from tests.load.generator import Second

CROWD: Final = SCENARIOS["hot-room"].resized(
    clients=2000, rooms=20, rate=100.0, join_seconds=10.0, seconds=15.0
)
QUICK: Final = CROWD.resized(clients=40, rooms=2, rate=10.0, join_seconds=1.0, seconds=3.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """Of nginx, at the end of one second of talk."""

    delivered: int
    cpu: float
    memory: int


def measure(directory: Path, crowd: Scenario = CROWD) -> dict[str, Any]:
    """Runs the crowd; what a delivery and a socket took."""
    samples: list[Sample] = []
    with open_stack(directory) as running:
        gateway = (running.pids["gateway"],)
        before = resident_bytes(gateway)

        def look(second: Second) -> None:
            if second.phase == "talk":
                seen = second.counts["delivered"]
                samples.append(Sample(seen, cpu_seconds(gateway), resident_bytes(gateway)))

        rooms = make_rooms(running.stack.url, crowd.rooms)
        with open_generator(
            crowd,
            [running.stack.ws_url],
            rooms,
            processes=1,
            message_size=64,
            on_second=look,
        ) as generator:
            outcome = generator.play()
    deliveries = sum(sample.delivered for sample in samples[1:])
    cpu = samples[-1].cpu - samples[0].cpu
    return {
        "machine": machine(),
        "connections": crowd.clients,
        "deliveries": deliveries,
        "cpu_us_per_delivery": round(cpu * 1e6 / max(1, deliveries), 3),
        "bytes_per_connection": round((samples[-1].memory - before) / crowd.clients),
        "lost": outcome.total("lost"),
    }


def main() -> int:
    """Prints the figures, or writes them."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway", description=__doc__)
    parser.add_argument("--out", type=Path)
    out: Path | None = parser.parse_args().out
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
        text = json.dumps(measure(folder), indent=1) + "\n"
    if out is not None:
        out.write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
