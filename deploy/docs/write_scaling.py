"""Writes `scaling.md` and its pictures beside this file from the growth that was measured.

PYTHONPATH=. python deploy/docs/write_scaling.py FILE.json   takes new figures over first
PYTHONPATH=. python deploy/docs/write_scaling.py             uses the kept figures

FILE.json is what `python -m tests.bench.growth` has written.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from draw_scaling import draw, picture
from scaling_tables import Case, arithmetic, first_walls, number, percent, size, table, walls
from tests.bench.growth import CURVES, rounded
from tests.bench.queueing import Crowd

from capacity_planner.arithmetic import Constants, Limits, Load, NoSize

DOCUMENT: Final = Path(__file__).with_name("scaling.md")
FIGURES: Final = Path(__file__).with_name("growth.json")
CROWDS: Final = (10_000, 100_000, 1_000_000)
LIMITS: Final = Limits()
SIMULATED: Final = {10_000: 60.0, 100_000: 30.0, 1_000_000: 2.0}
"""Seconds; enough messages each, and not too many."""

Figures = Mapping[str, Any]

_HEAD: Final = """\
# Scaling, measured and reckoned

What the parts cost when more people come, what that means for up to a million of them, and where
each part is full. Made from what `python -m tests.bench.growth` measured on the product itself
(in about ten minutes; repeat it on your machine) by `deploy/docs/write_scaling.py`.

For a crowd of yours, with the gateway and api_service:
`python -m capacity_planner --connections 1e5`.
"""

_CURVES: Final = """\
## How costs grow

One processor is for the replicas of ws_service, one for everything else and for the clients, so
that throughput says little and processor time much. "Quiet" is what connections cost while nobody
talks; it is not part of what messages cost.
"""

_WALLS: Final = """\
## Where the walls are

What one of each can do when it does nothing else. Two numbers: without and with doing several
things at once, which happens by itself under load.
"""

_SIMULATION: Final = """\
## Checked in simulation

