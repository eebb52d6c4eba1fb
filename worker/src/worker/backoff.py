"""Waiting between attempts while a part is away: longer each time, never in step with peers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

import structlog

from shared.runtime.lifecycle import wait_for_event

if TYPE_CHECKING:
    import asyncio

log = structlog.stdlib.get_logger()

SHORTEST_SECONDS: Final = 0.1
LONGEST_SECONDS: Final = 1.0
"""A queue grows meanwhile, and one look a second is nothing to a server that comes back."""


class Backoff:
    """Counts failures in a row; the first and the end of a row are logged, not each."""

    def __init__(self, what: str, stop: asyncio.Event, longest: float = LONGEST_SECONDS) -> None:
        self._what = what
        self._stop = stop
        self._longest = longest
        self._failures = 0

    async def wait(self, error: Exception) -> None:
        """Sleeps after a failure; returns at once when the worker stops."""
        if self._failures == 0:
            log.warning("waiting", what=self._what, error=f"{type(error).__name__}: {error}")
        seconds = min(SHORTEST_SECONDS * 2**self._failures, self._longest)
        self._failures = min(self._failures + 1, 16)
        await wait_for_event(self._stop, random.uniform(seconds / 2, seconds))  # noqa: S311 - jitter

    def reset(self) -> None:
        """It works again."""
        if self._failures:
            log.info("works_again", what=self._what)
        self._failures = 0
