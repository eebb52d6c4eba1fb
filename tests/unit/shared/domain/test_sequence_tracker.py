"""Lost, doubled and foreign messages are noticed by number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.position import Position
from shared.domain.sequence_tracker import (
    DELIVER,
    DUPLICATE,
    Deliver,
    Gap,
    NewEpoch,
    SequenceTracker,
)


def test_messages_in_order_are_delivered() -> None:
    tracker = SequenceTracker("e1", 0)

    assert [tracker.offer("e1", seq) for seq in (1, 2, 3)] == [DELIVER] * 3
    assert tracker.position == Position("e1", 3)


def test_a_message_seen_before_is_a_duplicate() -> None:
    tracker = SequenceTracker("e1", 5)

    assert tracker.offer("e1", 5) == DUPLICATE
    assert tracker.offer("e1", 1) == DUPLICATE
    assert tracker.position == Position("e1", 5)


def test_a_jump_names_exactly_the_missing_messages_and_moves_nothing() -> None:
    tracker = SequenceTracker("e1", 5)

    assert tracker.offer("e1", 9) == Gap(6, 8)
    assert tracker.offer("e1", 10) == Gap(6, 9)
    assert tracker.position == Position("e1", 5)


def test_a_gap_that_is_filled_lets_the_rest_through() -> None:
    tracker = SequenceTracker("e1", 5)
    tracker.offer("e1", 8)

    assert [tracker.offer("e1", seq) for seq in (6, 7, 8, 9)] == [DELIVER] * 4


def test_a_gap_that_cannot_be_filled_is_skipped_but_never_backwards() -> None:
    tracker = SequenceTracker("e1", 5)

    tracker.skip_to(7)
    assert tracker.offer("e1", 8) == DELIVER
    tracker.skip_to(2)
    assert tracker.position == Position("e1", 8)


def test_another_epoch_is_reported_until_the_tracker_is_restarted() -> None:
    tracker = SequenceTracker("e1", 5)

    assert tracker.offer("e2", 1) == NewEpoch("e2", 1)
    assert tracker.offer("e1", 6) == DELIVER
    tracker.restart("e2", 0)
    assert tracker.offer("e2", 1) == DELIVER


def test_a_position_check_finds_a_silent_loss_at_the_end() -> None:
    tracker = SequenceTracker("e1", 5)

    assert tracker.compare("e1", 5) == DELIVER
    assert tracker.compare("e1", 8) == Gap(6, 8)
    assert tracker.compare("e1", 4) == DUPLICATE
    assert tracker.compare("e2", 1) == NewEpoch("e2", 1)
    assert tracker.position == Position("e1", 5)


@given(st.lists(st.integers(1, 30), max_size=100), st.integers(0, 30))
def test_whatever_pubsub_does_delivery_is_gapless_and_without_repeats(
    arrivals: list[int],
    head: int,
) -> None:
    tracker = SequenceTracker("e1", 0)
    delivered: list[int] = []

    def hand_on(seq: int) -> None:
        verdict = tracker.offer("e1", seq)
        if isinstance(verdict, Gap):
            for missing in range(verdict.first, verdict.last + 1):
                hand_on(missing)
            hand_on(seq)
        elif isinstance(verdict, Deliver):
            delivered.append(seq)

    for seq in arrivals:
        hand_on(seq)
    if isinstance(gap := tracker.compare("e1", head), Gap):
        for missing in range(gap.first, gap.last + 1):
            hand_on(missing)

    assert delivered == list(range(1, max([*arrivals, head]) + 1))
