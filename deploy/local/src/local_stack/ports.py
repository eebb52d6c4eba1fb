"""TCP ports: whether one is taken, and free ones for inside."""

from __future__ import annotations

import errno
import random
import socket

INSIDE = range(20_000, 32_000)
"""Below the range the kernel takes ports of outgoing connections from, so that none is lent out
between our look and the server's bind."""

_TRIES = 200


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Could a server bind `port` now? Raises OSError for any other reason than "taken"."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def free_ports(count: int, *, avoid: int = 0) -> list[int]:
    """`count` different ports of INSIDE, none of them `avoid`, that nobody uses now."""
    found: list[int] = []
    for port in random.SystemRandom().sample(INSIDE, _TRIES):
        if len(found) == count:
            break
        if port != avoid and port_is_free(port):
            found.append(port)
    if len(found) < count:
        raise OSError(errno.EADDRNOTAVAIL, "no free TCP ports between 20000 and 32000")
    return found
