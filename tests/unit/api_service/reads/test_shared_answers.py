from __future__ import annotations

import asyncio
import gc

import pytest

from api_service.reads.shared_answers import SharedAnswers


class Oracle:
    """Answers with the number of the question, when it is allowed to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.shared = SharedAnswers[int]("test")

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        return number

    def comes(self, key: str = "a") -> asyncio.Task[int]:
        """Somebody who wants to know."""
        return asyncio.create_task(self.shared.get(key, self.ask))


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_come_before_a_question_is_asked_share_it() -> None:
    oracle = Oracle()
    waiting = [oracle.comes() for _ in range(50)]
    oracle.may_answer.set()
    assert await asyncio.gather(*waiting) == [1] * 50


async def test_who_comes_while_it_is_asked_waits_for_the_next_one() -> None:
    oracle = Oracle()
    first = oracle.comes()
    await turns()
    later = [oracle.comes() for _ in range(3)]
    await turns()
    assert oracle.asked == 1  # one after the other, so that those who wait come together
    oracle.may_answer.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [2] * 3
    assert await oracle.comes() == 3


async def test_questions_of_other_keys_are_asked_meanwhile() -> None:
    oracle = Oracle()
    one, other = oracle.comes("a"), oracle.comes("b")
    await turns()
    assert oracle.asked == 2
    oracle.may_answer.set()
    assert sorted(await asyncio.gather(one, other)) == [1, 2]


async def test_who_gives_up_does_not_end_it_for_the_others() -> None:
    oracle = Oracle()
    impatient, patient = oracle.comes(), oracle.comes()
    await turns()
    impatient.cancel()
    oracle.may_answer.set()
    assert await patient == 1
    assert impatient.cancelled()


async def test_a_failure_is_told_to_all_who_wait_and_not_to_the_next() -> None:
    shared = SharedAnswers[int]("test")
    failing = [True]

    async def ask() -> int:
        await asyncio.sleep(0)
        if failing[0]:
            raise LookupError("not now")
        return 7

    found = await asyncio.gather(*(shared.get("a", ask) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in found] == [LookupError] * 3
    failing[0] = False
    assert await shared.get("a", ask) == 7


async def test_a_failure_that_nobody_waits_for_any_more_is_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shared = SharedAnswers[int]("test")

    async def ask() -> int:
        await asyncio.sleep(0)
        raise LookupError("not now")

    alone = asyncio.create_task(shared.get("a", ask))
    await asyncio.sleep(0)
    alone.cancel()
    await turns()
    del alone
    gc.collect()
    assert "never retrieved" not in caplog.text
