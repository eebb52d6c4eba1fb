"""The same load on the product and on its peers, by turns, on the same processors."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvloop
from tests.bench.adda import Adda
from tests.bench.peers.catalogue import PEERS
from tests.bench.peers.peer import NotHere, Place
from tests.bench.processes import cpu_seconds, pin
from tests.bench.trial import measure

from local_stack.errors import StackError
from local_stack.postgres import start_postgres
from local_stack.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from tests.bench.peers.peer import Peer
    from tests.bench.trial import Plan

SERVER_CORE: Final = 0
HELPER_CORE: Final = 1
QUEUE_MEMORY: Final = "4gb"
"""A saturated server says more than the worker writes meanwhile."""
US: Final = Adda()

Figures = dict[str, Any]


def compare(
    plan: Plan,
    *,
    cache: Path,
    rounds: int,
    only: Collection[str] = (),
    tell: Callable[[str], None] = print,
) -> Figures:
    """Every figure of every server that is here, each round's; `only` names the wanted peers."""
    wanted = [peer for peer in PEERS if not only or peer.name in only]
    missing: dict[str, str] = {}
    here: list[Peer] = [US]
    for peer in wanted:
        try:
            peer.prepare(cache)
            here.append(peer)
        except NotHere as reason:
            missing[peer.name] = str(reason)
            tell(f"{peer.name} is not here: {reason}")
    trials: dict[str, list[Figures]] = defaultdict(list)
    for turn in range(rounds):
        for peer in _turns(here):
            found = try_out(peer, plan)
            trials[peer.name].append(found)
            tell(f"{turn + 1}/{rounds} {peer.name}: {_brief(found)}")
    return {
        "plan": asdict(plan),
        "rounds": rounds,
        "missing": missing,
        "servers": {
            peer.name: {"title": peer.title, "does": peer.does, "trials": trials[peer.name]}
            for peer in here
        },
    }


def _turns(here: Sequence[Peer]) -> list[Peer]:
    """The product between its peers, so that a machine that grows slower does so for all."""
    turns: list[Peer] = []
    for number, peer in enumerate(peer for peer in here if peer is not US):
        if number % 4 == 0:
            turns.append(US)
        turns.append(peer)
    return [*turns, US]


def try_out(peer: Peer, plan: Plan) -> Figures:
    """One trial of one server, with servers of its own; what went wrong is told as `error`."""
    with _place() as (place, redis):
        try:
            with peer.run(place) as running:
                before = cpu_seconds([redis])
                found = uvloop.run(measure(running, peer.dialect, plan))
                sent = sum(found[kind]["sent"] for kind in ("one_by_one", "saturated", "at_half"))
                used = cpu_seconds([redis]) - before
                return {**found, "redis_cpu_us_per_message": used / max(sent, 1) * 1e6}
        except (TimeoutError, OSError, RuntimeError, StackError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


@contextmanager
def _place() -> Iterator[tuple[Place, int]]:
    """A folder, and a Valkey and a PostgreSQL that nobody else uses; Valkey's process id."""
    folder = Path(tempfile.mkdtemp(prefix="adda-bench-"))
    folder.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
    run = folder / "run"
    run.mkdir(mode=0o755)
    with ExitStack() as exits:
        exits.callback(shutil.rmtree, folder, ignore_errors=True)
        valkey = start_valkey(folder / "valkey", maxmemory=QUEUE_MEMORY)
        exits.callback(valkey.stop)
        postgres = start_postgres(folder / "postgres", durable=False)
        exits.callback(postgres.stop)
        pin([valkey.child.pid, postgres.pid], HELPER_CORE)
        place = Place(run, valkey.url, postgres.url, SERVER_CORE, HELPER_CORE)
        yield place, valkey.child.pid


def _brief(found: Figures) -> str:
    if "error" in found:
        return str(found["error"])
    one, many = found["one_by_one"], found["saturated"]
    return (
        f"{one['cpu_us_per_delivery']:.2f} µs one by one, "
        f"{many['cpu_us_per_delivery']:.2f} µs saturated, "
        f"{many['deliveries_per_second']:,.0f}/s, accept {found['accept_cpu_ms']:.2f} ms, "
        f"p99 {found['at_half']['ms']['p99']:.1f} ms"
    )


def median_of(trials: Sequence[Figures], *path: str) -> float | None:
    """The median over all trials that have the figure at `path`; None where none has."""
    found = []
    for trial in trials:
        value: Any = trial
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, int | float):
            found.append(float(value))
    return statistics.median(found) if found else None


def save(figures: Figures, path: Path) -> None:
    """As JSON that differs in few lines when little has changed."""
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
