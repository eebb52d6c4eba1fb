from __future__ import annotations

import asyncio
from functools import partial

import pytest
from structlog.testing import capture_logs

from ws_service.tick_end import TickEnd


@pytest.fixture
def written() -> list[str]:
    return []


async def test_rooms_are_written_before_answers_whatever_was_asked_first(
    written: list[str],
) -> None:
    end = TickEnd()
    end.write_answers(partial(written.append, "answer"))
    end.write_room(partial(written.append, "room"))
    assert written == []
    await asyncio.sleep(0)
    assert written == ["room", "answer"]


async def test_each_tick_has_an_end_of_its_own(written: list[str]) -> None:
    end = TickEnd()
    end.write_room(lambda: end.write_room(partial(written.append, "later")))
    await asyncio.sleep(0)
    assert written == []
    await asyncio.sleep(0)
    assert written == ["later"]


async def test_a_fault_in_one_room_silences_no_other(written: list[str]) -> None:
    end = TickEnd()
    end.write_room(partial(next, iter(())))
    end.write_room(partial(written.append, "other"))
    with capture_logs() as logs:
        await asyncio.sleep(0)
    assert written == ["other"]
    assert [entry["event"] for entry in logs] == ["flush_failed"]
