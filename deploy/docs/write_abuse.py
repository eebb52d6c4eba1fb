"""Writes `abuse.md` beside this file from what a run of all attacks has measured.

python deploy/docs/write_abuse.py FOLDER   takes the figures of `make abuse` over first
python deploy/docs/write_abuse.py          writes the page anew from the kept figures
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from write_reliability import machine

DOCUMENT: Final = Path(__file__).with_name("abuse.md")
FIGURES: Final = Path(__file__).with_name("abuse.json")
NEEDED: Final = (
    "message",
    "join_leave",
    "typing",
    "rename",
    "room_creation",
    "report",
    "slow_reader",
)
"""Attacks that a page is made of."""
OTHERS: Final = ("cost", "fuzz")
"""Measured by themselves; the page has them if they are there."""
BAR: Final = 1.5
MOST_COST: Final = 1.05

Figures = Mapping[str, Any]
Row = tuple[object, ...]

_HEAD: Final = """\
# Under attack, measured

Made by `make abuse` (the better part of an hour) from what it has seen; repeat it on your machine.
For each attack a stack of two replicas of everything that the public reaches, with all limits as
they are by default; {attackers} anonymous attackers from {spread} addresses; and twice {ordinary}
ordinary people from other addresses, in the room that is attacked and in another, who say
something at random, each once a second in the mean. "Before" is {seconds} s in which the attackers
are there and keep still (in attacks over REST they are users and no more), "during" the {seconds} s
of the attack. The bar is a p99 of at most {bar} × of that before.

