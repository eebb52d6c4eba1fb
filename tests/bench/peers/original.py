"""The stack that the project was first designed for: Django, Channels and daphne."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.peers.installing import carry_out, locked_version, python_environment
from tests.bench.peers.programs import BACKLOG, HERE, ROOT, Program, free_port, running
from tests.load.dialects.adda import OriginalDialect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect

_PACKAGE = "tests.bench.peers.original_server"
_LOCK = HERE / "original_server" / "requirements.txt"


class Original:
    """See Peer; with `stores`, each message is in PostgreSQL before it is told to the room."""

    dialect: Dialect = OriginalDialect()

    def __init__(self, *, stores: bool) -> None:
        self.name = "original" if stores else "original-unstored"
        self.does = (
            "Stores each message by itself, then tells the room; no acks, order or recovery."
            if stores
            else "Tells the room and keeps nothing; no acks, order or recovery."
        )
        self.title = "Django Channels + daphne"
        self._stores = stores
        self._python = ""

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        self._python = python_environment(cache / "original", _LOCK)
        packages = ("Django", "Channels", "daphne", "channels-redis")
        found = [f"{each} {locked_version(_LOCK, each.lower())}" for each in packages]
        self.title = " + ".join(found) + (", PostgreSQL" if self._stores else "")

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        env = {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": f"{_PACKAGE}.settings",
            "PEER_REDIS_URL": place.redis_url,
        }
        if self._stores:
            env["PEER_DATABASE_URL"] = place.database_url
            migrate = (self._python, "-m", "django", "migrate", "--run-syncdb", "--verbosity=0")
            carry_out(migrate, place.directory, env)
        port = free_port()
        listen = f"tcp:port={port}:interface=127.0.0.1:backlog={BACKLOG}"
        # Verbosity 0: no access log.
        daphne = (
            "daphne",
            "--endpoint",
            listen,
            "--verbosity",
            "0",
            f"{_PACKAGE}.asgi:application",
        )
        with running(self.name, Program((self._python, "-m", *daphne), port, env), place) as server:
            yield server
