"""Whether to try a part that did not answer of late. Told the time and handed its chance.

Closed, it lets all calls through; after so many failures in a row, and soon after another, it
opens. Open, it lets nobody through but one call after each pause, which tries for all. An answer to
anybody closes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When to open, and how long to wait between trials."""

    failures: int = 3
    """In a row; an answer to anybody ends the row."""
    window_seconds: float = 10.0
    """Failures further apart than this are not one outage."""
    shortest_seconds: float = 0.5
    """The first pause. Each is twice the last, and the real one is random: half of it to all of it,
    so that replicas do not try in step."""
    longest_seconds: float = 8.0


class CircuitBreaker:
    """Knows only what it is told; `now` is in seconds of a clock that never runs backwards."""

    __slots__ = ("_chance", "_failed_at", "_limits", "_pause", "_ticket", "_try_at", "_trying")

    def __init__(self, limits: BreakerLimits, chance: Callable[[], float]) -> None:
        """Starts closed. `chance` gives numbers in [0, 1)."""
        self._limits = limits
        self._chance = chance
        self._failed_at: deque[float] = deque(maxlen=limits.failures)
        self._pause = limits.shortest_seconds
        self._try_at: float | None = None
        self._trying = False
        self._ticket = 0

    @property
    def closed(self) -> bool:
        """Does it let everybody through?"""
        return self._try_at is None

    def admit(self, now: float) -> int | None:
        """A ticket to hand back with the outcome; None when the call must not be made.

        Who holds a ticket reports one of `succeeded`, `failed`, `abandoned`.
        """
        if self._try_at is not None:
            if self._trying or now < self._try_at:
                return None
            self._trying = True
            self._ticket += 1
        return self._ticket

    def holds(self, ticket: int) -> bool:
        """Is a call with `ticket`, not made yet, still to be made?"""
        return ticket == self._ticket

    def succeeded(self) -> bool:
        """Somebody was answered; True if that closes the breaker."""
        was_open = self._try_at is not None
        self._failed_at.clear()
        self._try_at, self._trying = None, False
        self._pause = self._limits.shortest_seconds
        return was_open

    def failed(self, ticket: int, now: float) -> bool:
        """A call got no answer; True if that opens the breaker, or leaves it open after a trial."""
        if ticket != self._ticket:
            return False  # made before the breaker opened: nothing new
        if not self._trying:
            self._failed_at.append(now)
            first = self._failed_at[0]
            row = len(self._failed_at) == self._limits.failures
            if not row or now - first > self._limits.window_seconds:
                return False
        self._try_at = now + self._pause * (1 + self._chance()) / 2
        self._pause = min(self._pause * 2, self._limits.longest_seconds)
        self._trying = False
        self._ticket += 1
        return True

    def abandoned(self, ticket: int) -> None:
        """A call ended before anything was known; if it was the trial, the next one may try."""
        if ticket == self._ticket:
            self._trying = False
