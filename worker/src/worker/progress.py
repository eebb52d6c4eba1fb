"""What this worker has managed to do: its readiness is made of it, and its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.runtime.health import Readiness
from worker.tally import Tally

if TYPE_CHECKING:
    from shared.runtime.clock import Clock

READY_SECONDS: Final = 10.0
"""A part that did not answer for so long is missing."""

CHECK_SECONDS: Final = 3.0
"""A worker asks so often whether a part is there that it has no other question to."""


class Progress:
    """Times (monotonic seconds) of the last round trips that worked, and counts."""

    def __init__(self, clock: Clock) -> None:
        self.tally = Tally()
        """Since its start."""
        self._clock = clock
        self._redis: float | None = None
        self._postgres: float | None = None

    def redis_answered(self) -> None:
        """A round trip to Redis worked just now."""
        self._redis = self._clock.monotonic()

    def postgres_answered(self) -> None:
        """A round trip to PostgreSQL worked just now."""
        self._postgres = self._clock.monotonic()

    @property
    def redis_is_due(self) -> bool:
        """Whether it is time to ask Redis for a sign of life."""
        return self._age(self._redis) >= CHECK_SECONDS

    @property
    def postgres_is_due(self) -> bool:
        """Whether it is time to ask PostgreSQL for a sign of life."""
        return self._age(self._postgres) >= CHECK_SECONDS

    async def readiness(self) -> Readiness:
        """Ready while both parts answered within the last ten seconds."""
        parts = {"redis": self._redis, "postgres": self._postgres}
        return Readiness(
            tuple(name for name, last in parts.items() if self._age(last) > READY_SECONDS)
        )

    def _age(self, last: float | None) -> float:
        return float("inf") if last is None else self._clock.monotonic() - last
