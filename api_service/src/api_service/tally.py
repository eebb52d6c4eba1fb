"""What this process has answered, in plain numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import HTTP_SECONDS

if TYPE_CHECKING:
    from shared.protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Tally:
    """For the event loop's thread alone."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By the template of the path, method and status."""
    seconds: dict[str, Histogram] = field(default_factory=dict)
    """By the template of the path."""
    refusals: Counter[ErrorCode] = field(default_factory=Counter)
    """Errors that were told."""

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request came to its end."""
        self.requests[route, method, str(status)] += 1
        times = self.seconds.get(route)
        if times is None:
            times = self.seconds[route] = Histogram(HTTP_SECONDS.buckets)
        times.observe(seconds)
