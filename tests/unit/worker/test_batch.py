from __future__ import annotations

import pytest

from worker.batch import Batcher


def filled(count: int, *, size: int = 3, age: float = 0.05) -> Batcher[int, str]:
    batcher: Batcher[int, str] = Batcher(size, age)
    for n in range(count):
        batcher.add(n, f"entry {n}", now=float(n))
    return batcher


def test_an_empty_batch_is_never_due() -> None:
    batcher = filled(0)
    assert not batcher.due(1e9)
    assert not batcher.full
    assert batcher.lend() == []


def test_a_batch_is_due_by_size_at_once() -> None:
    batcher = filled(3, age=1e9)
    assert batcher.full
    assert batcher.due(0.0)


def test_a_batch_is_due_by_the_age_of_its_oldest_entry() -> None:
    batcher = filled(2, age=5.0)
    assert not batcher.due(4.9)
    assert batcher.due(5.0)


def test_the_time_left_runs_from_the_oldest_entry_and_is_never_negative() -> None:
    batcher = filled(2, age=5.0)
    assert batcher.time_left(1.0) == pytest.approx(4.0)
    assert batcher.time_left(99.0) == 0.0


def test_an_empty_batcher_has_its_whole_age_left() -> None:
    assert filled(0, age=5.0).time_left(3.0) == 5.0


def test_an_entry_in_hand_is_not_taken_in_twice() -> None:
    batcher = filled(1)
    assert not batcher.add(0, "delivered again", now=9.0)
    assert batcher.lend() == ["entry 0"]


def test_an_entry_that_was_let_go_may_come_again_when_it_is_read_anew() -> None:
    batcher = filled(1)
    assert batcher.lend() == ["entry 0"]
    batcher.take([0])
    assert not batcher.add(0, "read before", now=1.0)
    batcher.begin_reading()
    assert batcher.add(0, "read anew", now=1.0)


def test_what_is_lent_is_the_oldest_up_to_the_size_and_stays_in_hand() -> None:
    batcher = filled(5)
    assert batcher.lend() == ["entry 0", "entry 1", "entry 2"]
    assert (len(batcher), batcher.waiting) == (5, 2)
    assert not batcher.add(0, "delivered again", now=9.0)


def test_the_next_batch_is_collected_while_one_is_lent() -> None:
    batcher = filled(5, age=5.0)
    batcher.lend()
    assert not batcher.full
    assert batcher.time_left(4.0) == pytest.approx(4.0)
    assert batcher.due(8.0)
    assert batcher.lend() == ["entry 3", "entry 4"]
    assert not batcher.due(1e9)


def test_what_is_given_back_is_lent_first_again() -> None:
    batcher = filled(5)
    batcher.lend()
    batcher.lend()
    batcher.take([0])
    batcher.give_back()
    assert batcher.lend() == ["entry 1", "entry 2", "entry 3"]


def test_taking_what_was_lent_leaves_what_waits() -> None:
    batcher = filled(5)
    batcher.lend()
    batcher.take([0, 1, 2])
    assert (len(batcher), batcher.waiting) == (2, 2)
    assert batcher.lend() == ["entry 3", "entry 4"]


def test_taking_what_is_not_there_is_harmless() -> None:
    batcher = filled(2)
    batcher.lend()
    batcher.take([1, 77])
    assert len(batcher) == 1
