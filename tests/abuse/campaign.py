"""One attack on a running stack: ordinary people and attackers are processes of their own."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.abuse.attacks import Attack, Gang, Target, Told
from tests.abuse.elsewhere import elsewhere
from tests.abuse.ordinary import Fared, Latencies, Table
from tests.bench.processes import cpu_seconds, resident_bytes
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.abuse.elsewhere import Obey

    from local_stack.stack import Stack

ENTER_PER_SECOND: Final = 400.0
ENVIRONMENT: Final = {"ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24"}
"""Here the loopback is the world; all limits are as they are by default."""

_FAILED: Final = re.compile(r'"status":5\d\d,')


@dataclass(frozen=True, slots=True)
class Size:
    """How large an attack is."""

    attackers: int = 1000
    spread: int = 200
    """Addresses, of 127.`block`.x.x."""
    block: int = 66
    seconds: float = 10.0
    before_seconds: float = 10.0
    ordinary: int = 20
    """At each of two tables: one in the room that is attacked, one in another."""
    every_seconds: float = 1.0
    """Between two messages of one of them."""


@dataclass(slots=True)
class Report:
    """How those at one table fared."""

    people: list[Fared]
    before: Latencies
    during: Latencies

    def add(self, other: Report) -> None:
        """Those of another round."""
        self.people += other.people
        self.before.add(other.before)
        self.during.add(other.during)

    def told(self) -> dict[str, dict[str, float]]:
        """Percentiles by phase."""
        return {"before": self.before.told(), "during": self.during.told()}

    def refused(self) -> Counter[str]:
        """What they were refused, by code."""
        return sum((person.refused for person in self.people), start=Counter())


@dataclass(slots=True)
class Outcome:
    """What was seen."""

    told: Told
    tables: dict[str, Report]
    """`attacked` and `other`."""
    resident_mib: dict[str, dict[str, float]]
    """By `before`, `entered`, `during` and `after`, then by process."""
    busy: dict[str, dict[str, float]]
    """Processor seconds per second, by `before` and `during`, then by kind of process."""
    failed: int
    """Answers 5xx, of the gateway and all behind it."""


async def run(stack: Stack, attack: Attack, size: Size) -> Outcome:
    """Lets one attack happen; what is asserted of it is for others."""
    failed_before = _failed(stack)
    target, rooms = await _open_rooms(stack)
    resident = {"before": _resident(stack)}
    busy: dict[str, dict[str, float]] = {}
    async with (
        elsewhere("first", _people, stack.ws_url, rooms, size) as people,
        elsewhere("last", _gang, attack, target, size) as gang,
    ):
        await people("sit")
        await gang("enter")
        resident["entered"] = _resident(stack)
        await people("note")  # what came while they came in is not counted
        with _measured(stack, busy, "before"):
            await asyncio.sleep(size.before_seconds)
        before = await people("note")
        with _measured(stack, busy, "during"):
            await gang("act")
        resident["during"] = _resident(stack)
        fared: dict[str, list[Fared]] = await people("silent")
        during = await people("note")  # with all that was said until the end of the attack
        told: Told = await gang("leave")
        resident["after"] = _resident(stack)
        await people("leave")
    tables = {name: Report(fared[name], before[name], during[name]) for name in rooms}
    return Outcome(told, tables, resident, busy, _failed(stack) - failed_before)


async def _open_rooms(stack: Stack) -> tuple[Target, dict[str, str]]:
    """Two rooms, and something that was said in the first."""
    async with httpx.AsyncClient(base_url=stack.url, trust_env=False, timeout=30) as http:
        attacked, other = [
            (await http.post("/api/rooms/", json={"name": name, "max_users": 5000})).json()["id"]
            for name in ("আক্রান্ত", "অন্য")
        ]
        person = (await http.post("/api/create-user/", json={"username": "লেখক"})).json()
        headers = {"Authorization": f"Bearer {person['session_id']}"}
        said = {"room_id": attacked, "content": "সবাইকে সালাম"}
        message = (await http.post("/api/messages/", json=said, headers=headers)).json()["id"]
    return Target(stack.url, attacked, message), {"attacked": attacked, "other": other}


# ---------------------------------------------------------------------------- other processes


def _people(base: str, rooms: dict[str, str], size: Size) -> Obey:
    """Who obeys `sit`, `note`, `silent` and `leave`."""
    tables = {name: Table(room, size.every_seconds) for name, room in rooms.items()}

    async def obey(order: str) -> Any:
        if order == "sit":
            for number, table in enumerate(tables.values()):
                seats = [f"127.77.{number}.{1 + seat}" for seat in range(size.ordinary)]
                await table.sit_down(base, seats)
        elif order == "note":
            return {name: table.latencies.take() for name, table in tables.items()}
        elif order == "silent":
            for table in tables.values():
                await table.fall_silent(PATIENCE_SECONDS)
            return {name: [p.fared for p in table.people] for name, table in tables.items()}
        else:
            for table in tables.values():
                table.get_up()
        return None

    return obey


def _gang(attack: Attack, target: Target, size: Size) -> Obey:
    """Who obeys `enter`, `act` and `leave`, and tells how they fared each time."""
    gang = Gang(attack, target, count=size.attackers, spread=size.spread, block=size.block)

    async def obey(order: str) -> Told:
        if order == "enter":
            await gang.enter(ENTER_PER_SECOND)
        elif order == "act":
            await gang.act(size.seconds)
        else:
            await gang.leave()
        return gang.told

    return obey


# ---------------------------------------------------------------------------- the stack


def names(stack: Stack) -> list[str]:
    """Of the processes that strangers reach."""
    kinds = {"api": stack.options.api, "ws": stack.options.ws}
    return [f"{kind}-{n}" for kind, count in kinds.items() for n in range(1, count + 1)]


def _resident(stack: Stack) -> dict[str, float]:
    return {
        name: round(resident_bytes([stack.pid(name)]) / 2**20, 1)
        for name in [*names(stack), "gateway", "valkey"]
    }


@contextmanager
def _measured(stack: Stack, busy: dict[str, dict[str, float]], phase: str) -> Iterator[None]:
    before, began = _cpu_seconds(stack), time.monotonic()
    yield
    seconds = time.monotonic() - began
    busy[phase] = {
        kind: round((spent - before[kind]) / seconds, 3)
        for kind, spent in _cpu_seconds(stack).items()
    }


def _cpu_seconds(stack: Stack) -> dict[str, float]:
    spent: dict[str, float] = {}
    for name in [*names(stack), "worker-1", "gateway", "valkey", "postgres"]:
        kind = name.partition("-")[0]
        spent[kind] = spent.get(kind, 0.0) + cpu_seconds([stack.pid(name)])
    return spent


def _failed(stack: Stack) -> int:
    """Lines of the gateway's log that tell of a 5xx."""
    return sum(1 for line in stack.log("gateway").splitlines() if _FAILED.search(line))


def slower(latencies: dict[str, dict[str, float]], name: str) -> float:
    """p99 during the attack, over p99 before it."""
    key = f"{name}_p99_ms"
    return round(latencies["during"][key] / max(latencies["before"][key], 0.01), 2)


def merged(outcomes: Sequence[Outcome]) -> Outcome:
    """Several rounds of one attack as if they were one: of what is bounded, the most."""
    first, *others = outcomes
    for outcome in others:
        first.told.add(outcome.told)
        first.failed += outcome.failed
        for name, report in outcome.tables.items():
            first.tables[name].add(report)
        for phase, resident in outcome.resident_mib.items():
            _take_most(first.resident_mib[phase], resident)
        for phase, busy in outcome.busy.items():
            _take_most(first.busy[phase], busy)
    return first


def _take_most(kept: dict[str, float], others: dict[str, float]) -> None:
    for name, value in others.items():
        kept[name] = max(kept[name], value)
