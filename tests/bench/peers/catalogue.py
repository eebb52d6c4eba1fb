"""All servers that we compare with, in the order of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.peers.centrifuge import Centrifuge
from tests.bench.peers.kernel import Kernel
from tests.bench.peers.nchan import Nchan
from tests.bench.peers.node_peers import SOCKETIO_REDIS, SOCKETIO_STREAMS, WS_IOREDIS
from tests.bench.peers.original import Original
from tests.bench.peers.uvicorn_peers import FastapiNaive, PythonSocketio

if TYPE_CHECKING:
    from tests.bench.peers.peer import Peer

PEERS: tuple[Peer, ...] = (
    Original(stores=True),
    Original(stores=False),
    FastapiNaive(),
    PythonSocketio(),
    SOCKETIO_REDIS,
    SOCKETIO_STREAMS,
    WS_IOREDIS,
    Centrifuge(by_redis=True),
    Centrifuge(by_redis=False),
    Nchan(by_redis=True),
    Nchan(by_redis=False),
    Kernel(),
)
