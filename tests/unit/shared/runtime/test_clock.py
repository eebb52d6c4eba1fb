from __future__ import annotations

import time
from uuid import UUID

from shared.domain.ids import is_session_id, uuid7_micros
from shared.domain.position import parse_position
from shared.runtime.clock import IdMaker, SystemClock, chance


class HeldClock:
    """Stands still."""

    def micros(self) -> int:
        return 1_700_000_000_123_456

    def monotonic(self) -> float:
        return 0.0


def test_the_wall_clock_is_in_microseconds() -> None:
    assert abs(SystemClock().micros() - time.time() * 1e6) < 60e6


def test_the_monotonic_clock_never_runs_backwards() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


def test_an_id_carries_the_clocks_time() -> None:
    made = IdMaker(HeldClock()).new()
    assert (made.version, uuid7_micros(made)) == (7, 1_700_000_000_123_000)


def test_ids_of_one_moment_differ() -> None:
    ids = IdMaker(HeldClock())
    made: set[UUID] = {ids.new() for _ in range(1000)}
    assert len(made) == 1000


def test_a_session_id_has_192_random_bits_and_is_well_formed() -> None:
    made = {IdMaker.session_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_session_id(session) and len(session) * 6 == 192 for session in made)


def test_an_epoch_is_new_each_time_and_clients_can_give_it_back() -> None:
    made = {IdMaker.epoch() for _ in range(1000)}
    assert len(made) == 1000
    assert all(parse_position(epoch, "0") is not None for epoch in made)


def test_chance_is_spread_between_nothing_and_all() -> None:
    drawn = [chance() for _ in range(1000)]
    assert 0 <= min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1
