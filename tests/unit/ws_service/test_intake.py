from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ws_service.intake import MOST_IN_LINE, MOST_POSTING, Intake

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Client:
    """Remembers whether it is read."""

    is_read = True

    def stop_reading(self) -> None:
        self.is_read = False

    def go_on_reading(self) -> None:
        self.is_read = True


def test_who_has_too_many_messages_without_an_answer_is_read_again_when_half_have_one() -> None:
    client = Client()
    intake = Intake(client)
    for _ in range(MOST_POSTING):
        assert client.is_read
        intake.posting()
    for _ in range(MOST_POSTING // 2):
        assert not client.is_read
        intake.posted()
    assert client.is_read


def test_who_has_too_much_in_line_is_read_again_when_the_line_has_ended() -> None:
    client = Client()
    intake = Intake(client)
    for number in range(MOST_IN_LINE):
        assert client.is_read
        intake.line_up(str(number))
    assert not client.is_read
    assert [intake.next_in_line() for _ in range(MOST_IN_LINE)] == [*map(str, range(MOST_IN_LINE))]
    intake.end_line()
    assert client.is_read


async def test_nothing_ends_a_pause_before_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    timers = recorded_timers(monkeypatch)
    client = Client()
    intake = Intake(client)
    intake.pause(4.0)
    intake.posting()
    intake.posted()
    assert not client.is_read
    [(_, end)] = timers
    end()
    assert client.is_read


async def test_who_is_held_together_does_not_go_on_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timers = recorded_timers(monkeypatch)
    for _ in range(200):
        Intake(Client()).pause(4.0)
    tenths = [int(10 * seconds) for seconds, _ in timers]
    assert min(tenths) >= 40
    assert max(tenths) <= 80
    assert max(map(tenths.count, tenths)) < 30  # a fair one has 5


def recorded_timers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, Callable[[], None]]]:
    """What the running loop is asked to do later, and after how many seconds; it does not."""
    timers: list[tuple[float, Callable[[], None]]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda *timer: timers.append(timer))
    return timers
