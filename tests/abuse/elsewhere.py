"""Processes that stand for other machines: attackers get what is left, people are never waited for.

In reality neither takes a processor from the servers, nor do servers take one from who measures.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import uvloop

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Awaitable,
        Callable,
        Iterable,
        Iterator,
        Sequence,
    )
    from multiprocessing.connection import Connection

    Obey = Callable[[str], Awaitable[Any]]
    Order = Callable[[str], Awaitable[Any]]

Rank = Literal["first", "last"]
LAST_ORDER: Final = "leave"
"""After which a process ends."""
_FIRST_PRIORITY: Final = 1
BEHIND: Final = 5
"""So far before that other work, and behind the others, stand servers that no message passes."""
_PATIENCE: Final = 40
_DISTANCE: Final = 15
"""In steps of nice, between servers and attackers: of a busy processor these get a thirtieth."""


def favour(pids: Iterable[int], *, by: int = _DISTANCE) -> None:
    """Puts servers before the other work of this machine, where the system lets us.

    Linux weighs sessions against each other, and niceness within each: see `sched(7)`, autogroup.
    """
    for pid in pids:
        _weigh(pid, -by)


def take_rank(rank: Rank) -> None:
    """`first`: before everybody, where the system lets us; `last`: far behind the servers."""
    with suppress(OSError):
        os.setsid()
        if rank == "first":
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_FIRST_PRIORITY))
        elif not _stand_aside(os.getpid()) and os.geteuid() != 0:  # then nobody could be favoured
            _weigh(os.getpid(), _DISTANCE)


@contextmanager
def aside(pids: Sequence[int]) -> Iterator[None]:
    """Meanwhile these run only where nobody else wants to, where the system lets us."""
    placed = [pid for pid in pids if _stand_aside(pid)]
    try:
        yield
    finally:
        for pid in placed:
            _clear_away(pid)


def _groups(pid: int) -> list[Path]:
    """Where a control group may be made for that process alone: in version 1 and version 2."""
    name = f"adda-elsewhere-{pid}"
    return [Path("/sys/fs/cgroup/cpu") / name, Path("/sys/fs/cgroup") / name]


def _stand_aside(pid: int) -> bool:
    """From now on it runs only where nobody else wants to, and stops at once for who does.

    False where the system does not let us; see `cpu.idle` in the kernel's cgroup-v2.rst.
    """
    for group in _groups(pid):
        try:
            group.mkdir()
            (group / "cpu.idle").write_text("1")
            (group / "cgroup.procs").write_text(str(pid))
        except OSError:
            _clear_away(pid)
        else:
            return True
    return False


def _clear_away(pid: int) -> None:
    for group in filter(Path.exists, _groups(pid)):
        for _ in range(_PATIENCE):  # who has just ended is in there for a moment still
            with suppress(OSError):
                for each in (group / "cgroup.procs").read_text().split():
                    (group.parent / "cgroup.procs").write_text(each)
                group.rmdir()
                break
            time.sleep(0.05)


def _weigh(pid: int, nice: int) -> None:
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))


@asynccontextmanager
async def elsewhere(rank: Rank, make: Callable[..., Obey], *args: object) -> AsyncIterator[Order]:
    """A process that obeys `make(*args)`, and hands back what each order has brought.

    `leave` is its last order.
    """
    context = multiprocessing.get_context("spawn")
    pipe, other_end = context.Pipe()
    process = context.Process(target=_serve, args=(other_end, rank, make, args), daemon=True)
    process.start()
    other_end.close()
    loop = asyncio.get_running_loop()

    async def order(name: str) -> Any:
        pipe.send(name)
        return await loop.run_in_executor(None, pipe.recv)

    try:
        yield order
    finally:
        pipe.close()
        process.terminate()
        await loop.run_in_executor(None, process.join)
        _clear_away(process.pid or 0)


def _serve(
    pipe: Connection, rank: Rank, make: Callable[..., Obey], args: tuple[object, ...]
) -> None:
    take_rank(rank)
    uvloop.run(_obey(pipe, make(*args)))


async def _obey(pipe: Connection, obey: Obey) -> None:
    loop = asyncio.get_running_loop()
    name = ""
    while name != LAST_ORDER:
        name = await loop.run_in_executor(None, pipe.recv)
        pipe.send(await obey(name))
