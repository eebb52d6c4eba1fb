from __future__ import annotations

import asyncio

from tests.patience import eventually
from typing_extensions import override

from ws_service.turns import Turns


class Flooder:
    """Takes one frame a turn."""

    def __init__(self, name: str, frames: int, heard: list[str]) -> None:
        self._name = name
        self._frames = frames
        self._heard = heard

    def take_turn(self) -> bool:
        self._heard.append(self._name)
        self._frames -= 1
        return self._frames > 0

    def give_up(self) -> None:
        self._heard.append(f"{self._name} is cut")


class Faulty(Flooder):
    """Its frames cannot be handled."""

    @override
    def take_turn(self) -> bool:
        raise RuntimeError("a bug")


async def test_all_who_wait_have_their_turns_one_after_the_other() -> None:
    heard: list[str] = []
    turns = Turns(seconds=60)
    for name, frames in (("a", 3), ("b", 1), ("c", 2)):
        turns.wait(Flooder(name, frames, heard))
    assert heard == []
    assert len(turns) == 3
    await asyncio.sleep(0)
    assert heard == list("abcaca")
    assert len(turns) == 0


async def test_a_fault_with_one_does_not_hold_up_the_others() -> None:
    heard: list[str] = []
    turns = Turns(seconds=60)
    for connection in (Faulty("a", 1, heard), Flooder("b", 2, heard)):
        turns.wait(connection)
    await asyncio.sleep(0)
    assert heard == ["a is cut", "b", "b"]
    turns.wait(Flooder("c", 1, heard))
    await asyncio.sleep(0)
    assert heard[-1] == "c"


async def test_everybody_else_comes_in_between() -> None:
    heard: list[str] = []
    turns = Turns(seconds=0, rest_seconds=0)  # one at a time
    turns.wait(Flooder("flood", 3, heard))
    for _ in range(3):
        await asyncio.sleep(0)
        heard.append("talk")
    assert heard == ["flood", "talk"] * 3


async def test_when_they_have_had_their_share_all_who_wait_rest() -> None:
    heard: list[str] = []
    now = 0.0
    turns = Turns(seconds=0, rest_seconds=0.03, clock=lambda: now)
    turns.wait(Flooder("flood", 3, heard))
    for _ in range(5):
        await asyncio.sleep(0)
    assert heard == ["flood"]
    turns.wait(Flooder("more", 1, heard))
    for _ in range(5):
        await asyncio.sleep(0)
    assert heard == ["flood"]
    await eventually(lambda: len(heard) >= 4)
    assert heard == ["flood", "flood", "more", "flood"]


async def test_who_comes_after_the_rest_does_not_wait() -> None:
    heard: list[str] = []
    now = 0.0
    turns = Turns(seconds=0, rest_seconds=3600, clock=lambda: now)
    turns.wait(Flooder("first", 1, heard))
    await asyncio.sleep(0)
    now = 3600.0
    turns.wait(Flooder("second", 1, heard))
    await asyncio.sleep(0)
    assert heard == ["first", "second"]
