"""Figures of a run, for the page on reliability; `make faults` says where to put them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONG: Final = os.environ.get("ADDA_FAULTS") == "long"
"""The whole of it (`make faults`), or the short form that is part of every test run."""

_FOLDER: Final = os.environ.get("ADDA_FAULTS_RESULTS")


def record(name: str, figures: Mapping[str, object]) -> None:
    """Keeps what a drill measured under its name."""
    if _FOLDER:
        path = Path(_FOLDER) / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(figures), ensure_ascii=False, indent=1, sort_keys=True)
        path.write_text(text + "\n", encoding="utf-8")


def tally(name: str, figure: str, count: int) -> None:
    """Adds to a figure that several tests of one process make up."""
    if _FOLDER:
        path = Path(_FOLDER) / f"{name}.json"
        before = json.loads(path.read_text(encoding="utf-8"))[figure] if path.exists() else 0
        record(name, {figure: before + count})


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of `values` lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
