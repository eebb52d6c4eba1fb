"""A question that many have at the same time, and that is asked once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Answer = TypeVar("Answer")

log = structlog.stdlib.get_logger()


class SingleFlight(Generic[Answer]):
    """For the event loop's thread alone."""

    def __init__(self, what: str, ask: Callable[[], Coroutine[None, None, Answer]]) -> None:
        self._what = what
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None
        self._asked_at = float("-inf")

    @property
    def age(self) -> float:
        """Seconds since it was asked; infinite if it never was."""
        return asyncio.get_running_loop().time() - self._asked_at

    @property
    def under_way(self) -> bool:
        """Is it being asked just now?"""
        return self._asking is not None

    async def answer(self) -> Answer:
        """The answer of the question under way, or of a new one; raises what it raises.

        Raises:
            ConnectionAbortedError: it was given up, since all ends.
        """
        # Many may wait for one answer; none of them may end it for the others.
        asking = self._start()
        await asyncio.wait([asking])
        if asking.cancelled():  # and who waits was not
            raise ConnectionAbortedError(f"given up: {self._what}")
        return asking.result()

    def refresh(self, after_seconds: float) -> None:
        """Asks in the background, unless that was done within `after_seconds`. Never waits."""
        if self.age >= after_seconds:
            self._start()

    async def aclose(self) -> None:
        """Gives up the question under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _start(self) -> asyncio.Task[Answer]:
        if self._asking is None:
            loop = asyncio.get_running_loop()
            self._asked_at = loop.time()
            self._asking = loop.create_task(self._ask(), name=self._what)
            self._asking.add_done_callback(self._done)
        return self._asking

    def _done(self, task: asyncio.Task[Answer]) -> None:
        self._asking = None
        # Told to those who wait; it may be that nobody does.
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("question_failed", what=self._what, error=repr(error))
