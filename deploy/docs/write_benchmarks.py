"""Writes `benchmarks.md` and its pictures beside this file from what `make bench` has measured.

python deploy/docs/write_benchmarks.py FOLDER   takes the figures of a run over first
python deploy/docs/write_benchmarks.py          writes the page anew from the kept figures
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the backend is chosen

DOCUMENT: Final = Path(__file__).with_name("benchmarks.md")
FIGURES: Final = Path(__file__).with_name("benchmarks.json")
PICTURE: Final = Path(__file__).with_name("benchmarks.svg")
PARTS: Final = ("comparison", "bars")
"""Files of a run that a page is made of; without the first there is none."""

Figures = Mapping[str, Any]

_HEAD: Final = """\
# Benchmarks, measured

Made by `make bench` (most of an hour) on one machine, by one program: clients on picows,
open-loop where delays are measured, all in one process on one processor; the server alone on the
other; its Redis, PostgreSQL and whatever else it needs with the clients. Servers take turns, with
Adda between its peers. Figures are medians over all turns. Repeat it on your machine: the ratios
are what counts, not the microseconds. Take a Python that was built with all optimisations, as
distributions have it (`make bench PYTHON=/usr/bin/python3`): others cost a tenth more.

Last run: {day}, {system}, {cores} cores, {memory_gib} GiB, Python {python}.

## Against its peers

One room, {receivers} readers, a text of {message_size} characters; every reader gets every message.
*One by one*: the next message when all have the one before. *Saturated*: always {window} messages
under way. *p99*: at half of the rate that the server itself reached when saturated. *Missing*:
deliveries that never came, of all. CPU is that of the server's processes, without Redis.

![Processor time of a delivery, one by one and saturated](benchmarks.svg)
"""

_NOTES: Final = """
What each does more or less than Adda, for the same delivery:

{does}

