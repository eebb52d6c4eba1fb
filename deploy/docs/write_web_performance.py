"""Writes `web-performance.md` beside this file from what the benchmark of the web client measured.

python deploy/docs/write_web_performance.py FILE   takes the figures of `make bench-web` over first
python deploy/docs/write_web_performance.py        writes the page anew from the kept figures
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = Path(__file__).with_name("web-performance.md")
FIGURES: Final = Path(__file__).with_name("web-performance.json")

Figures = Mapping[str, Any]

_HEAD: Final = """\
# The web client, measured

Made by `make bench-web` (about ten minutes) on {cores} shared cores with {memory_gib} GiB,
{system}, on {day}: Chromium without a window, and everything that serves it, on the same machine.
Repeat it on yours.
"""


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        found = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        FIGURES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    DOCUMENT.write_text(page(json.loads(FIGURES.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"wrote {DOCUMENT.name}")
    return 0


def page(figures: Figures) -> str:
    """The whole document."""
    parts = (_first_visit, _audits, _flood, _hour, _long_room)
    return "\n".join([_HEAD.format(**figures["machine"]), *(part(figures) for part in parts)])


def _first_visit(figures: Figures) -> str:
    sizes = {name: f"{value / 1_000:.1f} KB" for name, value in figures["first_load"].items()}
    return f"""\
## What a first visit to a room fetches

| | gzipped | bar |
|---|---|---|
| scripts | {sizes["javascript"]} | 60 KB |
| styles | {sizes["css"]} | 20 KB |
| fonts (two weights of Bangla, after the text is there) | {sizes["fonts"]} | 120 KB |

Later visits fetch none of it: the page is kept in the browser.
"""


def _audits(figures: Figures) -> str:
    rooms, room = figures["lighthouse"]["rooms"], figures["lighthouse"]["room"]
    rows = (
        ("performance", "performance", "≥ 95"),
        ("accessibility", "accessibility", "100"),
        ("best practices", "best_practices", "100"),
        ("first paint, ms", "first_paint_ms", ""),
        ("largest paint, ms", "largest_paint_ms", ""),
        ("interactive, ms", "interactive_ms", "≤ 2,000"),
        ("blocked, ms", "blocking_ms", ""),
        ("layout shift", "layout_shift", ""),
    )
    lines = [f"| {title} | {rooms[key]:g} | {room[key]:g} | {bar} |" for title, key, bar in rows]
    return "\n".join(
        [
            "## Lighthouse, mobile profile (simulated slow 4G, a processor four times slower)",
            "",
            "| | list of rooms | a room, first visit | bar |",
            "|---|---|---|---|",
            *lines,
            "",
        ]
    )


def _flood(figures: Figures) -> str:
    flood = figures["flood"]
    return f"""\
## {flood["rate"]:,} messages a second into the room, while somebody types

| | measured | bar |
|---|---|---|
| frames per second | {flood["frames_per_second"]:g} | ≥ 30 |
| frames in the worst second | {flood["worst_second"]} | |
| time of a frame, p95 / longest | {flood["frame_p95_ms"]:g} / {flood["frame_max_ms"]:g} ms | |
| from a key to its letter, p50 / p95 | {_key_times(flood)} ms | |
| the newest message is in sight at the end | {_yes(flood["all_shown"])} | yes |
"""


def _key_times(flood: Figures) -> str:
    return f"{flood['key_to_paint_p50_ms']:g} / {flood['key_to_paint_p95_ms']:g}"


def _hour(figures: Figures) -> str:
    hour = figures["hour"]
    heaps = ", ".join(f"{value:g}" for value in hour["heap_mb"])
    return f"""\
## Memory over an hour's messages

{hour["messages"]:,} messages pass (a busy hour, in a minute). The heap after garbage collection,
from first to last, in MiB: {heaps}. Elements on the page: {hour["nodes"]}.
"""


def _long_room(figures: Figures) -> str:
    room = figures["long_room"]
    return f"""\
## {room["messages"]:,} messages in a room, scrolled up by wheel

{room["passed"]:,} of them at {room["frames_per_second"]:g} frames per second,
{room["worst_second"]} in the worst second; p95 of a frame {room["frame_p95_ms"]:g} ms, the longest
{room["frame_max_ms"]:g} ms. All that was passed is held: {room["heap_mb"]:g} MiB.
"""


def _yes(value: object) -> str:
    return "yes" if value else "no"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
