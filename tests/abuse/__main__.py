"""Attacks a stack of its own, one attack after the other, and notes how ordinary people fared.

python -m tests.abuse --out .adda-abuse
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import uvloop
from tests.abuse.attacks import ATTACKS, Attack, Told
from tests.abuse.campaign import ENVIRONMENT, Outcome, Report, Size, merged, run, slower
from tests.abuse.elsewhere import BEHIND, aside, favour

from local_stack.ports import free_ports
from local_stack.services import StackOptions, replicas
from local_stack.stack import SERVERS, Stack


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="only this; repeatable")
    parser.add_argument("--attackers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0, help="of calm, and of attack")
    parser.add_argument("--rounds", type=int, default=3, help="of calm and attack, each anew")
    parser.add_argument("--out", type=Path, default=Path(".adda-abuse"), help="folder of results")
    return parser.parse_args(arguments)


def _figures(attack: Attack, size: Size, rounds: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "attack": asdict(attack),
        "size": asdict(size),
        "rounds": rounds,
        "told": {each.name: getattr(outcome.told, each.name) for each in fields(Told)},
        "resident_mib": outcome.resident_mib,
        "busy": outcome.busy,
        "failed": outcome.failed,
        "tables": {name: _table(report) for name, report in outcome.tables.items()},
    }


def _table(report: Report) -> dict[str, Any]:
    told = report.told()
    return {
        **told,
        "acks_ratio": slower(told, "acks"),
        "deliveries_ratio": slower(told, "deliveries"),
        "unanswered": sum(len(person.said) for person in report.people),
        "missed": sum(person.missed() for person in report.people),
        "refused": report.refused(),
        "thrown_out": [p.ended for p in report.people if p.ended is not None],
    }


def _once(attack: Attack, size: Size) -> Outcome:
    """One round, on a stack of its own: nobody pays for who attacked before."""
    with tempfile.TemporaryDirectory(prefix="adda-abuse-") as folder:
        Path(folder).chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
        options = StackOptions(
            directory=Path(folder) / "stack",
            port=free_ports(1)[0],
            durable=False,
            api=2,
            ws=2,
            environment=ENVIRONMENT,
        )
        with Stack(options) as stack:
            chat = [name for name in replicas(options) if name.startswith("ws")]
            chat += ["valkey", "gateway"]
            favour(map(stack.pid, chat))
            others = [stack.pid(name) for name in {*replicas(options), *SERVERS}.difference(chat)]
            favour(others, by=BEHIND)
            with aside(others):
                return uvloop.run(run(stack, attack, size))


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    options = _options(arguments)
    size = Size(
        attackers=options.attackers, seconds=options.seconds, before_seconds=options.seconds
    )
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.attack or ATTACKS:
        outcome = merged([_once(ATTACKS[name], size) for _ in range(options.rounds)])
        figures = _figures(ATTACKS[name], size, options.rounds, outcome)
        figures["load_average"] = round(os.getloadavg()[0], 1)
        (options.out / f"{name}.json").write_text(
            json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        )
        print(f"{name}: {json.dumps(figures, ensure_ascii=False)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
