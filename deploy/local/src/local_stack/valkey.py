"""Valkey (or a Redis) from a binary: a data folder and a server on it.

Also used by the tests:

    server = start_valkey(tmp_folder)
    ... connect to server.url ...
    server.stop()
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from local_stack.child import Child, Command, wait_for
from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.secret_files import remembered_secret
from local_stack.wheels import valkey_server

START_SECONDS = 60.0
DEFAULT_MAXMEMORY = "512mb"


def valkey_url(directory: Path, port: int) -> str:
    """`redis://…` of the server of `directory` when it listens on `port`."""
    return f"redis://:{remembered_secret(directory / 'valkey.password')}@127.0.0.1:{port}/0"


def valkey_command(
    directory: Path,
    port: int,
    *,
    binary: Path | None = None,
    maxmemory: str = DEFAULT_MAXMEMORY,
    appendfsync: str = "everysec",
    more: Sequence[str] = (),
) -> Command:
    """The server on `directory`/valkey, on 127.0.0.1:`port`; `more` are lines of its configuration.

    Nothing is ever evicted (`noeviction`): a full server refuses writes, since what it holds
    includes messages that are in no other place yet.
    """
    data = directory / "valkey"
    password = remembered_secret(directory / "valkey.password")
    config = (*_config(data, port, password, maxmemory, appendfsync), *more)

    def before_start() -> None:
        data.mkdir(parents=True, exist_ok=True)
        write_config(directory / "valkey.conf", config)

    return Command(
        name="valkey",
        argv=(str(binary or valkey_server()), str(directory / "valkey.conf")),
        cwd=directory,
        ready=lambda: answers(port, password),
        stop_seconds=30.0,
        on_screen=False,
        before_start=before_start,
    )


def write_config(path: Path, lines: Sequence[str]) -> None:
    """A configuration for its owner alone: passwords stand there, not in the list of processes."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")


def _config(
    data: Path, port: int, password: str, maxmemory: str, appendfsync: str
) -> tuple[str, ...]:
    return (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data}"',
        "appendonly yes",
        f"appendfsync {appendfsync}",
        'save ""',
        f"maxmemory {maxmemory}",
        "maxmemory-policy noeviction",
        "tcp-keepalive 60",
        "daemonize no",
    )


def answers(port: int, password: str) -> bool:
    """Does it answer a PING? It answers LOADING while it still reads its append-only file."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(1024)):  # noqa: PLR2004
                answer += part
    except OSError:
        return False
    return answer.endswith(b"+PONG\r\n")


class ValkeyServer:
    """A running server."""

    def __init__(self, url: str, port: int, child: Child, data: Path) -> None:
        self.url = url
        self.port = port
        self.child = child
        """For tests that kill or pause it."""
        self._data = data

    def stop(self, *, forget: bool = False) -> None:
        """Stop it; with `forget` also remove the data."""
        self.child.stop()
        if forget:
            shutil.rmtree(self._data, ignore_errors=True)


def start_valkey(
    directory: Path,
    *,
    port: int | None = None,
    binary: Path | None = None,
    maxmemory: str = DEFAULT_MAXMEMORY,
    appendfsync: str = "everysec",
    more: Sequence[str] = (),
) -> ValkeyServer:
    """Start Valkey with its data in `directory` and wait until it serves (about 0.1 s).

    `directory` is made if need be; the same one again finds the same data and password. `port`:
    on 127.0.0.1, a free one unless given. `binary`: another server, such as Debian's redis-server.
    `more`: lines of configuration. Raises StackError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    chosen = port or free_ports(1)[0]
    command = valkey_command(
        directory, chosen, binary=binary, maxmemory=maxmemory, appendfsync=appendfsync, more=more
    )
    child = start_child(command, directory / "valkey.log")
    return ValkeyServer(valkey_url(directory, chosen), chosen, child, directory / "valkey")


def start_child(command: Command, log: Path) -> Child:
    """Start `command` and wait until it serves. Raises StackError."""
    child = Child(command, log)
    if not wait_for(lambda: not child.running or command.ready(), START_SECONDS):
        child.stop()
    if not child.running:
        raise StackError(
            f"{Path(command.argv[0]).name} does not start", "see its lines:", child.last_lines()
        )
    return child
