"""Draws the curves of `scaling.md` as SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the backend is chosen
from matplotlib.axes import Axes

Figures = Mapping[str, Any]

_PARTS: Final = ("ws", "valkey", "worker", "postgres")


def draw(figures: Figures, folder: Path) -> list[str]:
    """Writes all pictures; returns their names."""
    drawn = []
    style = mpl.rc_context(
        {
            "svg.fonttype": "none",  # text stays text: small, and searchable
            "svg.hashsalt": "adda",  # the same figures give the same file
            "axes.grid": True,
            "grid.alpha": 0.3,
        }
    )
    with style:
        for curve, drawer in PICTURES.items():
            figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
            drawer(axes, figures[curve])
            axes.legend(fontsize="small")
            drawn.append(picture(curve))
            figure.savefig(folder / drawn[-1], metadata={"Date": None})
            plt.close(figure)
    return drawn


def picture(curve: str) -> str:
    """File name of a curve's picture."""
    return f"growth-{curve}.svg"


def _receivers(axes: Axes, rows: Sequence[Figures]) -> None:
    sizes = [row["receivers"] for row in rows]
    for way, label in (("one_by_one", "one at a time"), ("saturated", "saturated")):
        axes.plot(sizes, [row[way]["cpu_us_per_delivery"] for row in rows], "o-", label=label)
    axes.set(xscale="log", yscale="log", xlabel="receivers in one room")
    axes.set(ylabel="ws: µs of CPU per delivery")


def _rooms(axes: Axes, rows: Sequence[Figures]) -> None:
    sizes = [row["rooms"] for row in rows]
    for part in _PARTS:
        axes.plot(sizes, [row["cpu_us_per_message"][part] for row in rows], "o-", label=part)
    axes.set(xscale="log", ylim=(0, None), xlabel="rooms of two that talk at once")
    axes.set(ylabel="µs of CPU per message")


def _replicas(axes: Axes, rows: Sequence[Figures]) -> None:
    sizes = [row["replicas"] for row in rows]
    for way, line, label in (("one_by_one", "o-", "one room"), ("many_rooms", "s--", "many")):
        for part, colour in (("ws", "C0"), ("valkey", "C1")):
            costs = [row[way]["cpu_us_per_message"][part] for row in rows]
            axes.plot(sizes, costs, line, color=colour, label=f"{part}, {label}")
    axes.set(xticks=sizes, yscale="log", xlabel="replicas that share 200 receivers")
    axes.set(ylabel="µs of CPU per message")


def _stored(axes: Axes, rows: Sequence[Figures]) -> None:
    sizes = [row["messages"] for row in rows]
    for number, kind in enumerate(rows[0]["ms"]):
        for cache, line in (("warm", "o-"), ("cold", "s:")):
            times = [row["ms"][kind][cache]["p50"] for row in rows]
            axes.plot(sizes, times, line, color=f"C{number}", label=f"{kind}, {cache}")
    axes.set(xscale="log", yscale="log", xlabel="messages in PostgreSQL", ylabel="p50, ms")


PICTURES: Final[Mapping[str, Callable[[Axes, Sequence[Figures]], None]]] = {
    "receivers": _receivers,
    "rooms": _rooms,
    "replicas": _replicas,
    "stored": _stored,
}
