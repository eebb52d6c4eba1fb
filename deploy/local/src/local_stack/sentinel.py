"""A master with replicas and sentinels on this machine.

For tests of failing over:

    group = start_sentinel(reachable_path)
    ... connect to group.url ...
    group.fail_over()             # as planned
    group.detach_master()         # the old one lives on, and believes it is master still
    group.stop()
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import RedisError

from local_stack.child import Child, Command, wait_for
from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.secret_files import remembered_secret
from local_stack.valkey import ValkeyServer, answers, start_child, start_valkey, write_config
from local_stack.wheels import valkey_server

SERVICE = "mymaster"
DOWN_AFTER_MS = 1000
"""How long a server may be silent before a sentinel calls it dead."""

FAILOVER_MS = 5000
AGREE_SECONDS = 60.0
ANSWER_SECONDS = 5.0


class SentinelGroup:
    """Running servers and sentinels; server numbers are those of the start, the master first."""

    def __init__(
        self,
        directory: Path,
        binary: Path | None,
        replicas: int,
        sentinels: int,
        more: Sequence[str] = (),
    ) -> None:
        """Starts all of them; `wait_well` says when they know each other."""
        self.password = remembered_secret(directory / "valkey.password")
        self._directory, self._binary, self._more = directory, binary, more
        ports = free_ports(1 + replicas + sentinels)
        self.ports, self.sentinel_ports = ports[: 1 + replicas], ports[1 + replicas :]
        self._servers: list[ValkeyServer] = []
        self._sentinels: list[Child] = []
        for number in range(len(self.ports)):
            self._servers.append(self._start_server(number))
        for number in range(sentinels):
            self._sentinels.append(self._start_sentinel(number))

    @property
    def url(self) -> str:
        """`redis+sentinel://…` with all sentinels."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinel_ports)
        return (
            f"redis+sentinel://:{self.password}@{hosts}/{SERVICE}"
            f"?db=0&sentinel_password={self.password}"
        )

    def node_url(self, number: int) -> str:
        """`redis://…` of one server."""
        return f"redis://:{self.password}@127.0.0.1:{self.ports[number]}/0"

    def call(self, number: int, *words: str | int) -> Any:
        """Sends one command to one server. Raises what redis-py raises."""
        return self._call(self.ports[number], *words)

    @property
    def master(self) -> int:
        """Number of the server that most sentinels call master."""
        seen = [self._master_seen_by(port) for port in self.sentinel_ports]
        return max(set(seen), key=seen.count)

    def wait_well(self) -> None:
        """Wait until all sentinels agree, and all other servers follow the master."""
        self._wait(self._is_well, "the sentinels do not agree")

    # ------------------------------------------------------------------------------ failing over

    def fail_over(self) -> None:
        """Let another server become master, as an operator would; returns when all follow it."""
        old = self.master
        # Refused while the sentinels still speak of the last time.
        self._wait(self._accepts_failover, "no sentinel begins to fail over")
        self._wait(lambda: self._agree_on_other_than(old), "the sentinels do not fail over")
        self.wait_well()

    def detach_master(self) -> int:
        """Let the master be replaced without knowing it; returns its number.

        It was silent for the sentinels and answers again when this returns: for some seconds more,
        until they turn it into a replica, it takes writes that nobody keeps.
        """
        old = self.master
        self.send(old, signal.SIGSTOP)
        self._wait(lambda: self._agree_on_other_than(old), "the sentinels do not fail over")
        self.send(old, signal.SIGCONT)
        return old

    def send(self, number: int, signum: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, to one server."""
        self._servers[number].child.send(signum)

    def pause_master(self) -> int:
        """The master goes silent; returns its number, for `resume`."""
        master = self.master
        self.send(master, signal.SIGSTOP)
        return master

    def resume(self, number: int) -> None:
        """The end of a pause."""
        self.send(number, signal.SIGCONT)

    def kill(self, number: int) -> None:
        """`kill -9`; it stays down until `start`."""
        self.send(number, signal.SIGKILL)
        self._servers[number].child.wait(5.0)
        self._servers[number].stop()

    def start(self, number: int) -> None:
        """Start a killed server again, on its data; the sentinels make a replica of it."""
        self._servers[number] = self._start_server(number)

    def stop_sentinels(self) -> None:
        """Stop those who watch; the master lives."""
        for sentinel in self._sentinels:
            sentinel.stop()

    def stop(self) -> None:
        """Stop everything."""
        self.stop_sentinels()
        for server in self._servers:
            server.child.send(signal.SIGCONT)
            server.child.ask_to_stop()
        for server in self._servers:
            server.stop()

    # --------------------------------------------------------------------------------- internals

    def _call(self, port: int, *words: str | int) -> Any:
        with redis.Redis(
            port=port, password=self.password, decode_responses=True, socket_timeout=ANSWER_SECONDS
        ) as client:
            return client.execute_command(*words)

    def _master_seen_by(self, sentinel: int) -> int:
        told = self._call(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return self.ports.index(int(told[1]))

    def _agree_on_other_than(self, old: int) -> bool:
        seen = {self._master_seen_by(port) for port in self.sentinel_ports}
        return len(seen) == 1 and old not in seen

    def _accepts_failover(self) -> bool:
        self._call(self.sentinel_ports[0], "SENTINEL", "FAILOVER", SERVICE)
        return True

    def _is_well(self) -> bool:
        masters = {self._master_seen_by(port) for port in self.sentinel_ports}
        if len(masters) != 1 or not all(self._knows_all(port) for port in self.sentinel_ports):
            return False
        (master,) = masters
        others = [number for number in range(len(self.ports)) if number != master]
        return all(self._follows(number, master) for number in others)

    def _follows(self, number: int, master: int) -> bool:
        """By its own word: a master calls a replica online that still loads what it was sent."""
        told = self.call(number, "ROLE")
        return bool(told[0] == "slave" and told[2:4] == [self.ports[master], "connected"])

    def _knows_all(self, sentinel: int) -> bool:
        told = self._call(sentinel, "SENTINEL", "MASTERS")
        (state,) = told.values() if isinstance(told, dict) else told
        pairs = state if isinstance(state, dict) else zip(state[::2], state[1::2], strict=True)
        facts = dict(pairs)
        return (
            int(facts["num-slaves"]) == len(self.ports) - 1
            and int(facts["num-other-sentinels"]) == len(self.sentinel_ports) - 1
        )

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        def holds() -> bool:
            try:
                return condition()
            except RedisError:  # whoever is asked may be busy with the change itself
                return False

        if not wait_for(holds, AGREE_SECONDS):
            raise StackError(otherwise, f"see the logs in {self._directory}")

    def _start_server(self, number: int) -> ValkeyServer:
        directory = self._directory / f"server-{number}"
        directory.mkdir(exist_ok=True)
        secret = directory / "valkey.password"
        if not secret.exists():
            secret.hardlink_to(self._directory / "valkey.password")
        more = [f"masterauth {self.password}", "repl-diskless-sync-delay 0", *self._more]
        if number:
            more.append(f"replicaof 127.0.0.1 {self.ports[0]}")
        return start_valkey(directory, port=self.ports[number], binary=self._binary, more=more)

    def _start_sentinel(self, number: int) -> Child:
        directory = self._directory / f"sentinel-{number}"
        directory.mkdir(exist_ok=True)
        port, password = self.sentinel_ports[number], self.password
        config = directory / "sentinel.conf"
        quorum = len(self.sentinel_ports) // 2 + 1
        lines = (
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            f"sentinel sentinel-pass {password}",
            f'dir "{directory}"',
            f"sentinel monitor {SERVICE} 127.0.0.1 {self.ports[0]} {quorum}",
            f"sentinel auth-pass {SERVICE} {password}",
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {SERVICE} {FAILOVER_MS}",
        )
        command = Command(
            name=f"sentinel-{number}",
            argv=(str(self._binary or valkey_server()), str(config), "--sentinel"),
            cwd=directory,
            ready=lambda: answers(port, password),
            on_screen=False,
            before_start=lambda: write_config(config, lines),
        )
        return start_child(command, directory / "sentinel.log")


def start_sentinel(
    directory: Path,
    *,
    replicas: int = 2,
    sentinels: int = 3,
    binary: Path | None = None,
    more: Sequence[str] = (),
) -> SentinelGroup:
    """Start a master, its replicas and sentinels with their data in `directory` (about 3 s).

    `binary`: another server, such as Debian's redis-server. `more`: lines of the servers'
    configuration. Raises StackError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    group = SentinelGroup(directory, binary, replicas, sentinels, more)
    try:
        group.wait_well()
    except BaseException:
        group.stop()
        raise
    return group
