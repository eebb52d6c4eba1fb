"""How many of everything a crowd needs, from what was measured.

python -m capacity_planner --connections 1e5
python -m capacity_planner --connections 2e4 --rooms 100 --rate 500 --message-bytes 200 --json

Processor time is that of the machine of the last run (its day and system stand in the figures);
measure yours by `make bench` and `python -m tests.bench.gateway`. TLS is not in the plan.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from capacity_planner.arithmetic import Constants, NoSize
from capacity_planner.plan import SOURCES, Doors, Line, Nonsense, Question, plan, wall

FIGURES: Final = Path(__file__).parents[4] / "deploy" / "docs"
MEASURED: Final = ("growth", "benchmarks", "gateway")
_WHOLE: Final = 10
"""From here on no digits behind the point."""
_UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("capacity_planner", description=__doc__, formatter_class=shown)
    parser.add_argument("--connections", type=float, required=True, help="open at once")
    parser.add_argument("--rooms", type=float, help="but the hot one; else of 50 people each")
    parser.add_argument("--rate", type=float, help="messages/s in them; else one a minute each")
    parser.add_argument("--hot-share", type=float, default=0.1, help="of all, in one hot room")
    parser.add_argument("--hot-rate", type=float, default=20.0, help="messages/s there")
    parser.add_argument("--message-bytes", type=float, default=64.0, help="of the text, in UTF-8")
    parser.add_argument("--requests", type=float, help="REST/s; else one a minute each")
    parser.add_argument("--headroom", type=float, help="part of each processor to stay free")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="folder of the measurements")
    parser.add_argument("--json", action="store_true", help="for machines, constants included")
    return parser.parse_args(arguments)


def size(line: Line) -> str:
    """Three digits and a unit."""
    if line.unit.startswith("B"):
        factor, prefix = next((each for each in _UNITS if line.value >= each[0]), (1, ""))
        return f"{line.value / factor:.3g} {prefix}{line.unit}"
    digits = f"{line.value:,.0f}" if line.value >= _WHOLE else f"{line.value:.3g}"
    return f"{digits} {line.unit}".rstrip()


def main(arguments: list[str] | None = None) -> int:
    """Prints the plan; exit code 2 for a crowd that cannot be."""
    options = vars(_options(arguments))
    folder, as_json = options.pop("figures"), options.pop("json")
    try:
        growth, benchmarks, gateway = (_read(folder / f"{name}.json") for name in MEASURED)
        question = Question(**options)
        costs, doors = Constants.of(growth), Doors.of(benchmarks, gateway)
        lines, (full, factor) = plan(costs, doors, question), wall(costs, question)
    except NoSize as part:
        print(f"capacity_planner: no number of servers would do: {part}", file=sys.stderr)
        return 2
    except (Nonsense, OSError, KeyError) as error:
        print(f"capacity_planner: no plan: {error}", file=sys.stderr)
        return 2
    if as_json:
        values = asdict(costs) | asdict(doors)
        constants = {n: {"value": v, "source": SOURCES[n]} for n, v in values.items()}
        told = {"plan": [asdict(line) for line in lines], "constants": constants}
        print(json.dumps(told | {"first_wall": {"part": full, "times": factor}}, indent=1))
        return 0
    for line in lines:
        print(f"{line.part:<12} {line.what:<20} {size(line):>14}   {line.why}")
    print(f"\nFull first when all talk more: {full}, at {factor:.3g} times as many messages.")
    where = growth["machine"]
    print(f"Measured on {where['day']}: {where['system']}, Python {where['python']}.")
    return 0


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
