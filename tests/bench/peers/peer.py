"""A server to compare with: how it is installed, started, and spoken to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.load.dialects.dialect import Dialect


class NotHere(Exception):
    """The peer cannot run on this machine; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a peer is given for one run."""

    directory: Path
    """Empty, for files of this run."""
    redis_url: str
    """`redis://…` of a server that is used by nobody else and was emptied."""
    database_url: str
    """`postgresql://…` of an empty database."""
    core: int
    """The processor that the server alone may use (`taskset`); what helps it runs elsewhere."""
    helper_core: int
    """For its database and whatever else is not the server."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes connections."""

    base: str
    """`ws://127.0.0.1:port`"""
    pids: tuple[int, ...]
    """Roots of the process trees whose processor time and memory are the server's."""
    helpers: tuple[int, ...] = ()
    """Processes that the server needs besides Redis and PostgreSQL, such as its worker."""
    new_room: Callable[[], str] = lambda: str(uuid4())
    """Makes a room with places for everybody; its id."""


class Peer(Protocol):
    """One row of the comparison."""

    name: str
    """For files and options, such as `socketio-streams`."""
    title: str
    """For the table, with the versions that `prepare` has found, such as `Socket.IO 4.8.4 …`."""
    does: str
    """One sentence on what it does more or less than this project, for the same delivery."""
    dialect: Dialect

    def prepare(self, cache: Path) -> None:
        """Installs what is needed below `cache`, once.

        Raises:
            NotHere: it cannot.
        """

    def run(self, place: Place) -> AbstractContextManager[Running]:
        """Starts the server and waits until it takes connections; stops all of it at the end."""
