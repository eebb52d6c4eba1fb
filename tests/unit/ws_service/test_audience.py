from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.patience import eventually

from shared.domain.entities import User
from shared.runtime.clock import SystemClock
from ws_service import audience
from ws_service.audience import Audience
from ws_service.room_tally import RoomTally
from ws_service.tick_end import TickEnd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.protocol.close_codes import CloseCode
    from shared.protocol.envelopes import Person
    from ws_service.fan_out import Seat


class Member:
    """Has no socket, so that everything comes by `deliver`."""

    def __init__(self, *, roster_deltas: bool = False) -> None:
        self.id: UUID = uuid4()
        self.user = User(uuid4(), b"", "", "", 0)
        self.roster_deltas = roster_deltas
        self.seat: Seat | None = None
        self.heard: list[bytes] = []

    def sit(self, seat: Seat) -> None:
        self.seat = seat

    def deliver(self, frames: bytes) -> None:
        self.heard.append(frames)

    def take_name(self, people: Mapping[str, Person]) -> None:
        raise AssertionError(people)

    def judge(self) -> None:
        raise AssertionError

    def close(self, code: CloseCode) -> None:
        raise AssertionError(code)


def gathered(count: int = 1) -> tuple[Audience, list[Member]]:
    room = Audience(TickEnd(), SystemClock(), RoomTally())
    members = [Member() for _ in range(count)]
    for member in members:
        room.add(member)
    return room, members


async def test_who_comes_in_the_middle_of_a_tick_hears_what_follows_and_nothing_before() -> None:
    room, [first] = gathered()
    late, later, gone = Member(), Member(roster_deltas=True), Member()
    room.emit(b"1")
    room.add(late)
    room.emit_list(b"L")
    room.emit_delta(b"D")
    room.add(later)
    room.add(gone)
    room.emit(b"2")
    room.remove(gone)
    assert room.hears_deltas
    await asyncio.sleep(0)
    assert (first.heard, late.heard, later.heard, gone.heard) == ([b"1L2"], [b"L2"], [b"2"], [])
    room.emit(b"3")
    await asyncio.sleep(0)
    assert (first.heard[1:], late.heard[1:], later.heard[1:]) == ([b"3"], [b"3"], [b"3"])


async def test_a_notice_of_typing_goes_out_with_what_comes_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "UNHURRIED_SECONDS", 3600)
    monkeypatch.setattr(audience, "CROWD", 0)
    room, [member] = gathered()
    room.emit_unhurried(b"typing ")
    await asyncio.sleep(0.01)
    assert member.heard == []
    room.emit(b"message")
    await asyncio.sleep(0)
    assert member.heard == [b"typing message"]


async def test_a_notice_of_typing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "UNHURRIED_SECONDS", 0.01)
    monkeypatch.setattr(audience, "CROWD", 0)
    room, [member] = gathered()
    room.emit_unhurried(b"typing")
    await eventually(lambda: member.heard)
    assert member.heard == [b"typing"]


async def test_a_long_list_goes_to_a_few_at_a_time_and_to_nobody_who_has_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "SPREAD_BYTES", 8)
    room, members = gathered(5)
    assert room.emit_list(b"list") > 0
    room.remove(members[4])
    assert [member.heard for member in members[:3]] == [[b"list"], [b"list"], []]
    await eventually(lambda: members[3].heard)
    assert [member.heard for member in members] == [[b"list"]] * 4 + [[]]
    room.stop()


async def test_a_long_list_reaches_who_came_while_other_frames_waited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "SPREAD_BYTES", 8)
    monkeypatch.setattr(audience, "SPREAD_SECONDS", 0)
    room, members = gathered(4)
    late, changes_only = Member(), Member(roster_deltas=True)
    room.emit(b"message")
    room.add(late)
    room.add(changes_only)
    room.emit_list(b"list")
    await eventually(lambda: late.heard)
    assert late.heard == [b"list"]
    assert changes_only.heard == []
    assert all(b"list" in member.heard for member in members)
    room.stop()


async def test_lists_that_come_faster_than_they_go_out_reach_everybody_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "SPREAD_BYTES", 8)
    room, members = gathered(8)
    monkeypatch.setattr(audience, "SPREAD_SECONDS", 0)
    for number in range(4):  # some hear each before the next one comes
        room.emit_list(b"lst%d" % number)
        await asyncio.sleep(0)
    assert all(member.heard for member in members)
    room.stop()
