"""What the children say: each line to the screen with a coloured name before it, and to a file."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, TextIO

ROTATE_AT = 10 * 1024 * 1024
"""A log file is put aside (one older one is kept) when it reaches this many bytes."""
LONGEST_LINE = 64 * 1024
REMEMBERED_LINES = 40

_COLOURS = (36, 33, 35, 32, 34, 96, 93, 95, 92, 94)


class Console:
    """The screen, shared by all children's reader threads; goes silent if it disappears."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        colour: bool | None = None,
        muted: bool = False,
    ) -> None:
        self._stream = stream if stream is not None else sys.stdout
        if colour is None:
            colour = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._colour = colour
        self._muted = muted
        self._lock = threading.Lock()
        self._names: dict[str, int] = {}

    def say(self, text: str) -> None:
        """A line (or lines) of the supervisor's own."""
        self._write(text)

    def relay(self, name: str, line: str) -> None:
        """A line of the child `name`."""
        with self._lock:
            colour = self._names.setdefault(name, _COLOURS[len(self._names) % len(_COLOURS)])
        label = f"{name:<10}|"
        self._write(f"\x1b[{colour}m{label}\x1b[0m {line}" if self._colour else f"{label} {line}")

    def _write(self, text: str) -> None:
        with self._lock:
            if self._muted:
                return
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                # The terminal is gone. The stack's duty is to its children, not to the screen.
                self._muted = True


class LogFile:
    """One child's log: appended to, rotated by size; a full disk loses lines, not the child."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.last_lines: deque[str] = deque(maxlen=REMEMBERED_LINES)
        self.failure: OSError | None = None
        self._file = path.open("ab", buffering=0)
        self._size = self._file.tell()

    def write(self, line: bytes) -> None:
        """Append one line without its line end."""
        self.last_lines.append(line.decode("utf-8", "replace"))
        try:
            if self._size > ROTATE_AT:
                self._rotate()
            self._size += self._file.write(line + b"\n")
        except OSError as exc:
            self.failure = exc

    def close(self) -> None:
        """No more lines will come."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab", buffering=0)
        self._size = 0


def relay_output(name: str, source: IO[bytes], log: LogFile, console: Console | None) -> None:
    """Read `source` to its end, into `log` and (if given) onto the screen."""
    with source:
        while line := source.readline(LONGEST_LINE):
            text = line.rstrip(b"\r\n")
            log.write(text)
            if console is not None:
                console.relay(name, text.decode("utf-8", "replace"))
    log.close()
