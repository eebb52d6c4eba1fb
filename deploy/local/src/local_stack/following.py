"""`make logs`: the last lines of every child's log, then each new line as it comes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from time import sleep

from local_stack.errors import StackError
from local_stack.output import Console

SHOWN_LINES = 20
LOOK_SECONDS = 0.3


class _Follower:
    """Reads whole lines of one log, across its rotation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open(encoding="utf-8", errors="replace")
        self._rest = ""

    def new_lines(self) -> list[str]:
        """Whole lines written since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        if not lines and self._rotated():
            self._file.close()
            self._file = self._path.open(encoding="utf-8", errors="replace")
        return lines

    def close(self) -> None:
        """No more lines are wanted."""
        self._file.close()

    def _rotated(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._file.fileno()).st_ino
        except OSError:
            return False


def follow(logs: Path, console: Console) -> int:
    """Show the logs in the folder `logs` until Ctrl-C. Raises StackError if there are none."""
    if not any(logs.glob("*.log")):
        raise StackError("there are no logs yet", "start the stack: `make run`")
    with ExitStack() as stack:
        followers: dict[Path, _Follower] = {}
        try:
            while True:
                for path in sorted(logs.glob("*.log")):
                    shown = None
                    if path not in followers:
                        followers[path] = _Follower(path)
                        stack.callback(followers[path].close)
                        shown = -SHOWN_LINES
                    for line in followers[path].new_lines()[shown:]:
                        console.relay(path.stem, line)
                sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            return 0
