from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shared.runtime.lookup_batcher import MOST_AT_ONCE, LookupBatcher

if TYPE_CHECKING:
    from collections.abc import Sequence


class Library:
    """Knows the squares of even numbers, when it is allowed to answer."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.failure: Exception | None = None
        self.lookups = LookupBatcher("test", self.ask)

    async def ask(self, keys: Sequence[int]) -> dict[int, int]:
        self.questions.append(list(keys))
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return {key: key * key for key in keys if key % 2 == 0}

    def want(self, *keys: int) -> list[asyncio.Task[int | None]]:
        return [asyncio.create_task(self.lookups.find(key)) for key in keys]


async def test_what_is_wanted_at_once_is_one_question_with_each_thing_once() -> None:
    library = Library()
    wanted = library.want(4, 3, 4, 2)
    await asyncio.sleep(0)
    library.may_answer.set()
    assert await asyncio.gather(*wanted) == [16, None, 16, 4]
    assert library.questions == [[4, 3, 2]]


async def test_what_is_wanted_meanwhile_goes_with_the_next_question() -> None:
    library = Library()
    first = library.want(2)
    await asyncio.sleep(0.01)
    later = library.want(2, 4, 6)
    await asyncio.sleep(0.01)
    library.may_answer.set()
    assert await asyncio.gather(*first, *later) == [4, 4, 16, 36]
    assert library.questions == [[2], [2, 4, 6]]


async def test_a_question_has_a_greatest_size() -> None:
    library = Library()
    library.may_answer.set()
    await asyncio.gather(*library.want(*range(MOST_AT_ONCE + 1)))
    assert [len(keys) for keys in library.questions] == [MOST_AT_ONCE, 1]


async def test_who_gives_up_does_not_end_it_for_the_others() -> None:
    library = Library()
    impatient, patient = library.want(2, 2)
    await asyncio.sleep(0.01)
    impatient.cancel()
    library.may_answer.set()
    assert await patient == 4


async def test_an_error_is_told_to_all_of_its_question_and_to_nobody_after() -> None:
    library = Library()
    library.failure = OSError("away")
    library.may_answer.set()
    for wanted in library.want(2, 4):
        with pytest.raises(OSError, match="away"):
            await wanted
    library.failure = None
    assert await library.lookups.find(2) == 4


async def test_an_error_that_nobody_waits_for_any_more_is_no_alarm() -> None:
    alarms: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: alarms.append(context))
    library = Library()
    library.failure = OSError("away")
    (impatient,) = library.want(2)
    await asyncio.sleep(0.01)
    impatient.cancel()
    library.may_answer.set()
    await asyncio.sleep(0.01)
    assert alarms == []