Attackers and people stand on other machines in truth. Here each of the two is a process of its own:
that of the people comes before everybody (`SCHED_RR`, where the system lets it), so that no time is
measured in which they only waited for a processor themselves; that of the attackers runs only where
nobody else wants to (`cpu.idle`; where the system does not let it, it weighs a thirtieth of a
server's). What a thousand machines do does not come in heaps, so what the one process was kept from
doing is not made up for. What a message does not pass (REST, PostgreSQL, worker) stands elsewhere,
too, and so gives way to what it passes (socket replicas, gateway, Redis). How much the attackers
came to nevertheless is in the second table.
"""

_TOLD: Final = (
    "Last run: {day}, {system}, {cores} cores, {memory_gib} GiB, Python {python}; rounds of calm "
    "and attack, each on a new stack: {rounds}. The load of the machine was {load} while it "
    "ran, with all that stands in for other machines: only what stands in one row is to be "
    "compared.\n"
)


_COST: Final = """\
`python -m tests.abuse.cost`: processor time of replica and Redis for one message that is
published, with every limit counted and none reached, and with all of them `off`; two stacks by
turns, {turns} of {seconds:g} s each. With limits {on[micros]:g} µs, without {off[micros]:g} µs
(medians); from turn to turn {ratio:g} ×{verdict} in the median, {least:g} to {most:g}. The bar is
{bar:g} ×. The rules of the room are judged in both.
"""

_FUZZ: Final = """\
`python -m tests.abuse.fuzz --lives {inputs}`: {inputs:,} inputs to the state machine of sessions in
{lives:,} lives ({of_frame:,} frames, {of_mutated:,} broken ones, {of_binary:,} binary; the rest are
ticks, decisions of staff and answers of Redis); {flooded:,} lives ended as floods. None broke what
must hold after each step. `make fuzz` feeds the other readers of strangers' bytes.
"""


def main(arguments: list[str]) -> int:
    """Runs the program; returns its exit code."""
    if arguments:
        folder = Path(arguments[0])
        missing = [name for name in NEEDED if not (folder / f"{name}.json").exists()]
        if missing:
            print(f"no page: the run has not finished {', '.join(missing)}")
            return 1
        attacks = {name: json.loads((folder / f"{name}.json").read_text()) for name in NEEDED}
        kept = {"attacks": attacks, "machine": machine()}
        for name in OTHERS:
            if (found := folder / f"{name}.json").exists():
                kept[name] = json.loads(found.read_text())
        FIGURES.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    DOCUMENT.write_text(document(json.loads(FIGURES.read_text())), encoding="utf-8")
    print(f"wrote {DOCUMENT.name}")
    return 0


def document(figures: Figures) -> str:
    """The whole text of `abuse.md`."""
    attacks = figures["attacks"]
    size = attacks["message"]["size"]
    loads = [attack["load_average"] for attack in attacks.values()]
    load = f"{min(loads):g} to {max(loads):g}"
    lengths = sorted({f"{attack['size']['seconds']:g}" for attack in attacks.values()}, key=float)
    size = {**size, "seconds": " or ".join(lengths)}
    told = _TOLD.format(load=load, rounds=attacks["message"]["rounds"], **figures["machine"])
    parts = [
        _HEAD.format(bar=BAR, **size),
        told,
        "## Ordinary people\n",
        (
            "Times to the ack and to the delivery at others, p50 / p99 in ms. A row over the bar\n"
            "is a promise that this machine did not keep in this run.\n"
        ),
        _people(attacks),
        "## Attackers, and what it cost\n",
        _attackers(attacks),
        (
            "MiB: the largest replica of each, before anybody came, and at most afterwards. Busy:\n"
            "processors that the socket replicas, and those of REST, had in use, before → during.\n"
        ),
        *_others(figures),
    ]
    return "\n".join(parts)


def _others(figures: Figures) -> list[str]:
    parts = []
    if "cost" in figures:
        cost = figures["cost"]
        verdict = "" if cost["ratio"] <= MOST_COST else " (over)"
        told = _COST.format(bar=MOST_COST, verdict=verdict, **cost)
        parts += ["## What limits cost everybody\n", told]
    if "fuzz" in figures:
        parts += ["## Nonsense\n", _FUZZ.format(**figures["fuzz"])]
    return parts


def _table(head: tuple[str, ...], rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |\n" for row in [head, *rows]]
    lines.insert(1, "|" + "---|" * len(head) + "\n")
    return "".join(lines)


def _people(attacks: Figures) -> str:
    rows: list[Row] = []
    for name, attack in attacks.items():
        for place, table in attack["tables"].items():
            times = [
                f"{table[phase][f'{what}_p50_ms']:g} / {table[phase][f'{what}_p99_ms']:g}"
                for what in ("acks", "deliveries")
                for phase in ("before", "during")
            ]
            worst = max(table["acks_ratio"], table["deliveries_ratio"])
            lost = table["missed"] + table["unanswered"] + len(table["thrown_out"])
            rows.append(
                (
                    name.replace("_", " "),
                    "attacked" if place == "attacked" else "another",
                    *times,
                    f"{worst:g} ×{'' if worst <= BAR else ' (over)'}",
                    _counts(table["refused"]),
                    lost,
                )
            )
    head = (
        *("attack", "room", "ack before", "during", "delivery before", "during"),
        *("p99, × before", "refused", "missed or unanswered or thrown out"),
    )
    return _table(head, rows)


def _attackers(attacks: Figures) -> str:
    rows = []
    for name, attack in attacks.items():
        told, seconds = attack["told"], attack["size"]["seconds"] * attack["rounds"]
        rows.append(
            (
                name.replace("_", " "),
                f"{attack['attack']['rate']:g}/s"
                + (f", {attack['attack']['burst']} at once" if attack["attack"]["burst"] else ""),
                f"{told['deeds']} ({told['deeds'] / seconds:.0f}/s)",
                _counts(told["refused"]),
                _counts(told["closed"]),
                _counts(told["statuses"]),
                attack["failed"],
                *(_resident(attack["resident_mib"], kind) for kind in ("ws", "api")),
                *(_busy(attack["busy"], kind) for kind in ("ws", "api")),
            )
        )
    head = (
        *("attack", "each", "deeds", "refused", "closed", "HTTP", "5xx"),
        *("ws MiB", "api MiB", "ws busy", "api busy"),
    )
    return _table(head, rows)


def _busy(phases: Mapping[str, Mapping[str, float]], kind: str) -> str:
    return f"{phases['before'][kind]:.2f} → {phases['during'][kind]:.2f}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"`{name}` {count}" for name, count in sorted(counts.items())) or "–"


def _resident(phases: Mapping[str, Mapping[str, float]], kind: str) -> str:
    def largest(phase: str) -> float:
        return max(mib for name, mib in phases[phase].items() if name.startswith(kind))

    return f"{largest('before'):.0f} → {max(largest(phase) for phase in phases):.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
