"""Time as integer microseconds since the Unix epoch (UTC), and as it is written on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

MICROS_PER_SECOND: Final = 1_000_000

# Asia/Dhaka keeps +06:00 all year since 2010, so no time zone database is needed.
DHAKA: Final = timezone(timedelta(hours=6), "Asia/Dhaka")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


DAY_MICROS: Final = 24 * 3600 * 1_000_000


def day_of(micros: int) -> int:
    """Days since 1970 UTC."""
    return micros // DAY_MICROS


def format_micros(micros: int) -> str:
    """Return the wire form, such as 2026-11-23T18:30:00.000250+06:00: always six digits.

    Raises:
        OverflowError: the year is not within 1..9999.

    """
    second, fraction = divmod(micros, MICROS_PER_SECOND)
    return f"{_second_prefix(second)}.{fraction:06d}+06:00"


def parse_timestamp(raw: str) -> int:
    """Return the microseconds of an ISO 8601 timestamp with an offset.

    Raises:
        ValueError: not ISO 8601, or without an offset.

    """
    return micros_of(datetime.fromisoformat(raw))


def micros_of(moment: datetime) -> int:
    """Return the microseconds of an aware datetime, exactly.

    Raises:
        ValueError: `moment` is naive, so its instant is unknown.

    """
    if moment.utcoffset() is None:
        raise ValueError("a naive datetime names no instant")
    return (moment - _EPOCH) // _MICROSECOND


def datetime_of(micros: int) -> datetime:
    """Return the aware datetime (UTC) of `micros`, exactly.

    Raises:
        OverflowError: the year is not within 1..9999.

    """
    return _EPOCH + timedelta(microseconds=micros)


# Live messages share the current second; a page of history has at most a hundred of its own.
@lru_cache(maxsize=256)
def _second_prefix(second: int) -> str:
    moment = _EPOCH + timedelta(seconds=second)
    return moment.astimezone(DHAKA).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
