"""PostgreSQL from the wheel: a data folder and a server on it.

Also used by the tests:

    server = start_postgres(tmp_folder, durable=False)
    ... connect to server.url ...
    server.stop()
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from local_stack.accounts import (
    Account,
    forget_home,
    home_for,
    reachable_tree,
    unprivileged_account,
)
from local_stack.child import Child, Command, end_group, wait_for
from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.preflight import disk_full, tells_of_full_disk
from local_stack.secret_files import remembered_secret
from local_stack.wheels import POSTGRES_PROGRAMS, postgres_tree, postgres_version

USER = "adda"
DATABASE = "postgres"
START_SECONDS = 60.0

_FAST_BUT_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_PORT_LINE = 3
_STATUS_LINE = 7
"""Lines of postmaster.pid (counted from 0): the port, and whether it is `ready`."""


@dataclass(frozen=True, slots=True)
class PostgresFiles:
    """Where one PostgreSQL keeps its things, and who it runs as."""

    data: Path
    binaries: Path
    account: Account | None
    password: str

    def url(self, port: int) -> str:
        """`postgresql://…` of the server when it listens on `port`."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{port}/{DATABASE}"


def prepare_postgres(directory: Path, *, durable: bool = True) -> PostgresFiles:
    """Make (once) and find the data folder of `directory`; takes 0.4 s the first time.

    Raises StackError if the data is of another PostgreSQL or belongs to somebody else.
    """
    account = unprivileged_account()
    home = home_for(account, directory)
    programs = reachable_tree(account, postgres_tree(), home) / POSTGRES_PROGRAMS
    password = remembered_secret(directory / "postgres.password")
    files = PostgresFiles(home / "postgres", programs, account, password)
    if not files.data.exists():
        _init(files, home, durable=durable)
    _check_data(files)
    return files


def _init(files: PostgresFiles, home: Path, *, durable: bool) -> None:
    # Under another name first: a run killed in the middle must not leave half a data folder.
    unfinished = home / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    password_file = home / "postgres.new.password"
    password_file.touch(0o600)
    password_file.write_text(files.password)
    if files.account is not None:
        files.account.take(unfinished)
        files.account.take(password_file)
    try:
        _run_initdb(files, unfinished, password_file, durable=durable)
    finally:
        password_file.unlink()
    unfinished.rename(files.data)


def _run_initdb(files: PostgresFiles, data: Path, password: Path, *, durable: bool) -> None:
    argv = [
        str(files.binaries / "initdb"),
        f"--pgdata={data}",
        f"--username={USER}",
        "--auth=scram-sha-256",
        f"--pwfile={password}",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(
        argv,
        cwd=data,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=files.account.uid if files.account else None,
        group=files.account.gid if files.account else None,
        extra_groups=[] if files.account else None,
    )
    if done.returncode != 0:
        lines = tuple(done.stdout.splitlines()[-12:])
        if tells_of_full_disk(lines):
            raise disk_full(data, "PostgreSQL cannot make its data folder")
        raise StackError("PostgreSQL cannot make its data folder", "see its words:", lines)


def _check_data(files: PostgresFiles) -> None:
    owner = files.data.stat().st_uid
    expected = files.account.uid if files.account else psutil.Process().uids().effective
    if owner != expected:
        raise StackError(
            f"{files.data} belongs to user {owner}, so PostgreSQL cannot use it as user {expected}",
            "run as the user of the first run, or remove the data: `sudo make clean`",
        )
    made_by = (files.data / "PG_VERSION").read_text().strip()
    if made_by != postgres_version().split(".")[0]:
        raise StackError(
            f"{files.data} was made by PostgreSQL {made_by}, this is {postgres_version()}",
            "dump it with the old version, then `make clean` and restore; or just `make clean`",
        )


def postgres_command(files: PostgresFiles, port: int, *, durable: bool = True) -> Command:
    """The server on `files`, on 127.0.0.1:`port`."""
    options = [
        "listen_addresses=127.0.0.1",
        f"port={port}",
        "unix_socket_directories=",
        "max_connections=200",
        "log_line_prefix=%m [%p] ",
        *(() if durable else _FAST_BUT_FORGETFUL),
    ]
    flags = [part for option in options for part in ("-c", option)]
    return Command(
        name="postgres",
        argv=(str(files.binaries / "postgres"), "-D", str(files.data), *flags),
        cwd=files.data,
        ready=lambda: _says_ready(files.data),
        account=files.account,
        stop_signal=signal.SIGINT,  # "fast shutdown": does not wait for clients
        stop_seconds=30.0,
        last_signal=signal.SIGQUIT,
        on_screen=False,
        before_start=lambda: clear_stale_pid(files.data),
    )


def _says_ready(data: Path) -> bool:
    return _ready_port(data) is not None


def _ready_port(data: Path) -> int | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return None
    if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
        return int(lines[_PORT_LINE])
    return None


def running_postgres_url(directory: Path) -> str | None:
    """`postgresql://…` of the server that somebody started on `directory`; None if none runs."""
    data = home_for(unprivileged_account(), directory) / "postgres"
    port = _ready_port(data)
    return None if port is None else prepare_postgres(directory).url(port)


def clear_stale_pid(data: Path) -> None:
    """Remove the postmaster.pid of a server that is no more; stop one that still is.

    PostgreSQL itself refuses to start when another process of its user got the old number.
    """
    path = data / "postmaster.pid"
    try:
        pid = int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        path.unlink(missing_ok=True)
        return
    if _is_server_of(pid, data):
        end_group(pid, signal.SIGINT, signal.SIGQUIT)
    path.unlink(missing_ok=True)


def _is_server_of(pid: int, data: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False


class PostgresServer:
    """A running server; `url` is of its superuser, who may create databases."""

    def __init__(self, directory: Path, files: PostgresFiles, port: int, child: Child) -> None:
        self.url = files.url(port)
        self._directory = directory
        self._child = child

    @property
    def pid(self) -> int:
        """Process id of the postmaster, also that of its process group."""
        return self._child.pid

    def stop(self, *, forget: bool = False) -> None:
        """Stop it; with `forget` also remove the data (the folder itself is the caller's)."""
        self._child.stop()
        if forget:
            shutil.rmtree(self._directory / "postgres", ignore_errors=True)
            forget_home(self._directory)


def start_postgres(
    directory: Path, *, port: int | None = None, durable: bool = True
) -> PostgresServer:
    """Start PostgreSQL with its data in `directory` and wait until it serves (about 0.6 s).

    `directory` is made if need be; the same one again finds the same data and password. `port`:
    on 127.0.0.1, a free one unless given. `durable=False` is for tests: much faster, loses data
    when the machine (not the server) crashes. Works as root, too. Raises StackError.
    """
    files = prepare_postgres(directory, durable=durable)
    chosen = port or free_ports(1)[0]
    child = Child(postgres_command(files, chosen, durable=durable), directory / "postgres.log")
    if not wait_for(lambda: not child.running or child.command.ready(), START_SECONDS):
        child.stop()
    if not child.running:
        raise StackError("PostgreSQL does not start", "see its last lines:", child.last_lines())
    return PostgresServer(directory, files, chosen, child)
