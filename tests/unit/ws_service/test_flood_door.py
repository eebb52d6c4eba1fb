from __future__ import annotations

import pytest

from ws_service import flood_door
from ws_service.flood_door import (
    FIRST_SECONDS,
    FLIGHTS_PER_FLOOD,
    FORGIVEN_SECONDS,
    MOST_SECONDS,
    FloodDoor,
)


def test_an_address_of_flooders_is_shut_for_longer_each_time_and_forgiven_in_the_end() -> None:
    door = FloodDoor()
    now, waits = 0.0, []
    for _ in range(7):
        door.flooded("a", 0, now)
        waits.append(door.wait("a", now))
        now += waits[-1]
        assert door.wait("a", now) == 0.0
    assert waits == [FIRST_SECONDS * 2**n for n in range(5)] + [MOST_SECONDS] * 2
    now += FORGIVEN_SECONDS + 1
    door.flooded("a", 0, now)
    assert door.wait("a", now) == pytest.approx(FIRST_SECONDS)
    assert door.wait("b", now) == 0.0


def test_floods_while_it_is_shut_do_not_shut_it_for_longer() -> None:
    door = FloodDoor()
    for here in (2, 1, 0):
        door.flooded("a", here, 0.0)
    assert door.wait("a", 0.0) == FIRST_SECONDS


def test_one_flooder_who_comes_again_and_again_does_not_shut_out_a_town() -> None:
    door = FloodDoor()
    for n in range(200):
        now = n * 3.0
        door.flooded("nat", 40, now)
        assert door.wait("nat", now) == 0.0


def test_only_so_many_addresses_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flood_door, "MOST_KEPT", 3)
    door = FloodDoor()
    for name in "abcad":
        door.flooded(name, 0, 0.0)
    assert len(door) == 3
    assert [name for name in "abcd" if door.wait(name, 0.0)] == ["a", "c", "d"]


def test_who_comes_and_goes_all_the_time_is_taken_for_a_flood() -> None:
    door = FloodDoor()
    for _ in range(FLIGHTS_PER_FLOOD - 1):
        assert door.fled("a", 0, 0.0) == 0.0
    assert door.fled("a", 0, 0.0) == FIRST_SECONDS


def test_who_looks_into_a_few_rooms_an_hour_is_not() -> None:
    door = FloodDoor()
    for n in range(100):
        assert door.fled("a", 0, n * 36.0) == 0.0


def test_where_floods_came_from_lately_everybody_is_suspect() -> None:
    door = FloodDoor()
    assert not door.suspects("a", 0.0)
    door.flooded("nat", 40, 0.0)
    assert not door.suspects("nat", 0.0)
    door.flooded("a", 0, 0.0)
    assert door.suspects("a", FORGIVEN_SECONDS)
    assert not door.suspects("b", 0.0)
    assert not door.suspects("a", FORGIVEN_SECONDS + 1)