Adda does for each message: the contract's checks, a number without gaps, a place in history and in
the queue to PostgreSQL, an ack, and a worker that stores it (its processor time is not in the
table: it runs elsewhere). Most peers only pass the text on.
"""


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        folder = Path(arguments[0])
        found = {
            part: json.loads((folder / f"{part}.json").read_text())
            for part in PARTS
            if (folder / f"{part}.json").is_file()
        }
        if "comparison" not in found:
            print("no page: the run has not finished the comparison")
            return 1
        kept = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
        text = json.dumps(kept | found, ensure_ascii=False, indent=1, sort_keys=True)
        FIGURES.write_text(text + "\n", encoding="utf-8")
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    DOCUMENT.write_text(document(figures), encoding="utf-8")
    draw(figures)
    print(f"wrote {DOCUMENT.name}")
    return 0


def median(server: Figures, *path: str) -> float | None:
    """Over all trials that have the figure at `path`."""
    found = []
    for trial in server["trials"]:
        value: Any = trial
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, int | float):
            found.append(float(value))
    return statistics.median(found) if found else None


def document(figures: Figures) -> str:
    """The page."""
    comparison = figures["comparison"]
    head = _HEAD.format(**comparison["machine"], **comparison["plan"])
    does = "\n".join(
        f"- {server['title']}: {server['does']}" for server in comparison["servers"].values()
    )
    missing = [f"- {name}: {why}" for name, why in comparison["missing"].items()]
    return "\n".join(
        [
            head,
            *_comparison_table(comparison),
            *(["", comparison["remark"]] if "remark" in comparison else []),
            _NOTES.format(does=does),
            *(["Not measured in this run:", "", *missing, ""] if missing else []),
            *bars_section(figures),
        ]
    )


def _comparison_table(comparison: Figures) -> list[str]:
    servers = comparison["servers"]
    ours = servers["adda"]
    rows = [
        (
            "| server | one by one, µs | × Adda | saturated, µs | × Adda | deliveries/s "
            "| p50 / p99 / p99.9 ms | join, CPU ms | idle connection, KB | missing |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for server in sorted(servers.values(), key=_saturated_cost):
        cells = [server["title"]]
        for kind in ("one_by_one", "saturated"):
            cost = median(server, kind, "cpu_us_per_delivery")
            base = median(ours, kind, "cpu_us_per_delivery")
            ratio = None if cost is None or not base else cost / base
            cells += [_number(cost, 2), _number(ratio, 2)]
        cells.append(_number(median(server, "saturated", "deliveries_per_second"), 0))
        delays = [median(server, "at_half", "ms", name) for name in ("p50", "p99", "p99.9")]
        cells.append(" / ".join(_number(delay, 1) for delay in delays))
        cells.append(_number(median(server, "accept_cpu_ms"), 2))
        idle = median(server, "idle_bytes")
        cells.append(_number(None if idle is None else idle / 1024, 1))
        lost = [median(server, kind, "missing") or 0 for kind in ("saturated", "at_half")]
        cells.append(_number(sum(lost), 0))
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _saturated_cost(server: Figures) -> float:
    cost = median(server, "saturated", "cpu_us_per_delivery")
    return float("inf") if cost is None else cost


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def bars_section(figures: Figures) -> list[str]:
    """What is promised, beside what was measured; nothing where nothing was."""
    parts = (_ratio_rows, _bar_rows, _worker_rows, _api_rows)
    rows = [row for part in parts for row in part(figures)]
    if not rows:
        return []
    return [
        "## What is promised",
        "",
        "Adda alone, one replica on one processor, every check switched on.",
        "",
        "| what | bar | measured |",
        "|---|---|---|",
        *(f"| {what} | {bar} | {measured} |" for what, bar, measured in rows),
        "",
    ]


RATIOS: Final = (
    ("saturated", "socketio-redis", 1 / 9),
    ("saturated", "nchan", 1 / 2.5),
    ("saturated", "original", 1 / 200),
    ("saturated", "original-unstored", 1 / 200),
    ("one_by_one", "nchan", 1.4),
    ("one_by_one", "kernel", 1.7),
    ("one_by_one", "socketio-redis", 0.9),
)
"""How a delivery was measured, a peer, and how many times its cost ours may be."""


def _ratio_rows(figures: Figures) -> list[tuple[str, str, str]]:
    servers = figures.get("comparison", {}).get("servers", {})
    rows: list[tuple[str, str, str]] = []
    for way, peer, bar in RATIOS:
        ours, theirs = (
            median(servers[name], way, "cpu_us_per_delivery") if name in servers else None
            for name in ("adda", peer)
        )
        if ours and theirs:
            name = servers[peer]["title"]
            what = f"CPU of a delivery, {way.replace('_', ' ')}, beside {name}"
            rows.append((what, f"≤ {_times(bar)}", _times(ours / theirs)))
    return rows


def _times(ratio: float) -> str:
    return f"{ratio:.2f} ×" if ratio > 0.5 else f"1/{1 / ratio:.3g}"  # noqa: PLR2004 - taste


def _bar_rows(figures: Figures) -> list[tuple[str, str, str]]:
    bars = figures.get("bars", {}).get("bars", {})
    rows: list[tuple[str, str, str]] = []
    for name, title in (
        ("publishes_many_rooms", "many rooms, one person in each"),
        ("publishes_one_room", "one room"),
    ):
        if found := bars.get(name):
            rows.append(
                (
                    f"messages accepted and acknowledged, {title}",
                    "≥ 10,000/s per replica core, ≥ 15,000/s per Redis core",
                    f"{found['per_replica_core']:,.0f} and {found['per_redis_core']:,.0f}/s",
                )
            )
    if found := bars.get("hot_room"):
        half = found["at_half"]
        rows.append(
            (
                f"p99 with {found['receivers']:,} readers at half load",
                "≤ 50 ms",
                f"{half['ms']['p99']:.1f} ms at {half['deliveries_per_second']:,.0f} deliveries/s",
            )
        )
    return [*rows, *_presence_rows(bars), *_crowd_rows(bars)]


def _presence_rows(bars: Figures) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    if found := bars.get("accept"):
        rows.append(("join, until `welcome`", "≤ 0.9 ms CPU", f"{found['cpu_ms']:.2f} ms"))
    if found := bars.get("idle"):
        rows += [
            (
                "join, with all that up to a hundred others in the room are told about it",
                "measured",
                f"{found['accept_cpu_ms']:.2f} ms",
            ),
            (
                f"idle connection, {found['connections']:,} in one process",
                "≤ 30 KB",
                f"{found['bytes'] / 1024:.1f} KB",
            ),
        ]
    if found := bars.get("mass"):
        rows.append(
            (
                f"idle connection, {found['connections']:,} over {found['replicas']} replicas",
                "measured",
                f"{found['bytes'] / 1024:.1f} KB; lost {found['lost']}",
            )
        )
    return rows


def _crowd_rows(bars: Figures) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    if found := bars.get("join_storm"):
        rows.append(
            (
                f"{found['joins']:,} joins into one room, as one member sees it",
                "≤ 4 lists/s and ≤ 1.5 MB in all",
                f"{found['lists_per_second']:.2f} lists/s, {found['bytes'] / 1e6:.2f} MB",
            )
        )
    if found := bars.get("slow_readers"):
        without, with_slow = found["without"]["ms"]["p99"], found["with"]["ms"]["p99"]
        rows.append(
            (
                "a tenth reads too slowly: p99 of the others",
                "≤ 1.2 ×, memory flat",
                (
                    f"{with_slow / without:.2f} × of {without:.1f} ms; "
                    f"{found['with']['memory_growth'] / 2**20:+.1f} MiB"
                ),
            )
        )
    if found := bars.get("reconnect_storm"):
        rows.append(
            (
                f"{found['connections']:,} connections cut at once",
                "admitted at a bounded rate, nothing lost",
                (
                    f"all back after {found['back_after_s']:.0f} s, "
                    f"{sum(found['refusals'].values()):,} appointments, lost {found['lost']}"
                ),
            )
        )
    return rows


def _worker_rows(figures: Figures) -> list[tuple[str, str, str]]:
    found = figures.get("bars", {}).get("bars", {}).get("worker")
    if not found:
        return []
    wall = [found[name]["rows_per_second"] for name in ("many_rooms", "hot_room")]
    core = [found[name]["rows_per_worker_second"] for name in ("many_rooms", "hot_room")]
    return [
        (
            "worker, a backlog of many rooms / of one",
            "≥ 25,000 rows/s per core, PostgreSQL on the other",
            (
                f"{core[0]:,} / {core[1]:,} rows per second of its processor; "
                f"{wall[0]:,} / {wall[1]:,} rows/s by the clock"
            ),
        ),
        (
            "worker, lag at 5,000 messages/s",
            "p99 ≤ 1 s",
            f"p99 {found['steady']['lag_p99_ms']:,.0f} ms",
        ),
    ]


def _api_rows(figures: Figures) -> list[tuple[str, str, str]]:
    reads = figures.get("bars", {}).get("bars", {}).get("api", {})
    rows = []
    for name, read in reads.items():
        paced = next(value for key, value in read.items() if key.startswith("at_"))
        rows.append(
            (
                f"api, {name}",
                "≥ 2,000/s per core, p99 ≤ 20 ms",
                (
                    f"{1000 / read['cpu_ms']:,.0f}/s; p99 {paced['p99_ms']:.1f} ms at "
                    f"{paced['requests_per_second']:,}/s"
                ),
            )
        )
    return rows


def draw(figures: Figures) -> None:
    """Bars of both costs, on a scale by tens."""
    servers = sorted(figures["comparison"]["servers"].values(), key=_saturated_cost)[::-1]
    picture, axes = plt.subplots(figsize=(9, 0.5 * len(servers) + 1.5), layout="constrained")
    _bars(axes, servers, "saturated", 0.2, "#e07a5f")
    _bars(axes, servers, "one_by_one", -0.2, "#3d5a80")
    axes.set_yticks(range(len(servers)), [server["title"].split(",")[0] for server in servers])
    axes.set(xscale="log", xlabel="µs of processor time per delivery")
    axes.grid(visible=True, axis="x", alpha=0.3)
    axes.legend()
    mpl.rcParams["svg.hashsalt"] = "adda"  # the same figures make the same picture
    picture.savefig(PICTURE, metadata={"Date": None})
    plt.close(picture)


def _bars(axes: Any, servers: Sequence[Figures], kind: str, shift: float, color: str) -> None:
    places, costs = [], []
    for place, server in enumerate(servers):
        cost = median(server, kind, "cpu_us_per_delivery")
        if cost is not None:
            places.append(place + shift)
            costs.append(cost)
    axes.barh(places, costs, height=0.38, color=color, label=kind.replace("_", " "))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
