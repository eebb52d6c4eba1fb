"""Whose frames are handled when: of who sends few at once, all others by turns.

A thousand who flood shall not hold up one who speaks: where more than `AT_ONCE` frames have come
together, all of them wait, and with them the reading of more, until it is their turn. Those who
were refused for being too fast get a small share of the time, a little at once, so that nobody else
notices it; more would also keep the gateway and Redis busy with them.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.stdlib.get_logger()

AT_ONCE: Final = 2
"""Frames of one connection that came together. People send one, or two if they were typing."""

IN_TURN: Final = 16
"""Frames of one that waits, when it is its turn: their answers go out in one write."""

SECONDS: Final = 0.001
"""For all who flood, at once; then come all others, for"""
REST_SECONDS: Final = 0.01
"""so long."""

IN_LOOP_SECONDS: Final = 0.002
"""In each turn of the event loop, for all who send much and may: bots, above all."""


class Waiting(Protocol):
    """A connection with frames that nobody has looked at."""

    def take_turn(self) -> bool:
        """Handles some; True if there are more that may be handled now."""

    def give_up(self) -> None:
        """Ends: handling it has failed."""


class Turns:
    """For the event loop's thread alone."""

    def __init__(
        self,
        seconds: float = SECONDS,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._seconds = seconds
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._next_at = -math.inf
        self._awaited = False

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, connection: Waiting) -> None:
        """It is this one's turn after those who wait already; must not be called while it waits."""
        self._waiting.append(connection)
        self._await()

    def _await(self) -> None:
        if self._awaited:
            return
        self._awaited = True
        loop, seconds = asyncio.get_running_loop(), self._next_at - self._clock()
        if seconds > 0:
            loop.call_later(seconds, self._give)
        else:
            loop.call_soon(self._give)

    def _give(self) -> None:
        self._awaited = False
        end = self._clock() + self._seconds
        while self._waiting:
            connection = self._waiting.popleft()
            try:
                if connection.take_turn():
                    self._waiting.append(connection)
            except Exception:  # a fault with one must not hold up all the others
                log.exception("turn_failed")
                connection.give_up()
            if self._clock() >= end:
                self._next_at = self._clock() + self._rest_seconds
                break
        if self._waiting:
            self._await()
