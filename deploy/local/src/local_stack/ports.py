"""TCP ports: whether one is taken, and free ones for inside."""

from __future__ import annotations

import errno
import os
import random
import socket

INSIDE = range(20_000, 32_000)
"""Below the range the kernel takes ports of outgoing connections from, so that none is lent out
between our look and the server's bind."""

VARIABLE = "ADDA_INSIDE_PORTS"
"""A part of INSIDE, as `20000-25999`, for whoever shares a machine: another that looks for ports at
the same moment could find the same one."""

_TRIES = 200

_lent: set[int] = set()
"""What this process was told before: perhaps nobody has bound it yet."""


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
    """`count` different ports for inside, none of them `avoid`, that nobody uses now.

    Raises:
        OSError: there are not so many.
        ValueError: VARIABLE is set and is no range.
    """
    found: list[int] = []
    ports = _ours()
    for port in (*_some(set(ports) - _lent), *_some(_lent.intersection(ports))):
        if len(found) == count:
            break
        if port != avoid and port_is_free(port):
            found.append(port)
    if len(found) < count:
        raise OSError(errno.EADDRNOTAVAIL, f"no free TCP ports from {ports[0]} to {ports[-1]}")
    _lent.update(found)
    return found


def _some(ports: set[int]) -> list[int]:
    return random.SystemRandom().sample(sorted(ports), min(_TRIES, len(ports)))


def _ours() -> range:
    given = os.environ.get(VARIABLE)
    if given is None:
        return INSIDE
    first, _, last = given.partition("-")
    ports = range(int(first), int(last) + 1)
    if not ports:
        raise ValueError(f"{VARIABLE} is {given!r}: the last port is less than the first")
    return ports
