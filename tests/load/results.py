"""What is left of a run: figures as JSON, and pictures of them."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import psutil

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the backend is chosen

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from tests.load.generator import Outcome
    from tests.load.tally import Histogram

PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9, 99.99, 100.0)
TITLES: Final = {
    "joining": "due → welcome",
    "acking": "due → ack",
    "delivering": "due → in a client's hands",
}
NINES: Final = (0.0, 90.0, 99.0, 99.9, 99.99, 99.999)


def percentiles(histogram: Histogram) -> dict[str, float]:
    """Milliseconds, by percentile, and how many there were."""
    found = {
        f"p{percentile:g}": histogram.get_value_at_percentile(percentile) / 1000
        for percentile in PERCENTILES
    }
    return {**found, "count": histogram.get_total_count()}


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def figures(outcome: Outcome) -> dict[str, Any]:
    """All that was measured, ready for JSON."""
    talk = [second for second in outcome.seconds if second.phase == "talk"]
    return {
        "machine": machine(),
        "scenario": asdict(outcome.scenario),
        "totals": {
            name: outcome.total(name) for name in outcome.seconds[0].counts if name != "connected"
        },
        "most_connected": max(second.counts["connected"] for second in outcome.seconds),
        "deliveries_per_second": round(
            sum(second.counts["delivered"] for second in talk) / max(outcome.scenario.seconds, 0.1)
        ),
        "milliseconds": {name: percentiles(outcome.histogram(name)) for name in TITLES},
        "refusals": dict(outcome.refusals),
        "closes": dict(outcome.closes),
        "generator_late_ms": round(outcome.late_ms, 1),
        "seconds": [
            {
                "at": second.at,
                "phase": second.phase,
                **second.counts,
                "p99_ms": second.histograms["delivering"].get_value_at_percentile(99) / 1000,
            }
            for second in outcome.seconds
        ],
    }


def write(outcome: Outcome, folder: Path) -> list[Path]:
    """Writes `<scenario>.json` and two pictures, as SVG and PNG; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    name = outcome.scenario.name
    data = folder / f"{name}.json"
    data.write_text(json.dumps(figures(outcome), ensure_ascii=False, indent=1) + "\n")
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 9), layout="constrained")
    figure.suptitle(f"{outcome.scenario.title}: {outcome.scenario.clients} clients")
    _draw_percentiles(upper, outcome)
    _draw_course(lower, outcome)
    pictures = [folder / f"{name}.svg", folder / f"{name}.png"]
    for picture in pictures:
        figure.savefig(picture)
    plt.close(figure)
    return [data, *pictures]


def _draw_percentiles(axes: Axes, outcome: Outcome) -> None:
    """Durations over the share of all that took no longer; each step to the right is a nine."""
    for name, title in TITLES.items():
        histogram = outcome.histogram(name)
        count = histogram.get_total_count()
        if not count:
            continue
        shown = [p for p in _fine_percentiles() if (1 - p / 100) * count >= 1]
        axes.plot(
            [1 / (1 - p / 100) for p in shown],
            [histogram.get_value_at_percentile(p) / 1000 for p in shown],
            label=f"{title} ({count:,})",
        )
    axes.set(xscale="log", yscale="log", xlabel="percentile", ylabel="milliseconds")
    axes.set_xticks([1 / (1 - p / 100) for p in NINES], [f"{p:g}" for p in NINES])
    axes.grid(visible=True, alpha=0.3)
    axes.legend()


def _fine_percentiles() -> list[float]:
    return [100 - 100 / 10 ** (step / 20) for step in range(101)]


def _draw_course(axes: Axes, outcome: Outcome) -> None:
    times = [second.at for second in outcome.seconds]
    for name in ("connected", "delivered", "acked"):
        axes.plot(times, [max(second.counts[name], 0.1) for second in outcome.seconds], label=name)
    axes.plot(
        times,
        [
            max(second.histograms["delivering"].get_value_at_percentile(99) / 1000, 0.1)
            for second in outcome.seconds
        ],
        label="p99 of delivering, ms",
        linestyle="--",
    )
    axes.set(yscale="log", xlabel="seconds", ylabel="per second")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
