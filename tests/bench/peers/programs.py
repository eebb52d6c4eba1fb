"""Starting the program of a peer on its processor, and stopping it whatever happens."""

from __future__ import annotations

import shutil
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.peers.peer import NotHere, Running

from local_stack.child import Command
from local_stack.ports import free_ports
from local_stack.valkey import start_child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.bench.peers.peer import Place

ROOT = Path(__file__).parents[3]
"""Of the checkout."""
HERE = Path(__file__).parent
BACKLOG = 65_535
"""Connections that may wait for being accepted, where that can be said; the kernel has its cap."""
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """A server's command line; it listens on the port it was made with."""

    argv: tuple[str, ...]
    """The program's absolute path and its arguments."""
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""


def free_port() -> int:
    """A TCP port that nobody uses now."""
    return free_ports(1)[0]


def tool(name: str, remedy: str, *, more_folders: tuple[str, ...] = ()) -> str:
    """Where the program `name` is. Raises NotHere with the remedy."""
    found = shutil.which(name)
    for folder in more_folders:
        found = found or shutil.which(name, path=folder)
    if found is None:
        raise NotHere(f"there is no {name}: {remedy}")
    return found


@contextmanager
def running(
    name: str, program: Program, place: Place, ready: Callable[[], bool] | None = None
) -> Iterator[Running]:
    """Runs `program` in the folder and on the core of `place`; its words go into `name`.log there.

    `ready` is asked whether it serves, if that is more than to take connections.

    The limit of open files is the hard one, as local_stack.launch raises it for all its children.
    Raises StackError if the server does not take connections.
    """
    command = Command(
        name=name,
        # Set before the program begins, the affinity holds for all threads that it will have.
        argv=(tool("taskset", "apt-get install util-linux"), "-c", str(place.core), *program.argv),
        cwd=place.directory,
        env=program.env,
        ready=ready or (lambda: takes_connections(program.port)),
        stop_seconds=STOP_SECONDS,
    )
    child = start_child(command, place.directory / f"{name}.log")
    try:
        yield Running(base=f"ws://127.0.0.1:{program.port}", pids=(child.pid,))
    finally:
        child.stop()


def takes_connections(port: int) -> bool:
    """Does something listen there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False
