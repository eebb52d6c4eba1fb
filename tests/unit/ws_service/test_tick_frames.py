from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.patience import eventually

from ws_service.fan_out import Seats
from ws_service.room_tally import RoomTally
from ws_service.tick_end import TickEnd
from ws_service.tick_frames import TickFrames


class NoonClock:
    """A wall clock that stands at a second past noon."""

    def micros(self) -> int:
        return 1_000_000

    def monotonic(self) -> float:
        return 0.0


class Member:
    """Hears by `deliver`, as who has no open socket; it takes its time."""

    def __init__(self, room: Room) -> None:
        self.heard: list[bytes] = []
        self._room = room

    def deliver(self, frames: bytes) -> None:
        self.heard.append(frames)
        self._room.now += self._room.takes


def void(_: object) -> None:
    """Hands nothing on."""


class Room:
    """Two who hear lists, and one who hears deltas."""

    def __init__(self) -> None:
        self.tally = RoomTally()
        self.members = [Member(self), Member(self), Member(self)]
        lists, deltas = Seats(), Seats()
        for seats, member in zip((lists, lists, deltas), self.members, strict=True):
            listener: Any = member
            seats.add(listener)
        self.now = 100.0
        self.tick = TickFrames(
            TickEnd(),
            lambda: void(self.tick.write(lists, deltas)),
            NoonClock(),
            self.tally,
            lambda: self.now,
        )
        self.takes = 0.0
        """Seconds of a write to one of them."""


@pytest.fixture
async def room() -> Room:
    return Room()


async def test_all_frames_of_a_tick_go_out_together_to_each_kind_of_listener(room: Room) -> None:
    room.tick.add(b"message ")
    room.tick.add_list(b"list")
    room.tick.add_delta(b"delta")
    assert [member.heard for member in room.members] == [[], [], []]
    await asyncio.sleep(0)
    assert [member.heard for member in room.members] == [
        [b"message list"],
        [b"message list"],
        [b"message delta"],
    ]


async def test_a_new_tick_begins_with_nothing(room: Room) -> None:
    room.tick.add(b"1")
    await asyncio.sleep(0)
    room.tick.add_list(b"2")
    await asyncio.sleep(0)
    assert [member.heard for member in room.members] == [[b"1", b"2"], [b"1", b"2"], [b"1"]]


async def test_each_event_is_counted_as_often_as_it_is_heard(room: Room) -> None:
    room.tick.add(b"message ")
    room.tick.add_delta(b"delta")
    await asyncio.sleep(0)
    assert room.tally.deliveries == 3 + 1


async def test_the_time_of_a_message_is_counted_once_however_many_hear_it(room: Room) -> None:
    room.tick.add_message(b"message", 400_000)
    room.tick.add(b"no message")
    await asyncio.sleep(0)
    assert room.tally.lag.total == pytest.approx(0.6)
    assert room.tally.lag.buckets()[-1].values == 1


async def test_a_crowd_that_talks_calmly_is_never_kept_waiting(room: Room) -> None:
    room.takes = 0.001  # for each of three
    for n in range(20):
        room.now += 0.05
        room.tick.add(b"%d" % n)
        await asyncio.sleep(0)
        assert room.members[0].heard[-1] == b"%d" % n


async def test_after_many_long_writes_come_rests_in_which_all_is_put_together(room: Room) -> None:
    room.takes = 0.001
    for n in range(20):
        room.tick.add(b"%d" % n)
        await asyncio.sleep(0)
    assert 3 <= len(room.members[0].heard) < 10
    await eventually(
        lambda: b"".join(room.members[0].heard) == b"".join(b"%d" % n for n in range(20))
    )


async def test_after_a_very_long_write_comes_as_long_a_rest_and_then_all_together(
    room: Room,
) -> None:
    hearer = room.members[0]
    room.takes = 0.01
    room.tick.add(b"1")
    await asyncio.sleep(0)
    room.tick.add(b"2")
    await asyncio.sleep(0)
    room.tick.add(b"3")
    assert hearer.heard == [b"1"]
    await eventually(lambda: len(hearer.heard) >= 2)
    assert hearer.heard == [b"1", b"23"]
    room.now += 1
    room.tick.add(b"4")
    await asyncio.sleep(0)
    assert hearer.heard[-1] == b"4"


async def test_what_may_wait_goes_with_what_may_not(room: Room) -> None:
    room.tick.add(b"typing ", 3600)
    await asyncio.sleep(0.01)
    assert room.members[0].heard == []
    room.tick.add(b"message")
    await asyncio.sleep(0)
    assert room.members[0].heard == [b"typing message"]
