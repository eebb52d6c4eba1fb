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
BAR: Final = 1.5

Figures = Mapping[str, Any]
Row = tuple[object, ...]

_HEAD: Final = """\
# Under attack, measured

Made by `make abuse` (some minutes) from what it has seen; repeat it on your machine. For each
attack a stack of two replicas of everything that the public reaches, with all limits as they are by
default; {attackers} anonymous attackers from {spread} addresses; and twice {ordinary} ordinary
people from other addresses, in the room that is attacked and in another, who each say something
once a second. "Before" is {before_seconds:g} s in which the attackers are there and keep still (in
attacks over REST they are users and no more), "during" the {seconds:g} s of the attack. The bar is
a p99 of at most {bar} × of that before.
"""

_TOLD: Final = (
    "Last run: {day}, {system}, {cores} cores, {memory_gib} GiB, Python {python}. Attackers "
    "(nice 10), servers and ordinary people share the machine, and so did other work: the load was "
    "{load} while it ran. So only what stands in one row is to be compared, and the figures "
    "before the attack are those of a busy machine.\n"
)


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
        FIGURES.write_text(json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    DOCUMENT.write_text(document(json.loads(FIGURES.read_text())), encoding="utf-8")
    print(f"wrote {DOCUMENT.name}")
    return 0


def document(figures: Figures) -> str:
    """The whole text of `abuse.md`."""
    attacks = figures["attacks"]
    size = attacks["message"]["size"]
    loads = [attack["load_average"] for attack in attacks.values()]
    told = _TOLD.format(load=f"{min(loads):g} to {max(loads):g}", **figures["machine"])
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
        "MiB: the largest replica of each, before anybody came, and at most afterwards.\n",
    ]
    return "\n".join(parts)


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
        told = attack["told"]
        rows.append(
            (
                name.replace("_", " "),
                f"{attack['attack']['rate']:g}/s"
                + (f", {attack['attack']['burst']} at once" if attack["attack"]["burst"] else ""),
                told["deeds"],
                _counts(told["refused"]),
                _counts(told["closed"]),
                _counts(told["statuses"]),
                attack["failed"],
                *(_resident(attack["resident_mib"], kind) for kind in ("ws", "api")),
            )
        )
    head = (
        *("attack", "each", "deeds", "refused", "closed", "HTTP", "5xx"),
        *("ws MiB", "api MiB"),
    )
    return _table(head, rows)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"`{name}` {count}" for name, count in sorted(counts.items())) or "–"


def _resident(phases: Mapping[str, Mapping[str, float]], kind: str) -> str:
    def largest(phase: str) -> float:
        return max(mib for name, mib in phases[phase].items() if name.startswith(kind))

    return f"{largest('before'):.0f} → {max(largest(phase) for phase in phases):.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
