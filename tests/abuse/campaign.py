"""One attack on a running stack: ordinary people talk here, attackers act in another process."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import uvloop
from tests.abuse.attacks import Attack, Gang, Target, Told
from tests.abuse.ordinary import Table
from tests.bench.processes import resident_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from multiprocessing.connection import Connection

    from local_stack.stack import Stack

PATIENCE_SECONDS: Final = 60.0
ENTER_PER_SECOND: Final = 400.0
NICE: Final = 10
"""Attackers stand elsewhere: they shall not take the processors from whom they attack."""

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen."""

    told: Told
    tables: dict[str, Table]
    """`attacked` and `other`."""
    latencies: dict[str, dict[str, dict[str, float]]]
    """By table, then by `before` and `during`; see Latencies."""
    resident_mib: dict[str, dict[str, float]]
    """By `before`, `entered`, `during` and `after`, then by process."""
    failed: int
    """Answers 5xx, of the gateway and all behind it."""


async def run(stack: Stack, attack: Attack, size: Size) -> Outcome:
    """Lets one attack happen; what is asserted of it is for others."""
    failed_before = _failed(stack)
    tables, target = await _set_tables(stack, size)
    resident = {"before": _resident(stack)}
    latencies: dict[str, dict[str, dict[str, float]]] = {name: {} for name in tables}

    def note(phase: str) -> None:
        resident[phase] = _resident(stack)
        for name, table in tables.items():
            latencies[name][phase] = table.latencies.take()

    try:
        async with _gang(attack, target, size) as order:
            await order("enter")
            note("entered")  # what came while they came in is not counted
            await asyncio.sleep(size.before_seconds)
            note("before")
            await order("act")
            note("during")
            told = await order("leave")
        for table in tables.values():
            await table.fall_silent(PATIENCE_SECONDS)
        resident["after"] = _resident(stack)
    finally:
        for table in tables.values():
            table.get_up()
    return Outcome(told, tables, latencies, resident, _failed(stack) - failed_before)


async def _set_tables(stack: Stack, size: Size) -> tuple[dict[str, Table], Target]:
    """Two rooms with people in them, and something that was said in the first."""
    async with httpx.AsyncClient(base_url=stack.url, trust_env=False, timeout=30) as http:
        rooms = [
            (await http.post("/api/rooms/", json={"name": name, "max_users": 5000})).json()["id"]
            for name in ("আক্রান্ত", "অন্য")
        ]
        person = (await http.post("/api/create-user/", json={"username": "লেখক"})).json()
        headers = {"Authorization": f"Bearer {person['session_id']}"}
        said = {"room_id": rooms[0], "content": "সবাইকে সালাম"}
        message = (await http.post("/api/messages/", json=said, headers=headers)).json()["id"]
    tables = {}
    for number, (name, room) in enumerate(zip(("attacked", "other"), rooms, strict=True)):
        tables[name] = Table(room, size.every_seconds)
        seats = [f"127.77.{number}.{1 + seat}" for seat in range(size.ordinary)]
        await tables[name].sit_down(stack.ws_url, seats)
    return tables, Target(stack.url, rooms[0], message)


# ---------------------------------------------------------------------------- the other process


def _serve(pipe: Connection, attack: Attack, target: Target, size: Size) -> None:
    os.nice(NICE)
    uvloop.run(_obey(pipe, attack, target, size))


async def _obey(pipe: Connection, attack: Attack, target: Target, size: Size) -> None:
    gang = Gang(attack, target, count=size.attackers, spread=size.spread, block=size.block)
    loop = asyncio.get_running_loop()
    while (order := await loop.run_in_executor(None, pipe.recv)) != "leave":
        await (gang.enter(ENTER_PER_SECOND) if order == "enter" else gang.act(size.seconds))
        pipe.send(gang.told)
    await gang.leave()
    pipe.send(gang.told)


@asynccontextmanager
async def _gang(
    attack: Attack, target: Target, size: Size
) -> AsyncIterator[Callable[[str], Awaitable[Told]]]:
    """Attackers who obey `enter`, `act` and `leave`, and tell how they fared each time."""
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, attack, target, size), daemon=True)
    process.start()
    other_end.close()
    loop = asyncio.get_running_loop()

    async def order(name: str) -> Told:
        pipe.send(name)
        told: Told = await loop.run_in_executor(None, pipe.recv)
        return told

    try:
        yield order
    finally:
        pipe.close()
        process.terminate()
        await loop.run_in_executor(None, process.join)


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


def _failed(stack: Stack) -> int:
    """Lines of the gateway's log that tell of a 5xx."""
    return sum(1 for line in stack.log("gateway").splitlines() if _FAILED.search(line))


def percent_slower(latencies: dict[str, dict[str, float]], name: str) -> float:
    """p99 during the attack, over p99 before it."""
    key = f"{name}_p99_ms"
    return round(latencies["during"][key] / max(latencies["before"][key], 0.01), 2)


def refused(table: Table) -> Counter[str]:
    """What ordinary people were refused, by code."""
    return sum((person.refused for person in table.people), start=Counter())
