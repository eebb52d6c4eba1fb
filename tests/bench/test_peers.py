"""The servers to compare with carry a message from one client to all of its room."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import websockets
from tests.bench.peers.catalogue import PEERS
from tests.bench.peers.installing import carry_out, install_once, locked_version
from tests.bench.peers.peer import NotHere, Place
from tests.load.dialects.dialect import STAMP, Visit, stamped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers.peer import Peer, Running
    from tests.load.dialects.dialect import Dialect
    from tests.own_valkey import OwnValkey

HERE = Path(__file__).parent / "peers"
CHEAP = ("fastapi-naive", "nchan-redis", "nchan", "kernel")
"""Peers that need no downloads; the others are started by `make bench` alone."""

ROOM, OTHER_ROOM = str(uuid.uuid4()), str(uuid.uuid4())
PATIENCE = 10.0
QUIET = 0.3
"""Seconds without a frame after which none is on its way."""


class Client:
    """Somebody in a room, by the dialect of a server."""

    def __init__(self, dialect: Dialect, visit: Visit, socket: websockets.ClientConnection) -> None:
        self._dialect, self._visit, self._socket = dialect, visit, socket

    @classmethod
    async def come(cls, dialect: Dialect, visit: Visit) -> Client:
        offered = [websockets.Subprotocol(each) for each in dialect.subprotocols]
        socket = await websockets.connect(dialect.url(visit), subprotocols=offered or None)
        client = cls(dialect, visit, socket)
        for greeting in dialect.greetings(visit):
            await socket.send(greeting, text=True)
        async with asyncio.timeout(PATIENCE):
            while not dialect.is_welcome(await socket.recv(decode=False)):
                pass
        return client

    async def say(self, text: str) -> None:
        await self._socket.send(self._dialect.say(self._visit, text, 0), text=True)

    async def deliveries(self) -> list[bytes]:
        """What has been said in its room, once nothing more arrives."""
        heard: list[bytes] = []
        try:
            while True:
                wait = QUIET if heard else 10 * QUIET
                heard.append(await asyncio.wait_for(self._socket.recv(decode=False), wait))
        except TimeoutError:
            await self._socket.close()
            return [payload for payload in heard if STAMP in payload]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peers")


@pytest.fixture(params=[peer for peer in PEERS if peer.name in CHEAP], ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest, cache: Path) -> Peer:
    found: Peer = request.param
    try:
        found.prepare(cache)
    except NotHere as exc:
        pytest.skip(str(exc))
    return found


@pytest.fixture
def server(peer: Peer, own_valkey: OwnValkey, reachable_path: Path) -> Iterator[Running]:
    core = max(os.sched_getaffinity(0))
    place = Place(reachable_path, own_valkey.url, "", core, helper_core=core)
    with peer.run(place) as running:
        yield running


async def test_all_in_a_room_hear_once_what_one_of_them_says(peer: Peer, server: Running) -> None:
    speaker = await Client.come(peer.dialect, Visit(server.base, ROOM, "speaker"))
    listener = await Client.come(peer.dialect, Visit(server.base, ROOM, "listener"))
    stranger = await Client.come(peer.dialect, Visit(server.base, OTHER_ROOM, "stranger"))

    text = stamped(time.monotonic_ns(), 64)
    await speaker.say(text)

    heard, told = await listener.deliveries(), await speaker.deliveries()
    assert len(heard) == len(told) == 1
    assert text.encode() in heard[0]
    assert await stranger.deliveries() == []


def test_the_catalogue_knows_the_cheap_ones_and_no_name_twice() -> None:
    names = [peer.name for peer in PEERS]
    assert len(set(names)) == len(names)
    assert set(CHEAP) < set(names)


def test_what_is_installed_is_not_installed_again_until_its_recipe_changes(tmp_path: Path) -> None:
    recipe, folder, times = tmp_path / "recipe", tmp_path / "folder", list[int]()
    for text in ("one", "one", "two"):
        recipe.write_text(text, encoding="ascii")
        install_once(folder, [recipe], lambda: times.append(1))
    assert len(times) == 2


def test_a_broken_installation_is_begun_anew(tmp_path: Path) -> None:
    recipe, folder = tmp_path / "recipe", tmp_path / "folder"
    recipe.write_text("one", encoding="ascii")

    def fail() -> None:
        (folder / "half").touch()
        carry_out(["sh", "-c", "echo no network; exit 3"], folder)

    with pytest.raises(NotHere, match="failed with 3:\nno network"):
        install_once(folder, [recipe], fail)
    install_once(folder, [recipe], lambda: None)
    assert not (folder / "half").exists()


@pytest.mark.parametrize(
    "lock", sorted(HERE.glob("*/requirements.txt")), ids=lambda p: p.parent.name
)
def test_locks_of_python_pin_hashes_and_name_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text
    assert locked_version(lock, "redis")


def test_the_lock_of_node_names_no_registry() -> None:
    lock = (HERE / "node_servers" / "package-lock.json").read_text(encoding="utf-8")
    assert "integrity" in lock
    assert "resolved" not in lock
