"""Writes `alerts.md` beside this file from what `make alerts` has seen.

python deploy/docs/write_alerts.py FOLDER   takes the figures of a run over first
python deploy/docs/write_alerts.py          writes the page anew from the kept figures
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = Path(__file__).with_name("alerts.md")
FIGURES: Final = Path(__file__).with_name("alerts.json")

Figures = Mapping[str, Mapping[str, Any]]

_HEAD: Final = """\
# Alerts, each seen to fire

Made by `make alerts` (some minutes; it needs `prometheus` on the path) from what it has seen: a
real Prometheus scrapes a whole stack every two seconds by the rules of
`deploy/observability/prometheus`, one fault after the other is caused, and the alert that it is
about must fire, nothing else may, and it must end when its cause has ended. Thresholds are those of
the rules; times are not, since nobody would wait for them: how long a condition must hold is 4 s
there, and each window of rates 16 s (`tests/observability/rules.py`). `beside` are other alerts
that rightly fired, too: on a busy machine those of slowness do. What to do about each:
[runbook](runbook.md).

| alert | fault | fired after | ended after | beside |
|---|---|---|---|---|
"""


def kept() -> dict[str, Any]:
    """The figures that the page is made of."""
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def document(figures: Figures) -> str:
    """The whole text of `alerts.md`."""
    return _HEAD + "".join(
        f"| [{name}](runbook.md#{name.lower()}) | {row['fault']} | {row['fired']:.0f} s "
        f"| {row['ended']:.0f} s | {', '.join(row['beside'])} |\n"
        for name, row in figures.items()
    )


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        run = Path(arguments[0]) / "alerts.json"
        FIGURES.write_text(run.read_text(encoding="utf-8"), encoding="utf-8")
    DOCUMENT.write_text(document(kept()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
