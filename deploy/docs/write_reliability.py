"""Writes `reliability.md` beside this file from what a run under faults has measured.

python deploy/docs/write_reliability.py FOLDER   takes the figures of `make faults` over first
python deploy/docs/write_reliability.py          writes the page anew from the kept figures
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

DOCUMENT: Final = Path(__file__).with_name("reliability.md")
FIGURES: Final = Path(__file__).with_name("reliability.json")
NEEDED: Final = frozenset(
    {
        "storm",
        "emptied_redis",
        "killed_replica",
        "rolling_restart",
        "deaf_link",
        "postgres_away",
        "state_equation",
        "sentinel",
        "cluster",
    }
)
"""Drills that a page is made of; a run without one of them makes none."""

Figures = Mapping[str, Mapping[str, Any]]
Row = tuple[object, ...]

_HEAD: Final = """\
# Reliability, measured

Made by `make faults` (under half an hour) from what it has seen; repeat it on your machine. Many
clients write with a `client_id`, try again after errors, come back with their position, and note
all that they send and see, while parts of the stack are killed, frozen, cut off and emptied.
Afterwards `tests/faults/checker.py` holds all of it against REST and PostgreSQL: what was
acknowledged is there once, under the number that was told, in one order for all, without a gap;
authors keep their order; no reader saw anything twice or went back; totals are true; nothing is
there that nobody sent.
"""


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        found = {
            path.stem: json.loads(path.read_text()) for path in Path(arguments[0]).glob("*.json")
        }
        if missing := NEEDED - set(found):
            print(f"no page: the run has not finished {', '.join(sorted(missing))}")
            return 1
        kept = found | {"machine": machine()}
        FIGURES.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    DOCUMENT.write_text(document(json.loads(FIGURES.read_text())), encoding="utf-8")
    print(f"wrote {DOCUMENT.name}")
    return 0


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def document(figures: Figures) -> str:
    """The whole text of `reliability.md`."""
    where = figures["machine"]
    told = (
        f"Last run: {where['day']}, {where['system']}, {where['cores']} cores, "
        f"{where['memory_gib']} GiB, Python {where['python']}; clients, servers and faults share "
        f"the machine.\n"
    )
    parts = [_HEAD, told, "## Every promise\n", _promises(figures), "## Every fault\n"]
    return "\n".join([*parts, _faults(figures)])


def _table(head: tuple[str, ...], rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |\n" for row in [head, *rows]]
    lines.insert(1, "|" + "---|" * len(head) + "\n")
    return "".join(lines)


def _promises(figures: Figures) -> str:
    rows = [*_runs(figures), *_moments(figures)]
    return _table(("what", "bar", "measured"), rows)


def _runs(figures: Figures) -> list[Row]:
    """What the checker said of whole runs."""
    storm, emptied = figures["storm"], figures["emptied_redis"]
    sentinel, cluster = figures["sentinel"], figures["cluster"]
    interleavings = figures["state_equation"]["interleavings"]
    rate = round(storm["sent"] / storm["seconds"])
    return [
        (
            f"{_total(storm)} faults, {rate} messages/s over all",
            "0 lost, doubled, reordered; no gap",
            f"{storm['violations']} of {storm['acked']} acked, shown {storm['shown']} times",
        ),
        (
            f"Redis emptied {_total(emptied)} times",
            "only what PostgreSQL had not, and all are told",
            f"{emptied['violations']} else; {emptied['excused']} of {emptied['acked']} so lost",
        ),
        (
            f"master changed {_total(sentinel)} times by Sentinel",
            "0 lost of what was acked on both servers",
            f"{sentinel['violations']} of {sentinel['acked']} acked",
        ),
        (
            f"{_total(cluster)} moves and losses in a Cluster",
            "0 lost, doubled, reordered; no gap",
            f"{cluster['violations']} of {cluster['acked']} acked",
        ),
        (
            "what services took for errors of their own meanwhile",
            "0",
            f"{sum(run.get('errors_logged', 0) for run in figures.values())}",
        ),
        (
            "snapshot ⊕ events = a fresh snapshot",
            "10,000 interleavings",
            f"{interleavings}, 0 differ",
        ),
    ]


def _moments(figures: Figures) -> list[Row]:
    """How long single losses are felt."""
    killed, rolling = figures["killed_replica"], figures["rolling_restart"]
    deaf, away = figures["deaf_link"], figures["postgres_away"]
    return [
        (
            f"ghosts of a killed replica with {killed['connections']} connections",
            "gone in 15 s, nobody who moved is said to leave",
            f"{killed['ghosts_gone_seconds']} s",
        ),
        (
            "who was on it talks again",
            "p99 ≤ 5 s",
            f"p50 {killed['talk_again_p50_seconds']} s, p99 {killed['talk_again_p99_seconds']} s",
        ),
        (
            f"rolling restart under {rolling['clients']} clients",
            "nothing missed; busiest second ≤ 2 × mean",
            f"{rolling['violations']} missed; {rolling['peak_over_mean']} × mean",
        ),
        (
            "pub/sub link silently dead",
            "found in 30 s, unready meanwhile",
            f"red after {deaf['red_after_seconds']} s, well after {deaf['green_after_seconds']} s",
        ),
        (
            f"PostgreSQL away {away['away_seconds']} s, {away['messages_per_second']} messages/s",
            "p50 of the time to the ack ≤ 1.2 ×",
            f"{away['p50_ratio']} × of {away['ack_p50_ms_before']} ms; p99 {away['p99_ratio']} ×",
        ),
        ("its backlog is stored", "in 30 s", f"{away['drained_seconds']} s"),
    ]


def _total(run: Mapping[str, Any]) -> int:
    return sum(run["faults"].values())


def _faults(figures: Figures) -> str:
    rows = [
        (fault, count, run.replace("_", " "))
        for run in ("storm", "emptied_redis", "sentinel", "cluster")
        for fault, count in sorted(figures[run]["faults"].items())
    ]
    return _table(("fault", "times", "run"), rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
