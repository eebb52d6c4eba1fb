from __future__ import annotations

import pytest

from shared.domain.budgets import UNLIMITED, Budget, parse_budget, price_in_room


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("60/20", Budget(60, 20)),
        (" 60.5/0.25 ", Budget(60.5, 0.25)),
        ("60/20 dry", Budget(60, 20, dry_run=True)),
        ("off", UNLIMITED),
    ],
)
def test_a_budget_is_read_as_it_is_written(text: str, budget: Budget) -> None:
    assert parse_budget(text) == budget
    assert parse_budget(str(budget)) == budget


@pytest.mark.parametrize(
    "text",
    ["", "60", "60/", "/20", "60/20/1", "-1/20", "60/20 wet", "1e9/1", "9/1", "60/0", "৬০/২০"],
)
def test_what_is_no_budget_or_never_allows_a_room_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)burst"):
        parse_budget(text)


def test_only_off_is_unlimited() -> None:
    assert UNLIMITED.unlimited
    assert not Budget(10, 1).unlimited


@pytest.mark.parametrize(
    ("people", "price"), [(0, 1), (1, 1), (49, 1), (50, 2), (499, 10), (500, 11), (10_000, 11)]
)
def test_a_message_costs_a_room_more_the_more_people_hear_it(people: int, price: float) -> None:
    assert price_in_room(people, 10) == price


@pytest.mark.parametrize(("characters", "price"), [(1, 2), (499, 2), (500, 4), (4000, 18)])
def test_a_long_message_costs_as_much_as_several_short_ones(characters: int, price: float) -> None:
    assert price_in_room(50, characters) == price
