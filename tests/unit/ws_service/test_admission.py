from __future__ import annotations

from itertools import pairwise

from ws_service.admission import MOST_WAIT_SECONDS, Admission


def test_a_burst_comes_in_and_the_rest_by_the_clock() -> None:
    admission = Admission(burst=10, rate=5, now=0.0)
    assert [admission.ask(0.0) for _ in range(10)] == [0.0] * 10
    assert admission.ask(0.0) > 0
    assert admission.ask(0.2) == 0.0


def test_those_who_were_refused_have_appointments_one_after_the_other() -> None:
    admission = Admission(burst=1, rate=100, now=0.0)
    admission.ask(0.0)
    waits = [admission.ask(0.0) for _ in range(1000)]
    gaps = [later - earlier for earlier, later in pairwise(waits)]
    assert all(abs(gap - 0.01) < 1e-6 for gap in gaps)
    assert waits[0] <= 0.03


def test_whoever_keeps_the_appointment_is_let_in() -> None:
    admission = Admission(burst=5, rate=50, now=0.0)
    refused = [wait for wait in (admission.ask(0.0) for _ in range(100)) if wait]
    assert all(admission.ask(wait) == 0.0 for wait in sorted(refused))


def test_no_appointment_is_too_far_away_and_quiet_times_forget_them() -> None:
    admission = Admission(burst=1, rate=10, now=0.0)
    assert max(admission.ask(0.0) for _ in range(10_000)) == MOST_WAIT_SECONDS
    assert admission.ask(2000.0) == 0.0
    assert admission.ask(2000.0) < 0.3
