"""`python -m gateway.ask_health`: does nginx of this container answer? For its health.

Exit code 0 if `/healthz` answers 200, else 1. An image then needs no other program to ask.
"""

from __future__ import annotations

import os
import socket
import sys

SECONDS = 8.0
_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def answers(port: int, seconds: float = SECONDS) -> bool:
    """Does 127.0.0.1:`port` answer with 200?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.sendall(_REQUEST)
            return connection.makefile("rb").readline().split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def main() -> int:
    """Returns the exit code."""
    port = os.environ.get("GATEWAY_LISTEN", "8000").rpartition(":")[2]
    return 0 if answers(int(port)) else 1


if __name__ == "__main__":
    sys.exit(main())
