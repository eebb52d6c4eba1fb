"""Measures the product, and the product against its peers; writes JSON for the page.

python -m tests.bench compare|bars|all [--quick] [--only NAME …] [--rounds N] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import api_reads, bars, worker_rows
from tests.bench.comparison import HELPER_CORE, compare, save
from tests.bench.processes import pin
from tests.bench.trial import Plan
from tests.load.results import machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.bars import Figures, Sizes

QUICK = Plan(receivers=10, idle=20, one_by_one=10, window=16, seconds=1.0, forget_seconds=0.0)


def measurements(sizes: Sizes) -> dict[str, Callable[[Path], Figures]]:
    """All bars, by name; each is given an empty folder."""
    return {
        "publishes_many_rooms": partial(bars.publishes, sizes=sizes, rooms=sizes.talkers),
        "publishes_one_room": partial(bars.publishes, sizes=sizes, rooms=1),
        "hot_room": partial(bars.hot_room, sizes=sizes),
        "accept": partial(bars.accept, sizes=sizes),
        "idle": partial(bars.idle, sizes=sizes),
        "mass": partial(bars.mass, sizes=sizes),
        "join_storm": partial(bars.join_storm, sizes=sizes),
        "slow_readers": partial(bars.slow_readers, sizes=sizes),
        "reconnect_storm": partial(bars.reconnect_storm, sizes=sizes),
        "worker": partial(worker_rows.measure, backlog=sizes.backlog, seconds=sizes.seconds),
        "api": lambda directory: api_reads.measure(directory / "stack", sizes.seconds / 2),
    }


def measure_bars(sizes: Sizes, only: list[str]) -> Figures:
    """Every bar, one after the other."""
    found: dict[str, Any] = {}
    for name, run in measurements(sizes).items():
        if only and name not in only:
            continue
        folder = Path(tempfile.mkdtemp(prefix="adda-bench-"))
        folder.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
        try:
            found[name] = run(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: {found[name]}", flush=True)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=("compare", "bars", "all"))
    parser.add_argument("--quick", action="store_true", help="does it work? figures mean nothing")
    parser.add_argument("--only", nargs="*", default=[], help="names of peers or of bars")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(".adda-bench"))
    options = parser.parse_args(arguments)
    options.out = options.out.resolve()  # servers run in folders of their own
    options.out.mkdir(parents=True, exist_ok=True)
    allowed = os.sched_getaffinity(0)
    pin([os.getpid()], HELPER_CORE)  # so the clients never share the server's processor
    try:
        _run(options)
    finally:
        os.sched_setaffinity(0, allowed)
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.what in {"compare", "all"}:
        figures = compare(
            QUICK if options.quick else Plan(),
            cache=options.out / "peers",
            rounds=options.rounds,
            only=options.only,
            tell=partial(print, flush=True),
        )
        save({"machine": machine(), **figures}, options.out / "comparison.json")
    if options.what in {"bars", "all"}:
        figures = measure_bars(bars.SMALL if options.quick else bars.Sizes(), options.only)
        save({"machine": machine(), "bars": figures}, options.out / "bars.json")


if __name__ == "__main__":
    sys.exit(main())
