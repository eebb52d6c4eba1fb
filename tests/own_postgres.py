"""A PostgreSQL that one test may kill, stop or break; the session's is everybody's."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local_stack.postgres import start_postgres

if TYPE_CHECKING:
    from pathlib import Path


class OwnPostgres:
    """Running from the beginning; keeps its data, its port and so its `url` over a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server = start_postgres(directory, durable=False)
        self.url = self._server.url

    def stop(self) -> None:
        """Ends it cleanly; nothing if it has ended."""
        self._server.stop()

    def kill(self) -> None:
        """Ends all of its processes by SIGKILL, as when the machine's memory has run out."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.stop()

    def start(self) -> None:
        """Starts it again, on the same data."""
        port = urlsplit(self.url).port
        self._server = start_postgres(self._directory, port=port, durable=False)
