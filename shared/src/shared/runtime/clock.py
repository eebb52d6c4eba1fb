"""Time and chance as parameters, so that tests may hold them still."""

from __future__ import annotations

import random
import secrets
import time
from typing import Final, Protocol
from uuid import UUID

from shared.domain.ids import uuid7, uuid7_text


class Clock(Protocol):
    """Where time comes from."""

    def micros(self) -> int:
        """Wall clock, µs since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds from some start; never runs backwards."""


class SystemClock:
    """The machine's clocks."""

    def micros(self) -> int:
        """Wall clock, µs since 1970 UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds from some start; never runs backwards."""
        return time.monotonic()


def chance() -> float:
    """A number in [0, 1) for spreading things in time; not for secrets."""
    return random.random()  # noqa: S311 - whoever guesses it gains nothing


_NAMES: Final = random.Random(secrets.randbits(256))  # noqa: S311 - see IdMaker.new
"""Tells things apart, at a tenth of the price of asking the system each time."""


class IdMaker:
    """Makes new ids from a clock and randomness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def new(self) -> UUID:
        """A UUIDv7 of now. Unique, but no secret: whoever knows many might guess the next."""
        return uuid7(self._clock.micros() // 1000, _NAMES.getrandbits(74))

    def new_text(self) -> str:
        """As `new`, written out."""
        return uuid7_text(self._clock.micros() // 1000, _NAMES.getrandbits(74))

    @staticmethod
    def session_id() -> str:
        """A capability of 192 random bits."""
        return secrets.token_urlsafe(24)

    @staticmethod
    def epoch() -> str:
        """Name of a room's new epoch; no secret either."""
        return f"{_NAMES.getrandbits(64):016x}"
