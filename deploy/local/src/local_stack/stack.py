"""The whole stack: what is started in which order, and how it goes down.

For tests:

    options = StackOptions(directory=reachable_path, port=free_ports(1)[0], durable=False)
    with Stack(options) as stack:
        stack.url, stack.ws_url              # through the gateway
        stack.service_url("ws-1")            # past it
        stack.redis_url, stack.database_url
        stack.kill("ws-1")                   # kill -9; it is restarted after half a second
        stack.hold("postgres"); stack.release("postgres")   # down for as long as you like
        stack.wait_ready("ws-1")
        stack.log("ws-1")
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from local_stack.accounts import forget_home
from local_stack.child import Child, Command, created_at, wait_for
from local_stack.errors import StackError
from local_stack.gateway import gateway_command
from local_stack.output import Console
from local_stack.ports import free_ports
from local_stack.postgres import postgres_command, prepare_postgres
from local_stack.preflight import (
    check_disk,
    check_port,
    check_python,
    check_server,
    explain_os_error,
)
from local_stack.preparation import fingerprint, is_prepared, note_prepared
from local_stack.runfile import (
    ProcessRecord,
    RunLock,
    RunRecord,
    remove_record,
    stop_orphans,
    write_record,
)
from local_stack.services import (
    TEMPLATE,
    Servers,
    StackOptions,
    one_shot,
    ports_of,
    replicas,
    service_commands,
)
from local_stack.supervisor import Cancelled, Supervisor
from local_stack.valkey import valkey_command, valkey_url

SERVERS = ("postgres", "valkey")


def _is(*kinds: str) -> Callable[[str], bool]:
    return lambda name: name.partition("-")[0] in kinds


STOP_ORDER = (
    _is("ws", "api", "migrate", "seed"),  # sockets drain while the gateway still carries them
    _is("gateway"),
    _is("worker"),  # after those who write to it, before those it writes to
    _is("valkey"),
    _is("postgres"),
)


class Stack:
    """Everything of StackOptions, running; a context manager, or `start` and `stop`.

    Methods take a child's name: `postgres`, `valkey`, `api-1`, `ws-1`, `worker-1`, `gateway`, …
    """

    def __init__(self, options: StackOptions, console: Console | None = None) -> None:
        """Nothing is started yet. Without `console` the children's lines go to their logs only."""
        self.options = options
        self._console = console or Console(muted=True)
        self._lock = RunLock(options.directory)
        self._supervisor = Supervisor(self.logs, self._console, self._record)
        self._ports: dict[str, int] = {}
        self._servers = Servers("", "")

    @property
    def logs(self) -> Path:
        """Folder of `<name>.log` of each child."""
        return self.options.directory / "logs"

    @property
    def url(self) -> str:
        """`http://…` of the gateway."""
        return f"http://127.0.0.1:{self.options.port}"

    @property
    def ws_url(self) -> str:
        """`ws://…` of the gateway; add `/ws/chat/{room_id}/`."""
        return f"ws://127.0.0.1:{self.options.port}"

    @property
    def redis_url(self) -> str:
        """`redis://…` of the stack's Valkey, or the one it was given."""
        return self._servers.redis_url

    @property
    def database_url(self) -> str:
        """`postgresql://…` of the stack's PostgreSQL, or the one it was given."""
        return self._servers.database_url

    def service_url(self, name: str) -> str:
        """`http://…` of one replica, past the gateway."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    # ---------------------------------------------------------------------------- start and stop

    def start(self) -> None:
        """Start everything and wait until all of it serves.

        Raises StackError, with everything stopped again, if anything is in the way, and Cancelled
        after `cancel`.
        """
        try:
            self._lock.__enter__()
        except OSError as exc:
            raise explain_os_error(exc) from exc
        try:
            self._start()
        except OSError as exc:
            self.stop()
            raise explain_os_error(exc) from exc
        except BaseException as exc:
            self.stop()
            if isinstance(exc, StackError) and self._supervisor.cancel.is_set():
                raise Cancelled from exc  # Ctrl-C reached a child before us
            raise

    def cancel(self) -> None:
        """Let a `start` that is under way (in another thread, or interrupted) give up."""
        self._supervisor.cancel.set()

    def stop(self) -> None:
        """Stop everything in order; nothing is left running."""
        try:
            self._supervisor.stop_all(STOP_ORDER)
            remove_record(self.options.directory)
        finally:
            self._lock.__exit__(None, None, None)

    def forget(self) -> None:
        """After `stop`: remove what root's runs keep outside of the folder."""
        forget_home(self.options.directory)

    def _start(self) -> None:
        check_python()
        directory = self.options.directory
        for name in stop_orphans(directory):
            self._console.say(f"• stopped {name}, left over from a run that was killed")
        check_port(self.options.port, self.options.host)
        check_disk(directory)
        check_server("ADDA_REDIS_URL", self.options.redis_url, 6379)
        check_server("ADDA_DATABASE_URL", self.options.database_url, 5432)
        names = [*SERVERS, *replicas(self.options)]
        self._ports = dict(zip(names, free_ports(len(names), avoid=self.options.port), strict=True))
        data = self._start_servers()
        mark = fingerprint(self.options.programs)
        prepared = data is not None and is_prepared(data, mark)
        if not prepared:
            self._supervisor.run_once(one_shot(self.options, self._servers, "migrate"))
        commands = self._start_services()
        if not prepared:
            # Beside the services, not before them: both take a second of Python's imports.
            self._supervisor.run_once(one_shot(self.options, self._servers, "seed"))
            if data is not None:
                note_prepared(data, mark)
        self._supervisor.wait_ready([command.name for command in commands])
        self._supervisor.watch()

    def _start_servers(self) -> Path | None:
        """Start what is not given; returns the data folder of our own PostgreSQL."""
        data = None
        options, ports = self.options, self._ports
        started: list[Command] = []
        if options.redis_url is None:
            started.append(valkey_command(options.directory, ports["valkey"]))
            self._supervisor.start(started[-1])
        database_url = options.database_url
        if database_url is None:
            files = prepare_postgres(options.directory, durable=options.durable)
            data, database_url = files.data, files.url(ports["postgres"])
            started.append(postgres_command(files, ports["postgres"], durable=options.durable))
            self._supervisor.start(started[-1])
        redis_url = options.redis_url or valkey_url(options.directory, ports["valkey"])
        self._servers = Servers(redis_url, database_url)
        self._supervisor.wait_ready([command.name for command in started])
        return data

    def _start_services(self) -> list[Command]:
        options, servers = self.options, self._servers
        gateway = gateway_command(
            options.directory,
            TEMPLATE,
            host=options.host,
            port=options.port,
            api_ports=ports_of("api", self._ports),
            ws_ports=ports_of("ws", self._ports),
            page=options.page,
        )
        commands = [*service_commands(options, servers, self._ports), gateway]
        for command in commands:
            self._supervisor.start(command)
        return commands

    # ------------------------------------------------------------------------------ single parts

    def pid(self, name: str) -> int:
        """Process id of `name` now."""
        return self._supervisor.child(name).pid

    def signal(self, name: str, signum: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, to `name`."""
        self._supervisor.child(name).send(signum)

    def kill(self, name: str) -> None:
        """`kill -9`; the supervisor starts it again after half a second."""
        child = self._supervisor.child(name)
        child.send(signal.SIGKILL)
        child.wait(5.0)

    def hold(self, name: str) -> None:
        """Stop `name` cleanly and keep it down."""
        self._supervisor.hold(name)

    def release(self, name: str) -> None:
        """Start `name` after `hold`, at the same address."""
        self._supervisor.release(name)

    def wait_ready(self, name: str, seconds: float = 30.0) -> None:
        """Wait until `name` runs and serves (after `kill` or `release`). Raises StackError."""

        def serves() -> bool:
            child = self._supervisor.child(name)
            return child.running and child.command.ready()

        if not wait_for(serves, seconds):
            raise StackError(f"{name} is not ready after {seconds:g} s", f"see {self.logs}")

    def log(self, name: str) -> str:
        """Everything `name` has said in this folder's runs (up to 10 MB)."""
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _record(self, children: Sequence[Child]) -> None:
        me = os.getpid()
        supervisor = ProcessRecord("supervisor", me, created_at(me) or 0.0)
        records = tuple(
            ProcessRecord(
                child.command.name,
                child.pid,
                child.created,
                int(child.command.stop_signal),
                int(child.command.last_signal),
            )
            for child in children
        )
        url = f"http://localhost:{self.options.port}"
        write_record(self.options.directory, RunRecord(supervisor, url, records))
