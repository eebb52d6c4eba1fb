"""A server that one test may kill, pause or fill; the session's is everybody's."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from local_stack.valkey import DEFAULT_MAXMEMORY, start_valkey

if TYPE_CHECKING:
    from pathlib import Path


class OwnValkey:
    """Running from the beginning; keeps its data, its port and so its `url` over a restart."""

    def __init__(
        self, directory: Path, binary: Path | None, maxmemory: str = DEFAULT_MAXMEMORY
    ) -> None:
        self._directory, self._binary, self._maxmemory = directory, binary, maxmemory
        self._server = start_valkey(directory, binary=binary, maxmemory=maxmemory)
        self.url = self._server.url

    def stop(self) -> None:
        """Ends it as SIGTERM does, with its data written; nothing if it has ended."""
        self.go_on()
        self._server.stop()

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        self._server.child.send(signal.SIGKILL)
        self._server.stop()

    def start(self) -> None:
        """Starts it again, on the same data."""
        self._server = start_valkey(
            self._directory,
            port=self._server.port,
            binary=self._binary,
            maxmemory=self._maxmemory,
        )

    def pause(self) -> None:
        """Connections live, and nobody answers on them."""
        self._server.child.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """The end of a pause."""
        self._server.child.send(signal.SIGCONT)
