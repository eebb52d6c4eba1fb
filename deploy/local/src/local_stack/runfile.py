"""One run per folder: its lock, and the record of its processes that outlives a kill -9.

`.adda/lock` is held (flock) as long as the supervisor lives, however it ends. `.adda/run.json` says
who it is and which children it started; a number counts only together with its start time, since
the machine gives numbers away again.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from local_stack.child import created_at, end_group, group_lives
from local_stack.errors import StackError

_CLOCK_TOLERANCE = 1.0
"""Seconds; some systems tell start times coarsely."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One process as it was started."""

    name: str
    pid: int
    created: float
    stop_signal: int = int(signal.SIGTERM)
    last_signal: int = int(signal.SIGKILL)

    def lives(self) -> bool:
        """Is that very process still there?"""
        created = created_at(self.pid)
        return created is not None and abs(created - self.created) < _CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `.adda/run.json` says."""

    supervisor: ProcessRecord
    url: str
    children: tuple[ProcessRecord, ...]


class RunLock:
    """Held by the one supervisor of a folder: `with RunLock(folder): …`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = -1

    def __enter__(self) -> Self:
        """Take the lock. Raises StackError if another run of this folder lives."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise _already_running(self._directory) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Let go of the lock. The file stays: removing it would let two runs lock two files."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _already_running(directory: Path) -> StackError:
    record = read_record(directory)
    where = f" at {record.url} (pid {record.supervisor.pid})" if record else ""
    return StackError(
        f"the stack of this folder already runs{where}",
        "use it, or stop it with `make stop`",
    )


def write_record(directory: Path, record: RunRecord) -> None:
    """Replace the record in one step."""
    path = directory / "run.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(asdict(record), indent=1))
    unfinished.replace(path)


def read_record(directory: Path) -> RunRecord | None:
    """The record, or None if there is none (or a disk error spoilt it)."""
    try:
        raw = json.loads((directory / "run.json").read_text())
        return RunRecord(
            supervisor=ProcessRecord(**raw["supervisor"]),
            url=raw["url"],
            children=tuple(ProcessRecord(**child) for child in raw["children"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remove_record(directory: Path) -> None:
    """After a clean stop nothing is left to remember."""
    (directory / "run.json").unlink(missing_ok=True)


def stop_orphans(directory: Path) -> list[str]:
    """Stop what a killed supervisor left running; returns the names. Call it under the lock."""
    record = read_record(directory)
    stopped: list[str] = []
    for child in reversed(record.children) if record else ():
        if child.lives() or _orphaned_group(child):
            end_group(
                child.pid, signal.Signals(child.stop_signal), signal.Signals(child.last_signal)
            )
            stopped.append(child.name)
    remove_record(directory)
    return stopped


def _orphaned_group(child: ProcessRecord) -> bool:
    # The leader is gone but members live: while they do, nobody else can get its number.
    return created_at(child.pid) is None and group_lives(child.pid)
