from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from api_service.reads.kept_answers import KeptAnswers


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def micros(self) -> int:
        return int(self.now * 1_000_000)

    def monotonic(self) -> float:
        return self.now


class Shelf:
    """Answers of as many bytes as asked for, and how often they were."""

    def __init__(self, **bounds: Any) -> None:
        self.clock = ManualClock()
        self.asked = 0
        limits: dict[str, Any] = {"seconds": 10.0, "most_bytes": 1000, **bounds}
        self.kept = KeptAnswers[bytes]("test", self.clock, size_of=len, **limits)

    async def ask(self, size: int) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        return bytes(size)

    async def get(self, key: str, stamp: int = 0, size: int = 100) -> bytes:
        return await self.kept.get(key, stamp, partial(self.ask, size))


async def test_an_answer_is_asked_for_once_and_kept() -> None:
    shelf = Shelf()
    assert await asyncio.gather(*(shelf.get("a") for _ in range(5))) == [bytes(100)] * 5
    await shelf.get("a")
    assert (shelf.asked, len(shelf.kept), shelf.kept.size) == (1, 1, 100)


async def test_another_stamp_asks_anew_and_takes_the_place_of_the_old_one() -> None:
    shelf = Shelf()
    await shelf.get("a", stamp=1)
    assert await shelf.get("a", stamp=2, size=50) == bytes(50)
    assert (shelf.asked, len(shelf.kept), shelf.kept.size) == (2, 1, 50)


async def test_an_answer_ages_from_when_it_was_asked_for() -> None:
    shelf = Shelf(seconds=10.0)

    async def slow() -> bytes:
        shelf.clock.now += 4
        return b"slow"

    await shelf.kept.get("a", 0, slow)
    shelf.clock.now += 5.9
    assert await shelf.get("a") == b"slow"
    shelf.clock.now += 0.2
    assert await shelf.get("a") == bytes(100)


async def test_who_had_to_wait_for_a_question_takes_its_answer_if_it_is_young_enough() -> None:
    shelf = Shelf()
    first = asyncio.create_task(shelf.get("a"))
    for _ in range(2):
        await asyncio.sleep(0)
    assert shelf.asked == 1  # under way
    assert await shelf.get("a") == await first
    assert shelf.asked == 1


async def test_bytes_are_bounded_and_what_was_not_used_for_longest_goes_first() -> None:
    shelf = Shelf(most_bytes=300)
    for key in ("a", "b", "c"):
        await shelf.get(key)
    await shelf.get("a")
    await shelf.get("d")
    assert (len(shelf.kept), shelf.kept.size) == (3, 300)
    shelf.asked = 0
    for key in ("a", "c", "d"):
        await shelf.get(key)
    assert shelf.asked == 0
    await shelf.get("b")
    assert shelf.asked == 1


async def test_entries_are_bounded() -> None:
    shelf = Shelf(most_entries=2)
    for key in ("a", "b", "c"):
        await shelf.get(key, size=0)
    assert len(shelf.kept) == 2


async def test_what_is_larger_than_all_room_is_answered_and_not_kept() -> None:
    shelf = Shelf(most_bytes=300)
    await shelf.get("a")
    assert await shelf.get("b", size=301) == bytes(301)
    assert (len(shelf.kept), shelf.kept.size) == (1, 100)


async def test_a_failure_is_not_kept() -> None:
    shelf = Shelf()

    async def fail() -> bytes:
        raise LookupError("not now")

    with pytest.raises(LookupError):
        await shelf.kept.get("a", 0, fail)
    assert await shelf.get("a") == bytes(100)
