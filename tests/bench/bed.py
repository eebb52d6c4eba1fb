"""Servers and processes of a measurement: started on a core of their own, their time counted."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@contextmanager
def starting_on(cores: Collection[int]) -> Iterator[None]:
    """What is started within runs on `cores` alone, with all of its threads and children."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores) & own or own)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def processor_seconds(pid: int) -> float:
    """User and system time of a process, of its children, and of those that have ended."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # counted with its parent from now on
        total += times.user + times.system
        if process is root:
            total += times.children_user + times.children_system
    return total


def busy_seconds() -> float:
    """What all processes of the machine have used since it started."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq
