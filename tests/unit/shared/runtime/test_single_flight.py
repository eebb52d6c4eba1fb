from __future__ import annotations

import asyncio

import pytest

from shared.runtime.single_flight import SingleFlight


class Oracle:
    """Answers with the number of the question, when it is allowed to."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.flight = SingleFlight("test", self.ask)

    async def ask(self) -> int:
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        return number


async def test_many_who_ask_at_once_get_one_answer() -> None:
    oracle = Oracle()
    waiting = [asyncio.create_task(oracle.flight.answer()) for _ in range(5)]
    await asyncio.sleep(0)
    oracle.may_answer.set()
    assert await asyncio.gather(*waiting) == [1] * 5
    assert await oracle.flight.answer() == 2


async def test_who_gives_up_does_not_end_it_for_the_others() -> None:
    oracle = Oracle()
    impatient, patient = (asyncio.create_task(oracle.flight.answer()) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    oracle.may_answer.set()
    assert await patient == 1
    assert impatient.cancelled()


async def test_what_was_asked_just_now_is_not_refreshed() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    await oracle.flight.answer()
    oracle.flight.refresh(60)
    await asyncio.sleep(0)
    assert oracle.asked == 1
    oracle.flight.refresh(0)
    assert await oracle.flight.answer() == 2  # joins the one in the background


async def test_an_error_is_told_to_those_who_wait_and_to_nobody_else() -> None:
    async def fail() -> int:
        raise OSError("away")

    flight = SingleFlight("test", fail)
    with pytest.raises(OSError, match="away"):
        await flight.answer()
    flight.refresh(0)  # nobody waits: no warning of an error that was never retrieved
    await asyncio.sleep(0)


async def test_closing_gives_up_the_question_under_way() -> None:
    oracle = Oracle()
    asking = asyncio.create_task(oracle.flight.answer())
    await asyncio.sleep(0)
    await oracle.flight.aclose()
    with pytest.raises(ConnectionAbortedError):  # an outage; they are not cancelled themselves
        await asking
    await oracle.flight.aclose()  # nothing under way
