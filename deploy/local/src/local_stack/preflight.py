"""What is checked before anything starts: each failure is one clear line."""

from __future__ import annotations

import errno
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local_stack.errors import StackError
from local_stack.ports import port_is_free

NEEDED_BYTES = 300 * 1024 * 1024
"""A fresh PostgreSQL takes 40 MB, its write-ahead log may take some more."""
OLDEST_PYTHON = (3, 11)
HIGHEST_PORT = 65_535
SENTINEL_PORT = 26_379


def check_python() -> None:
    """This interpreter is new enough."""
    if sys.version_info < OLDEST_PYTHON:
        raise StackError(
            f"Python {sys.version.split()[0]} is too old, Adda needs 3.11 or newer",
            "install it, then `make run PYTHON=python3.11`",
        )


def check_port(port: int, host: str) -> None:
    """`port` exists and is free."""
    if not 0 < port <= HIGHEST_PORT:
        raise StackError(
            f"there is no port {port}", "choose one from 1 to 65535: `make run PORT=…`"
        )
    try:
        free = port_is_free(port, host)
    except PermissionError:
        raise StackError(
            f"port {port} may only be used by root", "choose one above 1023: `make run PORT=8000`"
        ) from None
    if not free:
        raise StackError(
            f"port {port} is already used by another program",
            f"stop that program, or take another port: `make run PORT={_other(port)}`",
        )


def _other(port: int) -> int:
    candidates = range(port + 1, min(port + 100, HIGHEST_PORT))
    return next((each for each in candidates if port_is_free(each)), 8000)


def check_server(variable: str, url: str | None, default_port: int) -> None:
    """Something accepts connections at `url`, which `variable` gave; None is not ours to check.

    Of several addresses (sentinels, nodes of a cluster) one that answers is enough.
    """
    if url is None:
        return
    try:
        addresses = list(_addresses(url, default_port))
    except ValueError:
        raise StackError(f"{variable} is not an address", "see the README for its form") from None
    failures = [failure for address in addresses if (failure := _failure_at(address))]
    if len(failures) == len(addresses):
        places = ", ".join(f"{host}:{port}" if port else host for host, port in addresses)
        raise StackError(
            f"nothing answers at {places} of {variable} ({failures[0].strerror or failures[0]})",
            f"start that server, or unset {variable} to use the built-in one",
        ) from failures[0]


_Address = tuple[str, int]
"""A TCP port, or with port 0 the path of a Unix socket."""


def _addresses(url: str, default_port: int) -> Iterator[_Address]:
    """All that `url` names; hosts are separated by commas."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        yield unquote(parts.path), 0
        return
    default = SENTINEL_PORT if parts.scheme.endswith("+sentinel") else default_port
    for host in parts.netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{host}")
        yield one.hostname or "localhost", one.port or default


def _failure_at(address: _Address) -> OSError | None:
    path, port = address
    try:
        if port:
            socket.create_connection(address, timeout=5.0).close()
        else:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(5.0)
                connection.connect(path)
    except OSError as exc:
        return exc
    return None


def check_disk(directory: Path, needed: int = NEEDED_BYTES) -> None:
    """There is room for the data in `directory`, which exists."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise disk_full(directory, f"{free // 2**20} MB are free, {needed // 2**20} MB are needed")


def disk_full(where: Path | str, why: str) -> StackError:
    """The error for a full disk, found before or while running."""
    return StackError(f"the disk of {where} is full ({why})", "make room, then start again")


def tells_of_full_disk(lines: Iterable[str]) -> bool:
    """Do the words of a child say that it could not write?"""
    return any("No space left on device" in line for line in lines)


def explain_os_error(exc: OSError) -> StackError:
    """A clear line for what the operating system refused."""
    where = exc.filename or "this folder"
    if exc.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(where, "nothing can be written")
    if exc.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StackError(
            f"{where} may not be written ({exc.strerror})",
            "run as its owner, or remove what another user's run left: `sudo make clean`",
        )
    return StackError(f"the machine refuses: {exc}", "see above, mend it, then start again")
