"""How many may come in a second: a storm of reconnects must not starve those who are in. Pure."""

from __future__ import annotations

from typing import Final

from shared.domain.token_bucket import TokenBucket

MOST_WAIT_SECONDS: Final = 30.0
"""The latest appointment; whoever is still too early then gets another."""


class Admission:
    """A bucket of places; whoever finds it empty gets an appointment of their own.

    So those who were refused come back one after the other at the rate that can be borne, however
    many they are, instead of all together again.
    """

    __slots__ = ("_appointed", "_bucket", "_step")

    def __init__(self, *, burst: float, rate: float, now: float) -> None:
        """`burst` may come at once, `rate` per second for long; `now` in monotonic seconds."""
        self._bucket = TokenBucket(burst, rate, now)
        self._step = 1 / rate
        self._appointed = now

    def ask(self, now: float) -> float:
        """0.0: come in. Otherwise the seconds after which to come again."""
        wait = self._bucket.take(now)
        if wait <= 0:
            return 0.0
        self._appointed = max(self._appointed, now) + self._step
        return min(wait + self._appointed - now, MOST_WAIT_SECONDS)
