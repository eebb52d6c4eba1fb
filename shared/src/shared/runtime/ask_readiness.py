"""`python -m shared.runtime.ask_readiness`: is the service of this container ready? For its health.

Exit code 0 if `/readyz` of ADDA_PORT on this machine answers 200, else 1. An image then needs no
other program to ask, and no shell. Imports next to nothing, since it runs every few seconds.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Final

SECONDS: Final = 8.0
_REQUEST: Final = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def is_ready(port: int, seconds: float = SECONDS) -> bool:
    """Does 127.0.0.1:`port` say that it can work now?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
            connection.sendall(_REQUEST)
            return connection.makefile("rb").readline().split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def main() -> int:
    """Returns the exit code."""
    return 0 if is_ready(int(os.environ.get("ADDA_PORT", "0"))) else 1


if __name__ == "__main__":
    sys.exit(main())
