"""A replica is killed with five hundred people on it: who comes back, who is gone, how soon."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.faults.bed import Size, open_bed
from tests.faults.results import LONG, percentile, record

from adda_client import ChatClient
from shared.protocol.events import LeftEvent, MessageEvent, SystemEvent

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = 500 if LONG else 100
"""On the replica that is killed: half of them vanish with it, half move to the other one."""

ROOMS = 5
GONE_SECONDS = 15.0
TALK_SECONDS = 5.0
OPTIONS = {"proxy": None}


@dataclass(slots=True)
class Person:
    """One of them, and what they saw."""

    chat: ChatClient
    seqs: list[int] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Who was said to have left."""

    async def read(self) -> None:
        async for event in self.chat:
            match event:
                case MessageEvent(seq=seq):
                    self.seqs.append(seq)
                case LeftEvent(user_id=user):
                    self.gone.add(user)
                case SystemEvent(event="left", user_id=user, count=1) if user is not None:
                    self.gone.add(user)
                case _:
                    pass


async def enter(rooms: list[str], base: str, count: int) -> list[Person]:
    """People at `base`, spread over the rooms."""
    people = [
        Person(ChatClient(base, rooms[n % ROOMS], username=f"জন {n}", options=OPTIONS))
        for n in range(count)
    ]
    for at in range(0, count, 50):
        await asyncio.gather(*(person.chat.__aenter__() for person in people[at : at + 50]))
    return people


async def online(http: httpx.AsyncClient, rooms: list[str]) -> int:
    pages = [(await http.get(f"/api/rooms/{room}/users/?page_size=1")).json() for room in rooms]
    return sum(page["total_online"] for page in pages)


@pytest.mark.alone
async def test_who_is_gone_is_gone_in_time_and_who_moved_talks_on(reachable_path: Path) -> None:
    with open_bed(reachable_path, Size(api=1, workers=1)) as bed:
        doomed, safe = (
            bed.stack.service_url(name).replace("http", "ws", 1) for name in bed.names("ws")
        )
        async with httpx.AsyncClient(base_url=bed.stack.url, trust_env=False, timeout=10) as http:
            wishes = [{"name": f"{n}", "max_users": PEOPLE} for n in range(ROOMS)]
            made = [await http.post("/api/rooms/", json=wish) for wish in wishes]
            rooms = [answer.raise_for_status().json()["id"] for answer in made]
            watchers = await enter(rooms, safe, ROOMS)
            ghosts = await enter(rooms, doomed, PEOPLE // 2)
            movers = await enter(rooms, doomed, PEOPLE // 2)
            everybody = [*watchers, *ghosts, *movers]
            reading = [asyncio.create_task(person.read()) for person in everybody]
            try:
                assert await online(http, rooms) == len(everybody)
                for person in movers:
                    person.chat.base = bed.stack.ws_url
                bed.stack.kill("ws-1")
                killed = time.monotonic()
                closing = [asyncio.create_task(person.chat.close()) for person in ghosts]
                spoken = [asyncio.create_task(_speak(person, killed)) for person in movers]
                talk = [await task for task in spoken]
                while await online(http, rooms) > len(everybody) - len(ghosts):
                    assert time.monotonic() - killed < GONE_SECONDS
                    await asyncio.sleep(0.1)
                gone = time.monotonic() - killed
                await asyncio.gather(*closing)
                await asyncio.sleep(3)  # a leave that is told late would be told by now
                _judge(watchers, movers)
            finally:
                await asyncio.gather(*(person.chat.close() for person in everybody))
                await asyncio.gather(*reading)
    p99 = percentile(talk, 0.99)
    assert p99 <= TALK_SECONDS, talk
    record(
        "killed_replica",
        {
            "connections": PEOPLE,
            "ghosts_gone_seconds": round(gone, 1),
            "talk_again_p50_seconds": round(percentile(talk, 0.5), 2),
            "talk_again_p99_seconds": round(p99, 2),
        },
    )


async def _speak(person: Person, killed: float) -> float:
    """Seconds from the kill to the ack of the first message afterwards."""
    await person.chat.send("আবার এসেছি")
    return time.monotonic() - killed


def _judge(watchers: list[Person], movers: list[Person]) -> None:
    """Nobody who moved was said to have left, and nobody missed a message."""
    moved = {person.chat.user_id for person in movers}
    for person in [*watchers, *movers]:
        assert not person.gone & moved
        assert person.seqs == list(range(1, len(movers) // ROOMS + 1))
