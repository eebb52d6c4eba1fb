"""What is written once all that one turn of the event loop has brought was heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.stdlib.get_logger()


class TickEnd:
    """Rooms first: who has an answer waiting gets it and the room's frames in one write."""

    def __init__(self) -> None:
        self._rooms: list[Callable[[], None]] = []
        self._answers: list[Callable[[], None]] = []
        self._awaited = False

    def write_room(self, flush: Callable[[], None]) -> None:
        """Calls `flush` at the end of this tick."""
        self._await()
        self._rooms.append(flush)

    def write_answers(self, flush: Callable[[], None]) -> None:
        """Calls `flush` behind those of all rooms."""
        self._await()
        self._answers.append(flush)

    def _await(self) -> None:
        if not self._awaited:
            self._awaited = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._awaited = False
        flushes, self._rooms, self._answers = self._rooms + self._answers, [], []
        for flush in flushes:
            try:
                flush()
            except Exception:  # the others have frames, too
                log.exception("flush_failed")
