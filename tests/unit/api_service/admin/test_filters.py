from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api_service.admin.filters import DatePath, made_between, since
from shared.domain.times import DHAKA
from shared.message_store.tables import Message

NOW = datetime(2026, 11, 26, 19, 30, tzinfo=UTC)
"""Half past one in Dhaka, on the 27th."""


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("today", datetime(2026, 11, 27, tzinfo=DHAKA)),
        ("week", datetime(2026, 11, 20, tzinfo=DHAKA)),
        ("month", datetime(2026, 11, 1, tzinfo=DHAKA)),
        ("year", datetime(2026, 1, 1, tzinfo=DHAKA)),
        ("always", None),
    ],
)
def test_spans_begin_at_midnight_in_dhaka(value: str, start: datetime | None) -> None:
    assert since(value, NOW) == start


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({}, DatePath()),
        ({"year": "2026"}, DatePath(2026)),
        ({"year": "2026", "month": "2"}, DatePath(2026, 2)),
        ({"year": "2026", "month": "2", "day": "28"}, DatePath(2026, 2, 28)),
        ({"year": "2026", "month": "2", "day": "30"}, DatePath(2026, 2)),
        ({"year": "2026", "day": "3"}, DatePath(2026)),
        ({"month": "3"}, DatePath()),
        ({"year": "২০২৬"}, DatePath()),
        ({"year": "99999999999999"}, DatePath()),
        ({"year": "-1"}, DatePath()),
        ({"year": "2026", "month": "13"}, DatePath(2026)),
    ],
)
def test_an_address_says_where_one_is_and_nonsense_is_passed_over(
    query: dict[str, str], path: DatePath
) -> None:
    assert DatePath.of(query) == path


def test_a_span_ends_where_the_next_one_begins() -> None:
    assert DatePath().span() is None
    assert DatePath(2026).span() == (
        datetime(2026, 1, 1, tzinfo=DHAKA),
        datetime(2027, 1, 1, tzinfo=DHAKA),
    )
    assert DatePath(2026, 12).span() == (
        datetime(2026, 12, 1, tzinfo=DHAKA),
        datetime(2027, 1, 1, tzinfo=DHAKA),
    )
    assert DatePath(2028, 2, 29).span() == (
        datetime(2028, 2, 29, tzinfo=DHAKA),
        datetime(2028, 3, 1, tzinfo=DHAKA),
    )


def test_even_the_last_year_has_a_span_that_ids_can_hold() -> None:
    start, end = DatePath(9998).span() or (NOW, NOW)
    assert start < end
    made_between(Message.id)(start, end)
