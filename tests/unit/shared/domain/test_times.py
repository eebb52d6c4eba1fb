"""Instants and their wire form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.times import DHAKA, datetime_of, format_micros, micros_of, parse_timestamp

# The years 1 and 9999 are left out: half of a Dhaka day there falls outside of datetime.
MICROS = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(micros_of)


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T06:00:00.000000+06:00"),
        (-1, "1970-01-01T05:59:59.999999+06:00"),
        (1_795_436_000_000_250, "2026-11-23T18:13:20.000250+06:00"),
        (1_795_436_000_999_999, "2026-11-23T18:13:20.999999+06:00"),
        (1_795_436_001_000_000, "2026-11-23T18:13:21.000000+06:00"),
    ],
)
def test_a_timestamp_is_in_dhaka_time_with_six_digits(micros: int, text: str) -> None:
    assert format_micros(micros) == text


@given(MICROS)
def test_a_timestamp_is_what_datetime_writes_and_reads(micros: int) -> None:
    text = format_micros(micros)

    assert text == datetime_of(micros).astimezone(DHAKA).isoformat(timespec="microseconds")
    assert parse_timestamp(text) == micros


@given(st.integers(0, 2 * 10**15), st.integers(0, 2 * 10**15))
def test_timestamps_sort_as_their_instants(one: int, other: int) -> None:
    assert (format_micros(one) < format_micros(other)) == (one < other)


@given(MICROS, st.integers(-1439, 1439))
def test_an_instant_survives_any_time_zone(micros: int, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))

    assert micros_of(datetime_of(micros).astimezone(zone)) == micros


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        micros_of(datetime(2026, 11, 23))  # noqa: DTZ001 - naive on purpose


@pytest.mark.parametrize("raw", ["", "yesterday", "2026-11-23T18:13:20"])
def test_a_timestamp_without_offset_or_sense_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"naive|Invalid isoformat"):
        parse_timestamp(raw)
