"""How long to wait before the next attempt. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class FullJitter:
    """Waits between 0 and a bound that doubles with each attempt.

    Those who were cut off together come back spread over the whole time ("full jitter", M. Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    base: float = 0.5
    """Bound of the first wait, seconds."""
    cap: float = 20.0
    """Bound of any wait, seconds."""
    draw: Callable[[float, float], float] = random.uniform

    def seconds(self, attempt: int, at_least: float = 0.0) -> float:
        """Seconds before attempt number `attempt`, counted from 0.

        `at_least` is what the server asked for (`retry_after`): the wait comes on top of it.
        """
        bound = min(self.cap, self.base * 2.0 ** min(attempt, MOST_DOUBLINGS))
        return at_least + self.draw(0.0, bound)
