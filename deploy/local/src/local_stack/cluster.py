"""A cluster of Valkey servers on this machine.

For tests that move slots and lose nodes:

    cluster = start_cluster(reachable_path)
    ... connect to cluster.url ...
    cluster.move_slot(slot, 2)
    cluster.kill(0); cluster.start(0)
    cluster.stop()
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import redis
from redis.exceptions import RedisError

from local_stack.child import wait_for
from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.secret_files import remembered_secret
from local_stack.valkey import ValkeyServer, start_valkey

SLOTS = 16384
NODE_TIMEOUT_MS = 2000
"""How long a node may be silent before the others call it dead."""

FORM_SECONDS = 60.0
MIGRATE_MS = 5000
KEYS_AT_ONCE = 10


class ValkeyCluster:
    """A running cluster; node numbers are those of the start, primaries first."""

    def __init__(self, directory: Path, binary: Path | None, nodes: int) -> None:
        """Starts `nodes` servers that do not know each other yet."""
        self.password = remembered_secret(directory / "valkey.password")
        self._directory, self._binary = directory, binary
        ports = free_ports(2 * nodes)
        self.ports, self._bus_ports = ports[:nodes], ports[nodes:]
        self._servers: list[ValkeyServer] = []
        self._clients = [
            redis.Redis(port=port, password=self.password, decode_responses=True)
            for port in self.ports
        ]
        for number in range(nodes):
            self._servers.append(self._start(number))

    @property
    def url(self) -> str:
        """`redis+cluster://…` with all nodes."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"redis+cluster://:{self.password}@{hosts}"

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the nodes, in order of their numbers."""
        return tuple(server.child.pid for server in self._servers)

    def node_url(self, number: int) -> str:
        """`redis://…` of one node."""
        return f"redis://:{self.password}@127.0.0.1:{self.ports[number]}/0"

    def call(self, number: int, *words: str | int) -> Any:
        """Sends one command to one node. Raises what redis-py raises."""
        client: Any = self._clients[number]
        return client.execute_command(*words)

    def identity(self, number: int) -> str:
        """The node's name in the cluster."""
        return str(self.call(number, "CLUSTER", "MYID"))

    def owner_of(self, slot: int) -> int:
        """Number of the node that serves `slot`, as the first one that answers says."""
        for number in range(len(self.ports)):
            try:
                ranges = self.call(number, "CLUSTER", "SLOTS")
            except RedisError:
                continue
            for first, last, primary, *_ in ranges:
                if first <= slot <= last:
                    return self.ports.index(primary[1])
        raise StackError(f"nobody serves slot {slot}", "see the nodes' logs")

    # ------------------------------------------------------------------------------ single nodes

    def send(self, number: int, signum: signal.Signals) -> None:
        """Send a signal, such as SIGSTOP, to one node."""
        self._servers[number].child.send(signum)

    def kill(self, number: int) -> None:
        """`kill -9`; it stays down until `start`."""
        self.send(number, signal.SIGKILL)
        self._servers[number].child.wait(5.0)
        self._servers[number].stop()

    def start(self, number: int) -> None:
        """Start a killed node again, on its data and at its address; see also `wait_well`."""
        self._servers[number] = self._start(number)

    def wait_well(self) -> None:
        """Wait until all nodes live and serve: one that comes back waits for about 2 s."""
        self._wait(self._all_well, "the cluster does not get well")

    def stop(self) -> None:
        """Stop everything."""
        for client in self._clients:
            client.close()
        for server in self._servers:
            server.child.send(signal.SIGCONT)
            server.child.ask_to_stop()
        for server in self._servers:
            server.stop()

    # ------------------------------------------------------------------------------ moving slots

    def move_slot(self, slot: int, to: int) -> None:
        """Move a slot to another node key by key, as every version can; others see it half-way."""
        self.begin_move(slot, to)
        while self.move_keys(slot, to, KEYS_AT_ONCE):
            pass
        self.finish_move(slot, to)

    def begin_move(self, slot: int, to: int) -> None:
        """Open a slot: keys may go from its owner to `to`."""
        owner = self.owner_of(slot)
        self.call(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.identity(owner))
        self.call(owner, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.identity(to))

    def move_keys(self, slot: int, to: int, most: int, *, but: Sequence[str] = ()) -> int:
        """Carry some keys of an open slot over, none of `but`; returns how many."""
        owner = self.owner_of(slot)
        listed = self.call(owner, "CLUSTER", "GETKEYSINSLOT", slot, most + len(but))
        keys = [key for key in listed if key not in but][:most]
        if keys:
            place = ("127.0.0.1", self.ports[to], "", 0, MIGRATE_MS)
            self.call(owner, "MIGRATE", *place, "AUTH", self.password, "KEYS", *keys)
        return len(keys)

    def finish_move(self, slot: int, to: int) -> None:
        """Close an open slot: it is `to`'s from now on."""
        owner, identity = self.owner_of(slot), self.identity(to)
        # The new owner first: nobody is ever sent to a node that does not know.
        for number in (to, owner):
            self.call(number, "CLUSTER", "SETSLOT", slot, "NODE", identity)
        self._wait(lambda: self._agree_on(slot, to), "the nodes do not agree on a moved slot")

    def move_slot_at_once(self, slot: int, to: int) -> None:
        """Move a slot as Valkey 9 can: nobody sees it half-way."""
        owner = self.owner_of(slot)
        where = ("SLOTSRANGE", slot, slot, "NODE", self.identity(to))
        self.call(owner, "CLUSTER", "MIGRATESLOTS", *where)
        self._wait(lambda: self._agree_on(slot, to), "the slot did not move")

    # ------------------------------------------------------------------------------ from nothing

    def form(self, primaries: int) -> None:
        """Make one cluster of the nodes: slots to the primaries, evenly; replicas in turn."""
        shares = [SLOTS * number // primaries for number in range(primaries + 1)]
        for number, port in enumerate(self.ports):
            self.call(number, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < primaries:
                share = (shares[number], shares[number + 1] - 1)
                self.call(number, "CLUSTER", "ADDSLOTSRANGE", *share)
            if number:
                self.call(0, "CLUSTER", "MEET", "127.0.0.1", port, self._bus_ports[number])
        self._wait(self._all_know_all, "the nodes do not find each other")
        for number in range(primaries, len(self.ports)):
            primary = self.identity(number % primaries)
            self.call(number, "CLUSTER", "REPLICATE", primary)
        self.wait_well()

    def _all_know_all(self) -> bool:
        """By their names: while two nodes shake hands, each has another name for the other."""
        names = [self.identity(number) for number in self._all]
        return all(
            name in str(self.call(number, "CLUSTER", "NODES"))
            for number in self._all
            for name in names
        )

    def _all_well(self) -> bool:
        try:
            return all(self._is_well(number) for number in self._all)
        except RedisError:
            return False

    def _is_well(self, number: int) -> bool:
        state = self._facts(number)["cluster_state"]
        link = self._clients[number].info("replication").get("master_link_status", "up")
        # Another may still count as dead here, though it is back.
        doubted = any("fail" in flags for flags in self._flags_seen_by(number))
        return (state, link, doubted) == ("ok", "up", False)

    def _flags_seen_by(self, number: int) -> list[str]:
        told = self.call(number, "CLUSTER", "NODES")
        if isinstance(told, dict):
            return [str(node["flags"]) for node in told.values()]
        return [line.split()[2] for line in str(told).splitlines()]

    @property
    def _all(self) -> range:
        return range(len(self.ports))

    def _facts(self, number: int) -> dict[str, str]:
        told = self.call(number, "CLUSTER", "INFO")
        return told if isinstance(told, dict) else dict(line.split(":") for line in told.split())

    def _agree_on(self, slot: int, owner: int) -> bool:
        return all(self._owner_seen_by(number, slot) == owner for number in self._all)

    def _owner_seen_by(self, number: int, slot: int) -> int:
        for first, last, primary, *_ in self.call(number, "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return self.ports.index(primary[1])
        return -1

    def _wait(self, condition: Callable[[], bool], otherwise: str) -> None:
        if not wait_for(condition, FORM_SECONDS):
            raise StackError(otherwise, f"see the logs in {self._directory}")

    def _start(self, number: int) -> ValkeyServer:
        directory = self._directory / f"node-{number}"
        directory.mkdir(exist_ok=True)
        secret = directory / "valkey.password"
        if not secret.exists():
            secret.hardlink_to(self._directory / "valkey.password")
        more = (
            "cluster-enabled yes",
            f"cluster-port {self._bus_ports[number]}",
            f"cluster-node-timeout {NODE_TIMEOUT_MS}",
            "cluster-require-full-coverage no",
            "cluster-allow-replica-migration no",
            f"masterauth {self.password}",
        )
        return start_valkey(directory, port=self.ports[number], binary=self._binary, more=more)


def start_cluster(
    directory: Path, *, primaries: int = 3, replicas: int = 0, binary: Path | None = None
) -> ValkeyCluster:
    """Start a cluster with its data in `directory` and wait until it serves (about 2 s).

    `replicas` of each primary. `binary`: another server, such as Debian's redis-server. Raises
    StackError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    cluster = ValkeyCluster(directory, binary, primaries * (1 + replicas))
    try:
        cluster.form(primaries)
    except BaseException:
        cluster.stop()
        raise
    return cluster
