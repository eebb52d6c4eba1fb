"""What the kernel alone costs: a program in C that does as little as is possible."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.peers.installing import carry_out, install_once
from tests.bench.peers.programs import HERE, Program, free_port, running, tool
from tests.load.dialects.relay import RelayDialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect

_SOURCES = sorted((HERE / "kernel_limit").glob("*.[ch]"))


class Kernel:
    """The limit, rather than a competitor; see Peer."""

    name = "kernel"
    title = "the kernel's limit: a C program with bare `write()`"
    does = "Nothing but framing a text once and writing it; one server, no Redis."
    dialect: Dialect = RelayDialect()

    def __init__(self) -> None:
        self._program = Path()

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        folder = cache / self.name
        self._program = folder / "kernel_limit"
        compiler = tool("cc", "apt-get install gcc libc6-dev")
        flags = ("-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror")
        code = [str(path) for path in _SOURCES if path.suffix == ".c"]

        def install() -> None:
            carry_out([compiler, *flags, *code, "-o", str(self._program)], folder)

        install_once(folder, _SOURCES, install)

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        port = free_port()
        program = Program((str(self._program), str(port)), port)
        with running(self.name, program, place) as server:
            yield server
