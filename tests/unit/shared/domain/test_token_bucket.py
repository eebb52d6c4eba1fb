"""The bucket against hand-made clocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.token_bucket import TokenBucket


def test_a_full_bucket_allows_a_burst_of_its_capacity_and_no_more() -> None:
    bucket = TokenBucket(capacity=3, refill_per_second=1, now=0)

    assert [bucket.take(0) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]


def test_a_refused_call_takes_nothing() -> None:
    bucket = TokenBucket(capacity=1, refill_per_second=2, now=0)
    bucket.take(0)

    assert bucket.take(0) == bucket.take(0) == 0.5


def test_tokens_come_back_with_time_up_to_the_capacity() -> None:
    bucket = TokenBucket(capacity=2, refill_per_second=1, now=0)
    bucket.take(0, cost=2)

    assert bucket.take(1) == 0.0
    assert [bucket.take(1_000) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_a_heavier_call_costs_more() -> None:
    bucket = TokenBucket(capacity=10, refill_per_second=5, now=0)

    assert bucket.take(0, cost=8) == 0.0
    assert bucket.take(0, cost=7) == 1.0
    assert bucket.take(0, cost=2) == 0.0


def test_a_clock_that_steps_back_gives_and_takes_nothing() -> None:
    bucket = TokenBucket(capacity=1, refill_per_second=1, now=100)
    bucket.take(100)

    assert bucket.take(50) == 1.0
    assert bucket.take(101) == 0.0


@pytest.mark.parametrize(("capacity", "refill"), [(0, 1), (-1, 1), (1, 0), (1, -1)])
def test_a_bucket_that_could_never_fill_is_refused(capacity: float, refill: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        TokenBucket(capacity, refill, now=0)


@pytest.mark.parametrize("cost", [-1, 3.5])
def test_a_cost_that_could_never_be_allowed_is_refused(cost: float) -> None:
    with pytest.raises(ValueError, match="cost"):
        TokenBucket(capacity=3, refill_per_second=1, now=0).take(0, cost)


@given(
    capacity=st.integers(1, 100),
    refill=st.floats(0.01, 1_000),
    start=st.floats(0, 1e7),
    steps=st.lists(st.floats(0, 10), max_size=30),
)
def test_waiting_as_told_is_always_enough(
    capacity: int,
    refill: float,
    start: float,
    steps: list[float],
) -> None:
    bucket = TokenBucket(capacity, refill, start)
    now = start
    for step in steps:
        now += step
        wait = bucket.take(now)
        if wait:
            now += wait
            assert bucket.take(now) == 0.0


@given(
    capacity=st.integers(1, 20),
    refill=st.floats(0.1, 50),
    steps=st.lists(st.floats(0, 2), max_size=100),
)
def test_never_more_is_allowed_than_capacity_plus_refill(
    capacity: int,
    refill: float,
    steps: list[float],
) -> None:
    bucket = TokenBucket(capacity, refill, now=0)
    now, allowed = 0.0, 0
    for step in steps:
        now += step
        allowed += bucket.take(now) == 0.0

    assert allowed <= capacity + now * refill + 1e-3
