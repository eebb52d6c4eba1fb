"""What is shown while a run goes on: one line a second, the newest below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from rich.live import Live
from rich.table import Table
from tests.load.results import TITLES, percentiles

if TYPE_CHECKING:
    from rich.console import Console
    from tests.load.generator import Outcome, Second

LINES: Final = 15
COLUMNS: Final = ("connected", "joined", "sent", "acked", "delivered", "recovered")


class Progress:
    """A table that grows at its end; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seconds: list[Second] = []
        self._live = Live(console=console, refresh_per_second=4, transient=not console.is_terminal)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, second: Second) -> None:
        """One second more."""
        self._seconds.append(second)
        table = Table("s", "phase", *COLUMNS, "p50 ms", "p99 ms", "max ms")
        for shown in self._seconds[-LINES:]:
            took = percentiles(shown.histograms["delivering"])
            table.add_row(
                f"{shown.at:.0f}",
                shown.phase,
                *(f"{shown.counts[name]:,}" for name in COLUMNS),
                *(f"{took[name]:.1f}" for name in ("p50", "p99", "p100")),
            )
        self._live.update(table)


def summary(outcome: Outcome) -> Table:
    """The whole run in a table."""
    table = Table("", "count", "p50 ms", "p99 ms", "p99.9 ms", "max ms", title="in all")
    for name, title in TITLES.items():
        took = percentiles(outcome.histogram(name))
        table.add_row(
            title,
            f"{took['count']:,}",
            *(f"{took[key]:.1f}" for key in ("p50", "p99", "p99.9", "p100")),
        )
    for name in ("lost", "doubled", "recovered"):
        table.add_row(name, f"{outcome.total(name):,}")
    for kind, counts in (("refused", outcome.refusals), ("closed", outcome.closes)):
        for code, count in sorted(counts.items()):
            table.add_row(f"{kind}: {code}", f"{count:,}")
    table.add_row("generator was late by", "", "", "", "", f"{outcome.late_ms:.1f}")
    return table
