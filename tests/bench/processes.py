"""What the processes of a server use: processor time and memory, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable


def tree(pids: Iterable[int]) -> list[psutil.Process]:
    """The processes and all their descendants that live."""
    found: dict[int, psutil.Process] = {}
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                found[process.pid] = process
    return list(found.values())


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far; ticks of 10 ms."""
    total = 0.0
    for process in tree(pids):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def resident_bytes(pids: Iterable[int]) -> int:
    """Resident memory, shared pages counted once for each process."""
    total = 0
    for process in tree(pids):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def pin(pids: Iterable[int], core: int) -> None:
    """Lets every thread of these trees run on one processor alone."""
    for process in tree(pids):
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), {core})
