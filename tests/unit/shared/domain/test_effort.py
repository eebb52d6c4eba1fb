from __future__ import annotations

from itertools import pairwise
from uuid import uuid4

import pytest

from shared.domain.budgets import COSTS, UNLIMITED, Budget
from shared.domain.effort import ACTIONS, LEVELS, Purpose, Wish, budget_beyond, level_of


def test_proofs_buy_a_share_of_the_limit() -> None:
    assert budget_beyond(Budget(5000, 500), 0.25) == Budget(1250, 125)


def test_a_small_share_still_buys_the_dearest_action() -> None:
    assert budget_beyond(Budget(20, 1), 0.1).burst == max(COSTS.values())


@pytest.mark.parametrize(
    ("budget", "share"), [(UNLIMITED, 0.5), (Budget(100, 1, dry_run=True), 0.5), (Budget(9, 1), 0)]
)
def test_where_nobody_is_refused_nobody_buys(budget: Budget, share: float) -> None:
    assert budget_beyond(budget, share).unlimited


def test_the_less_is_left_the_harder_it_is_to_buy() -> None:
    budget = Budget(100, 1)
    levels = [level_of(tokens, budget) for tokens in range(100, -1, -1)]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, len(LEVELS) - 1)
    assert set(levels) == set(range(len(LEVELS)))


def test_levels_are_bounded_whatever_is_left() -> None:
    budget = Budget(10, 1)
    assert level_of(-50, budget) == len(LEVELS) - 1
    assert level_of(50, budget) == 0


def test_a_level_is_twice_the_work_of_the_one_below() -> None:
    assert [high / low for low, high in pairwise(LEVELS)] == [2, 2, 2]


def test_a_wish_says_where_its_challenge_is() -> None:
    room = str(uuid4())
    assert Wish(Purpose.ROOM, address="a").place == "/api/challenge/?for=room"
    assert Wish(Purpose.JOIN, room).place == f"/api/challenge/?for=join&room={room}"


def test_every_purpose_has_its_price() -> None:
    assert set(ACTIONS) == set(Purpose)
