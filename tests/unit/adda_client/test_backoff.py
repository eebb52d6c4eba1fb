from __future__ import annotations

import pytest

from adda_client.backoff import FullJitter


def longest(low: float, high: float) -> float:
    return max(high, low)


def test_the_bound_doubles_with_each_attempt_up_to_the_cap() -> None:
    backoff = FullJitter(base=0.5, cap=3.0, draw=longest)
    assert [backoff.seconds(attempt) for attempt in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_waits_are_spread_over_the_whole_time_from_zero() -> None:
    backoff = FullJitter(base=1.0, cap=8.0)
    waits = sorted(backoff.seconds(3) for _ in range(2000))
    assert waits[0] < 0.5
    assert waits[-1] > 7.5
    assert waits[1000] == pytest.approx(4.0, abs=0.6)


def test_what_the_server_asks_for_comes_first_and_the_jitter_on_top() -> None:
    backoff = FullJitter(base=1.0, cap=8.0, draw=longest)
    assert backoff.seconds(0, at_least=5.0) == 6.0


def test_very_many_attempts_do_not_overflow() -> None:
    assert FullJitter(draw=longest).seconds(10**9) == 20.0
