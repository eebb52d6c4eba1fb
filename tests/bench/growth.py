"""How the costs of the product grow with its use: curves, measured on the product itself.

python -m tests.bench.growth [--quick] [--only receivers …] [--out FILE.json]

Replicas of ws_service run on one processor, everything else (also the clients) on another: two are
needed, and nothing else should run meanwhile. The figures are those of `deploy/docs/scaling.md`:
`python deploy/docs/write_scaling.py FILE.json` takes them over.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench.curves.memory import memory
from tests.bench.curves.primaries import primaries
from tests.bench.curves.receivers import receivers
from tests.bench.curves.replicas import replicas
from tests.bench.curves.rooms import rooms
from tests.bench.curves.stored import stored
from tests.load.results import machine

from local_stack.accounts import forget_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CURVES: Final[Mapping[str, Callable[..., Any]]] = {
    "receivers": receivers,
    "rooms": rooms,
    "replicas": replicas,
    "primaries": primaries,
    "memory": memory,
    "stored": stored,
}

QUICK: Final[Mapping[str, Mapping[str, Any]]] = {
    "receivers": {"sizes": (10, 100), "seconds": 0.5, "deliveries": 5000},
    "rooms": {"sizes": (1, 50), "seconds": 0.5},
    "replicas": {"sizes": (2,), "receivers": 50, "seconds": 0.5, "messages": 50},
    "primaries": {"sizes": (2,), "replicas": (2,), "rooms": 20, "seconds": 0.5},
    "memory": {"sizes": (200,), "seconds": 1.0, "entries": 50},
    "stored": {"sizes": (10_000,), "requests": 20},
}
"""Too little for figures, enough to see that all of it runs."""

CORES: Final = 2


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    options = _options(arguments)
    if len(os.sched_getaffinity(0)) < CORES:
        print("two processors are needed: one for ws_service, one for everything else")
        return 2
    found: dict[str, Any] = {}
    if options.only and options.out.exists():
        found = json.loads(options.out.read_text())
    began = time.monotonic()
    with open_folder() as directory:
        for name in options.only or CURVES:
            found[name] = run(name, directory, quick=options.quick)
            # After each: what was measured stays, whatever becomes of the next.
            kept = found | {"machine": machine(), "quick": options.quick}
            options.out.write_text(json.dumps(rounded(kept), ensure_ascii=False, indent=1) + "\n")
    print(f"wrote {options.out} after {time.monotonic() - began:.0f} s")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, in under a minute")
    parser.add_argument("--only", nargs="+", choices=CURVES, help="keeps the others of --out")
    parser.add_argument("--out", type=Path, default=Path(".adda-growth.json"), help="of results")
    return parser.parse_args(arguments)


def run(name: str, directory: Path, *, quick: bool) -> Any:
    """One curve; tells of it."""
    began = time.monotonic()
    print(f"{name} …", flush=True)
    rows = CURVES[name](directory, **(QUICK[name] if quick else {}))
    for row in rows if isinstance(rows, list) else [rows]:
        print(f"  {json.dumps(rounded(brief(row)), ensure_ascii=False)}")
    print(f"  took {time.monotonic() - began:.0f} s", flush=True)
    return rows


@contextmanager
def open_folder() -> Iterator[Path]:
    """For the data of all stacks, one after the other; gone afterwards."""
    # Under root, servers run as another user, who must be able to enter.
    directory = Path(tempfile.mkdtemp(prefix="adda-growth-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        forget_home(directory)
        shutil.rmtree(directory, ignore_errors=True)


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """What one wants to see at once: the plain figures, and those of a level below."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            plain = {key: each for key, each in value.items() if not isinstance(each, dict)}
            shown[name] = plain or {key: list(each) for key, each in value.items()}
        else:
            shown[name] = value
    return shown


def rounded(value: Any) -> Any:
    """Four digits are more than one can measure."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    sys.exit(main())
