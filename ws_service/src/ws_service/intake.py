"""Whether more is read from a client. What is not read waits at the client, by TCP."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final, Protocol

from shared.runtime.clock import chance

MOST_POSTING: Final = 256
"""Messages of one connection without an answer; beyond it nothing more is read."""

MOST_IN_LINE: Final = 64
"""Frames behind a command that waits; beyond it as above."""


class Source(Protocol):
    """Of what is read; see Transport."""

    def stop_reading(self) -> None:
        """Lets the client wait with what it sends."""

    def go_on_reading(self) -> None:
        """Ends `stop_reading`."""


class Intake:
    """Of one connection. For the event loop's thread alone."""

    __slots__ = ("_line", "_posting", "_source", "paused")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._posting = 0
        self.paused = False
        """Is nothing read, since it floods?"""
        self._line: deque[str | None] = deque()

    def posting(self) -> None:
        """A message waits for its answer."""
        self._posting += 1
        if self._posting >= MOST_POSTING:
            self._source.stop_reading()

    def posted(self) -> None:
        """It has one."""
        self._posting -= 1
        self.go_on()

    def line_up(self, text: str | None) -> None:
        """A frame waits behind a command."""
        self._line.append(text)
        if len(self._line) >= MOST_IN_LINE:
            self._source.stop_reading()

    @property
    def has_line(self) -> bool:
        """Does a frame wait there?"""
        return bool(self._line)

    def next_in_line(self) -> str | None:
        """The first frame that waits there."""
        return self._line.popleft()

    def end_line(self) -> None:
        """None waits any more."""
        self._line.clear()
        self.go_on()

    def pause(self, seconds: float) -> None:
        """Reads nothing for so long, up to twice: who is held together does not go on together."""
        if not self.paused:
            self.paused = True
            self._source.stop_reading()
            asyncio.get_running_loop().call_later(seconds * (1 + chance()), self._end_pause)

    def _end_pause(self) -> None:
        self.paused = False
        self.go_on()

    def go_on(self) -> None:
        """Reads on, if nothing is against it."""
        few = self._posting <= MOST_POSTING // 2 and len(self._line) <= MOST_IN_LINE // 2
        if few and not self.paused:
            self._source.go_on_reading()
