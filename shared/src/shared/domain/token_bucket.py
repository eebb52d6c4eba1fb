"""A token bucket that is told the time."""

from __future__ import annotations

from typing import Final

# After sleeping what take() returned, float rounding may leave a hair too little; the debt is
# kept (tokens go below zero), so nothing is given away.
_TOLERANCE_SECONDS: Final = 1e-6


class TokenBucket:
    """Allows bursts of `capacity`, and `refill_per_second` in the long run.

    `now` is in seconds of any clock; steps back count as no time passed. Starts full.
    """

    __slots__ = ("_at", "_capacity", "_refill", "_tokens")

    def __init__(self, capacity: float, refill_per_second: float, now: float) -> None:
        """Start full at `now`.

        Raises:
            ValueError: the capacity or the refill is not positive.

        """
        if capacity <= 0 or refill_per_second <= 0:
            raise ValueError("capacity and refill_per_second must be positive")
        self._capacity = capacity
        self._refill = refill_per_second
        self._tokens = capacity
        self._at = now

    def take(self, now: float, cost: float = 1.0) -> float:
        """Take `cost` tokens; return 0.0 if allowed, else the seconds until it would be.

        A refused call takes nothing.

        Raises:
            ValueError: `cost` is negative or above the capacity, so it could never be allowed.

        """
        if not 0 <= cost <= self._capacity:
            raise ValueError("cost must be within 0..capacity")
        if now > self._at:
            self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._refill)
            self._at = now
        wait = (cost - self._tokens) / self._refill
        if wait > _TOLERANCE_SECONDS:
            return wait
        self._tokens -= cost
        return 0.0

    def give_back(self, cost: float = 1.0) -> None:
        """Undoes a `take` after which nothing was done."""
        self._tokens = min(self._capacity, self._tokens + cost)
