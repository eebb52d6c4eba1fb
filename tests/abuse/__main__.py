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
from tests.abuse.campaign import ENVIRONMENT, Outcome, Size, percent_slower, refused, run

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.abuse", description=__doc__)
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="only this; repeatable")
    parser.add_argument("--attackers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each attack")
    parser.add_argument("--out", type=Path, default=Path(".adda-abuse"), help="folder of results")
    return parser.parse_args(arguments)


def _figures(attack: Attack, size: Size, outcome: Outcome) -> dict[str, Any]:
    return {
        "attack": asdict(attack),
        "size": asdict(size),
        "told": {each.name: getattr(outcome.told, each.name) for each in fields(Told)},
        "resident_mib": outcome.resident_mib,
        "failed": outcome.failed,
        "tables": {
            name: {
                **outcome.latencies[name],
                "acks_ratio": percent_slower(outcome.latencies[name], "acks"),
                "deliveries_ratio": percent_slower(outcome.latencies[name], "deliveries"),
                "unanswered": sum(len(person.said) for person in table.people),
                "missed": sum(person.missed() for person in table.people),
                "refused": refused(table),
                "thrown_out": [p.ended for p in table.people if p.ended is not None],
            }
            for name, table in outcome.tables.items()
        },
    }


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    options = _options(arguments)
    size = Size(attackers=options.attackers, seconds=options.seconds)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.attack or ATTACKS:
        with tempfile.TemporaryDirectory(prefix="adda-abuse-") as folder:
            Path(folder).chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
            stack_options = StackOptions(
                directory=Path(folder) / "stack",
                port=free_ports(1)[0],
                durable=False,
                api=2,
                ws=2,
                environment=ENVIRONMENT,
            )
            with Stack(stack_options) as stack:
                outcome = uvloop.run(run(stack, ATTACKS[name], size))
        load = os.getloadavg()[0]
        figures = _figures(ATTACKS[name], size, outcome) | {"load_average": round(load, 1)}
        (options.out / f"{name}.json").write_text(
            json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        )
        print(f"{name}: {json.dumps(figures['tables'], ensure_ascii=False)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