`tests/bench/queueing.py` lets the same crowds talk by chance: every message goes through the queues
of a replica, of its node of Redis, of every replica that listens, of a worker and of PostgreSQL,
each with the costs above and nothing done for several at once. "Reckoned" is from the table above,
"simulated" what came out. The time until all have a message grows with the hot room: each replica
writes to its part of it, one after the other.
"""


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        found = json.loads(Path(arguments[0]).read_text())
        if missing := set(CURVES) - set(found):
            print(f"no page: the run has not measured {', '.join(sorted(missing))}")
            return 1
        if found["quick"]:
            print("no page: a quick run is too short for figures")
            return 1
        try:
            kept = found | {"simulation": simulation(found)}
        except NoSize as full:
            print(f"no page: no number of servers carries the crowds, {full} is full")
            return 1
        FIGURES.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    figures = json.loads(FIGURES.read_text())
    DOCUMENT.write_text(document(figures), encoding="utf-8")
    print(f"wrote {', '.join([DOCUMENT.name, *draw(figures, DOCUMENT.parent)])}")
    return 0


def simulation(figures: Figures) -> list[dict[str, Any]]:
    """Every crowd in simulation, beside what was reckoned; takes some seconds."""
    found = []
    for case in cases(figures):
        people = case.load.connections
        seen = Crowd(case.costs, case.load, case.servers, SIMULATED[people], seed=1).run()
        reckoned = {kind: case.busy(kind) for kind in seen.utilisation}
        found.append({"connections": people, "reckoned": reckoned} | asdict(seen))
    rough: list[dict[str, Any]] = rounded(found)
    return rough


def cases(figures: Figures) -> list[Case]:
    """What each crowd needs."""
    costs = Constants.of(figures)
    return [Case.of(costs, LIMITS, Load(people)) for people in CROWDS]


def document(figures: Figures) -> str:
    """The whole text of `scaling.md`."""
    where, found = figures["machine"], cases(figures)
    told = (
        f"Last run: {where['day']}, {where['system']}, {where['cores']} cores, "
        f"{where['memory_gib']} GiB, Python {where['python']}.\n"
    )
    parts = [_HEAD, told, _CURVES]
    parts += [_receivers(figures), _rooms(figures), _replicas(figures), _primaries(figures)]
    parts += [_stored(figures), _memory(figures), _crowd(found), arithmetic(found), _notes(found)]
    parts += [_WALLS, walls(found), "With the servers of the table above, and more messages:\n"]
    parts += [first_walls(found), _SIMULATION, _simulated(figures["simulation"])]
    return "\n".join(parts)


def _paragraph(*parts: str) -> str:
    """Words, in lines as long as those of other pages."""
    text = " ".join(parts)
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + "\n"


def _section(title: str, curve: str, told: str) -> str:
    return f"### {title}\n\n{told}\n![{title}]({picture(curve)})\n\n"


def _receivers(figures: Figures) -> str:
    head = ("receivers", "one at a time", "saturated", "p50", "p99", "at messages/s")
    rows = [
        (
            number(row["receivers"]),
            f"{number(row['one_by_one']['cpu_us_per_delivery'])} µs",
            f"{number(row['saturated']['cpu_us_per_delivery'])} µs",
            f"{number(row['at_half']['delivering_ms']['p50'])} ms",
            f"{number(row['at_half']['delivering_ms']['p99'])} ms",
            number(row["at_half"]["wanted_messages_per_second"]),
        )
        for row in figures["receivers"]
    ]
    told = _paragraph(
        "Processor time of ws for each delivery, one message at a time and with 32 under way, and",
        "how long deliveries take at a rate that would keep half a processor busy. In small rooms",
        "each delivery bears more of what the message itself costs; in the largest ones the kernel",
        "takes longer for each write, as it does for a program in C that only writes.",
    )
    return _section("Receivers in one room", "receivers", told) + table(head, rows)


def _rooms(figures: Figures) -> str:
    kinds = {"ws": "ws", "valkey": "Valkey", "worker": "worker", "postgres": "PostgreSQL"}
    head = ("rooms", *kinds.values(), "acknowledged/s")
    rows = [
        (
            number(row["rooms"]),
            *(f"{number(row['cpu_us_per_message'][kind])} µs" for kind in kinds),
            number(row["acked_per_second"]),
        )
        for row in figures["rooms"]
    ]
    told = _paragraph(
        "Two people in each; 256 messages are under way in all. Processor time for each message.",
    )
    return _section("Rooms that talk at once", "rooms", told) + table(head, rows)


def _replicas(figures: Figures) -> str:
    head = ("replicas", "ws, one room", "… saturated", "ws, many rooms", "Valkey, one room")
    rows = [
        (
            row["replicas"],
            *(
                f"{number(row[way]['cpu_us_per_message'][kind])} µs"
                for way, kind in (
                    ("one_by_one", "ws"),
                    ("saturated", "ws"),
                    ("many_rooms", "ws"),
                    ("one_by_one", "valkey"),
                )
            ),
        )
        for row in figures["replicas"]
    ]
    told = _paragraph(
        "The same 200 people at more replicas, in one room, or in rooms of four. Processor time",
        "for each message, of all replicas together: every replica with listeners hears",
        "every message.",
    )
    return _section("Replicas that share rooms", "replicas", told) + table(head, rows)


def _primaries(figures: Figures) -> str:
    head = ("primaries", "replicas", "ws", "Valkey", "worker", "acknowledged/s")
    rows = [
        (
            row["primaries"],
            row["replicas"],
            *(
                f"{number(row['cpu_us_per_message'][kind])} µs"
                for kind in ("ws", "valkey", "worker")
            ),
            number(row["acked_per_second"]),
        )
        for row in figures["primaries"]
    ]
    told = _paragraph(
        f"{number(figures['primaries'][0]['rooms'])} rooms of two, spread over the primaries of a",
        "Cluster and over replicas, the people of a room at one of them; 256 messages are under",
        "way in all. Processor time for each message, of all servers of a kind together. All share",
        "the same two processors, so that more of them can not do more here: what has to stay",
        "level for growth is the cost of a message.",
    )
    return f"### Primaries of a Cluster\n\n{told}\n{table(head, rows)}"


def _stored(figures: Figures) -> str:
    kinds = list(figures["stored"][0]["ms"])
    head = ("messages", *(f"{kind}: p50, p99" for kind in kinds), "bytes each")

    def both(took: Mapping[str, Mapping[str, float]]) -> str:
        warm, cold = took["warm"], took["cold"]
        return (
            f"{number(warm['p50'])}, {number(warm['p99'])} ms "
            f"(cold {number(cold['p50'])}, {number(cold['p99'])} ms)"
        )

    rows = [
        (
            number(row["messages"]),
            *(both(row["ms"][kind]) for kind in kinds),
            number(row["bytes_per_message"]),
        )
        for row in figures["stored"]
    ]
    told = _paragraph(
        "Half of them in one room, 500 in each other one. One reader asks api_service over HTTP",
        "for pages of 50 messages and for rooms by a part of their name; a page of those has",
        "100 at most, and a tenth of all rooms is more than that only in the last row. Cold:",
        "PostgreSQL has just been started and the system has none of its files in memory.",
    )
    return _section("Messages in PostgreSQL", "stored", told) + table(head, rows)


def _memory(figures: Figures) -> str:
    room, idle = figures["memory"]["hot_room"], figures["memory"]["idle"]
    rows = [
        (
            number(row["connections"]),
            size(row["ws_bytes_per_connection"]),
            size(row["valkey_bytes_per_connection"]),
            percent(row["quiet_cpu_share"]["ws"]),
            percent(row["quiet_cpu_share"]["valkey"]),
            f"{number(row['accept_cpu_ms']['ws'])} ms",
        )
        for row in idle["connections"]
    ]
    head = ("connections", "ws, each", "Valkey, each", "ws, quiet", "Valkey, quiet", "to come in")
    first = _paragraph(
        "Of connections that only listen, in rooms of fifty (without what the kernel keeps for",
        "their sockets), and the processor time of one who comes.",
    )
    last = _paragraph(
        f"A room with its {room['entries']} newest messages and {room['people']} people takes",
        f"{size(room['bytes'])} of Valkey; every message takes",
        f"{size(room['dedup_bytes_per_message'])} more for ten minutes, so that a retry is not",
        "doubled.",
    )
    return f"### Memory\n\n{first}\n{table(head, rows)}\n{last}"


def _crowd(found: Sequence[Case]) -> str:
    load, last = found[0].load, found[-1]
    title = ", ".join(number(people) for people in CROWDS)
    assumed = _paragraph(
        f"Assumed: {percent(load.hot_share)} of all are in one hot room, in which",
        f"{number(load.hot_rate)} messages are said each second; the others are in rooms of",
        f"{load.room_people}, at any replica, and say something every",
        f"{number(load.seconds_between)} s. Replicas may be {percent(LIMITS.ws_share)} busy, Redis",
        f"and workers {percent(LIMITS.redis_share)}. The gateway and TLS are not counted.",
    )
    costs = _paragraph(
        f"A message costs ws {number(last.costs.send_us + last.costs.hear_us)} µs where one",
        "replica does all, as in the last row of the rooms without its two writes, divided between",
        "taking and hearing as replicas that share many rooms divide it; Redis, workers and",
        "PostgreSQL are taken from the same row. A write costs what it costs one at a time in the",
        "largest room: when several messages go out in one write, each costs less.",
    )
    return f"## What for {title} connections\n\n{assumed}\n{costs}"


def _notes(found: Sequence[Case]) -> str:
    last = found[-1]
    hearing = last.ws("hear") / sum(last.ws(what) for what in ("send", "hear", "write", "quiet"))
    return _paragraph(
        f"With {number(last.load.connections)} connections, replicas spend {percent(hearing)} of",
        f"their time on hearing, as people of a room are at {number(last.heard)} of them. A",
        "balancer that sends a room's people to few replicas (by a hash of the path) would save",
        "most of that; nothing in the product needs it or stands against it. More nodes of Redis",
        f"than {LIMITS.partitions} need more partitions from the start.",
    )


def _simulated(runs: Sequence[Figures]) -> str:
    rows = []
    for run in runs:
        for kind, seen in run["utilisation"].items():
            reckoned = percent(run["reckoned"][kind])
            rows.append((number(run["connections"]), f"{kind} busy", reckoned, percent(seen)))
        for what, name in (("ack", "ack_ms"), ("to all", "delivery_ms")):
            took = f"{number(run[name]['p50'])}, {number(run[name]['p99'])} ms"
            rows.append((number(run["connections"]), f"{what}, p50 and p99", "", took))
    return table(("connections", "what", "reckoned", "simulated"), rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
