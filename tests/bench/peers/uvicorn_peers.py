"""Peers in Python that uvicorn serves."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.bench.peers.installing import locked_version, python_environment
from tests.bench.peers.programs import BACKLOG, HERE, Program, free_port, running
from tests.load.dialects.adda import OriginalDialect
from tests.load.dialects.socketio import SocketioDialect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect


class FastapiNaive:
    """FastAPI as in tutorials; see Peer."""

    name = "fastapi-naive"
    title = "FastAPI on uvicorn, `await send_text` per socket"
    does = "Passes messages between replicas by Redis Pub/Sub; no acks, order, history or recovery."
    dialect: Dialect = OriginalDialect()

    def prepare(self, cache: Path) -> None:
        """See Peer: this environment has all of it."""
        found = f"FastAPI {version('fastapi')} on uvicorn {version('uvicorn')}"
        self.title = f"{found}, `await send_text` per socket, Redis Pub/Sub"

    def run(self, place: Place) -> AbstractContextManager[Running]:
        """See Peer."""
        return _uvicorn(self.name, sys.executable, "fastapi_server", place)


class PythonSocketio:
    """See Peer."""

    name = "python-socketio"
    title = "python-socketio on uvicorn"
    does = "Acks, and passes messages between replicas by Redis Pub/Sub; no order or recovery."
    dialect: Dialect = SocketioDialect()

    def __init__(self) -> None:
        self._python = ""

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        lock = HERE / "python_socketio_server" / "requirements.txt"
        self._python = python_environment(cache / self.name, lock)
        server = f"python-socketio {locked_version(lock, 'python-socketio')}"
        self.title = f"{server} on uvicorn {locked_version(lock, 'uvicorn')}, Redis manager"

    def run(self, place: Place) -> AbstractContextManager[Running]:
        """See Peer."""
        return _uvicorn(self.name, self._python, "python_socketio_server", place)


@contextmanager
def _uvicorn(name: str, python: str, folder: str, place: Place) -> Iterator[Running]:
    port = free_port()
    uvicorn = (python, "-m", "uvicorn", "--app-dir", str(HERE / folder), "server:app")
    options = ("--port", str(port), "--backlog", str(BACKLOG), "--loop", "uvloop")
    quiet = ("--no-access-log", "--log-level", "warning")
    env = {"PEER_REDIS_URL": place.redis_url}
    with running(name, Program((*uvicorn, *options, *quiet), port, env), place) as server:
        yield server
