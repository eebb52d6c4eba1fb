from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.circuit_breaker import BreakerLimits, CircuitBreaker

LIMITS = BreakerLimits(failures=3, window_seconds=10, shortest_seconds=1, longest_seconds=5)


def breaker(chance: float = 0.999_999) -> CircuitBreaker:
    """With pauses as long as they may be."""
    return CircuitBreaker(LIMITS, lambda: chance)


def fail(it: CircuitBreaker, now: float) -> bool:
    ticket = it.admit(now)
    assert ticket is not None
    return it.failed(ticket, now)


def opened(chance: float = 0.999_999) -> CircuitBreaker:
    """Open since 0."""
    it = breaker(chance)
    assert [fail(it, 0) for _ in range(3)] == [False, False, True]
    return it


def test_it_opens_at_so_many_failures_in_a_row() -> None:
    it = opened()
    assert not it.closed
    assert it.admit(0.5) is None


def test_an_answer_ends_the_row() -> None:
    it = breaker()
    for _ in range(5):
        assert not fail(it, 0)
        assert not fail(it, 0)
        assert not it.succeeded()
    assert it.closed


def test_failures_far_apart_are_not_one_outage() -> None:
    it = breaker()
    assert not any(fail(it, now) for now in range(0, 100, 6))
    assert fail(it, 97)


def test_after_the_pause_one_call_tries_for_all() -> None:
    it = opened()
    ticket = it.admit(1)
    assert ticket is not None
    assert it.admit(1) is None
    assert it.admit(100) is None
    assert it.succeeded()
    assert it.closed
    assert it.admit(1) is not None


def test_pauses_grow_up_to_the_longest_and_begin_anew_after_an_answer() -> None:
    it, now, pauses = opened(), 0.0, list[float]()
    for _ in range(5):
        began = now
        while (ticket := it.admit(now)) is None:
            now += 0.01
        pauses.append(now - began)
        assert it.failed(ticket, now)
    assert pauses == pytest.approx([1, 2, 4, 5, 5], abs=0.02)
    assert it.succeeded()
    for _ in range(3):
        fail(it, now)
    assert it.admit(now + 0.99) is None
    assert it.admit(now + 1) is not None


def test_pauses_are_spread_between_a_half_and_the_whole() -> None:
    assert opened(0).admit(0.49) is None
    assert opened(0).admit(0.5) is not None
    assert opened(0.5).admit(0.74) is None
    assert opened(0.5).admit(0.75) is not None


def test_a_trial_that_was_broken_off_is_made_by_the_next() -> None:
    it = opened()
    ticket = it.admit(1)
    assert ticket is not None
    it.abandoned(ticket)
    assert it.admit(1) is not None


def test_what_was_sent_before_it_opened_tells_nothing_new() -> None:
    it = breaker()
    early = [it.admit(0) for _ in range(9)]
    verdicts = [it.failed(ticket, 3) for ticket in early if ticket is not None]
    assert verdicts == [False, False, True, *[False] * 6]
    late = it.admit(4)
    assert late is not None
    assert not it.failed(early[0] or 0, 4)
    it.abandoned(early[0] or 0)
    assert it.admit(4) is None, "the trial is still under way"
    assert it.holds(late)
    assert not it.holds(early[0] or 0)


def test_an_answer_to_anybody_closes_it() -> None:
    it = opened()
    assert it.succeeded()
    assert it.closed
    assert not it.succeeded()


@given(st.lists(st.sampled_from(["admit", "fail", "succeed", "abandon", "wait"])))
def test_while_it_is_open_at_most_one_call_is_under_way(steps: list[str]) -> None:
    it, now = breaker(0.5), 0.0
    trials, tries = list[int](), list[float]()
    for step in steps:
        if step == "wait":
            now += 0.4
        elif step == "succeed":
            it.succeeded()
            trials.clear()
            tries.clear()
        elif step == "admit":
            was_closed, ticket = it.closed, it.admit(now)
            if ticket is not None and not was_closed:
                trials.append(ticket)
                tries.append(now)
                assert len(trials) == 1
        elif trials:
            ticket = trials.pop()
            if step == "fail":
                assert it.failed(ticket, now)
            else:
                it.abandoned(ticket)
                tries.pop()
        elif it.closed:
            fail(it, now)
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(tries))
