"""Centrifuge, the Go library that Centrifugo is a server around."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.peers.installing import carry_out, install_once
from tests.bench.peers.programs import HERE, Program, free_port, running, tool
from tests.load.dialects.centrifuge import CentrifugeDialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect

_SERVER = HERE / "centrifuge_server"
_SOURCES = tuple(_SERVER / name for name in ("go.mod", "go.sum", "main.go"))


class Centrifuge:
    """See Peer; with `by_redis`, history and recovery as well."""

    dialect: Dialect = CentrifugeDialect()

    def __init__(self, *, by_redis: bool) -> None:
        self.name = "centrifuge-redis" if by_redis else "centrifuge"
        self.title = "Centrifuge" + (", Redis" if by_redis else ", memory only")
        self.does = (
            "Acks, order, history and recovery in Redis; several messages may share a frame."
            if by_redis
            else "Acks, on this one server; keeps nothing; several messages may share a frame."
        )
        self._by_redis = by_redis
        self._program = Path()

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        folder = cache / "centrifuge"
        self._program = folder / "centrifuge_server"
        go = tool("go", "install Go 1.26 or newer", more_folders=("/usr/local/go/bin",))
        modules = {"GOPATH": str(cache / "go"), "GOFLAGS": "-modcacherw -buildvcs=false"}

        def install() -> None:
            carry_out([go, "build", "-o", str(self._program), "."], _SERVER, modules)

        install_once(folder, _SOURCES, install)
        text = (_SERVER / "go.mod").read_text(encoding="utf-8")
        found = re.search(r"/centrifuge v(\S+)", text)
        version = found[1] if found else ""
        memory = ", Redis, history" if self._by_redis else ", memory only"
        self.title = f"Centrifuge {version} (library of Centrifugo){memory}"

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        port = free_port()
        arguments = (place.redis_url,) if self._by_redis else ()
        # It may use one processor, so more threads than that would only get in each other's way.
        program = Program((str(self._program), str(port), *arguments), port, {"GOMAXPROCS": "1"})
        with running(self.name, program, place) as server:
            yield server
