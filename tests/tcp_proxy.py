"""A bad network between a client and a server: silent, slow, cut, refused; switched while it runs.

    async with TcpProxy("127.0.0.1", port) as proxy:
        ... connect to proxy.port ...
        proxy.mode = Mode.HOLD

`matching` confines what is done to links on whose first bytes it says yes: those of a pub/sub
client, say, by the name that it gave with CLIENT SETNAME. Set it and `directions` before `mode`.
`proxy_in_thread` is for callers without an event loop.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

FIRST_BYTES: Final = 16 * 1024
CHUNK: Final = 64 * 1024
MOST_IN_FLIGHT: Final = 1024
"""Chunks under way in one direction; more wait in the sender's socket."""


class Mode(Enum):
    """What becomes of bytes and newcomers."""

    PASS = "pass"
    HOLD = "hold"
    """Half-open: links live and newcomers are let in, but no byte arrives. What was held arrives
    when the mode changes, as what TCP sends again does, if nobody has closed the link by then."""
    REFUSE = "refuse"
    """Nobody listens for newcomers; links live."""


class Direction(Enum):
    """Which way bytes go."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"


BOTH: Final = frozenset(Direction)


@dataclass(eq=False, slots=True)
class Link:
    """One client's connection and its counterpart at the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    first: bytearray = field(default_factory=bytearray)
    """What the client sent, up to 16 KiB."""
    forgotten: bool = False
    """No byte arrives any more, whatever the mode: as when a firewall has lost the link."""

    def cut(self) -> None:
        """Resets both ends, as a host that has crashed and come back does."""
        for writer in (self.client, self.server):
            plug = writer.get_extra_info("socket")
            with suppress(OSError):  # it may be closed already
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


def anything(_first: bytes) -> bool:
    """Matches every link."""
    return True


def sends(*words: bytes) -> Callable[[bytes], bool]:
    """Matches links whose client has sent one of `words` among its first bytes."""
    return lambda first: any(word in first for word in words)


class TcpProxy:
    """Listens on a free port of 127.0.0.1; attributes may be set from any thread."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._mode = Mode.PASS
        self._loop: asyncio.AbstractEventLoop
        self._door: socket.socket | None = None
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: set[Link] = set()
        self.port = 0
        self.delay_seconds = 0.0
        """Each byte arrives so much later; only links that match, only in `directions`."""
        self.directions = BOTH
        self.matching: Callable[[bytes], bool] = anything
        self.accepted = 0
        """Links in all."""

    @property
    def mode(self) -> Mode:
        """What happens now."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self._loop.call_soon_threadsafe(self._switch)

    def cut(self, matching: Callable[[bytes], bool] = anything) -> None:
        """Resets the present links that match; newcomers are let in."""
        self._loop.call_soon_threadsafe(self._cut, matching)

    def forget(self, matching: Callable[[bytes], bool] = anything) -> None:
        """From now on the present links that match are silent for ever; newcomers are not."""
        self._loop.call_soon_threadsafe(self._forget, matching)

    def _forget(self, matching: Callable[[bytes], bool]) -> None:
        for link in self._links:
            link.forgotten |= matching(bytes(link.first))

    def _cut(self, matching: Callable[[bytes], bool]) -> None:
        for link in [link for link in self._links if matching(bytes(link.first))]:
            link.cut()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._open_door()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close_door()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _switch(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self._mode is Mode.REFUSE:
            self._close_door()
        elif self._door is None:
            self._open_door()

    # ------------------------------------------------------------------ newcomers

    def _open_door(self) -> None:
        self._door = socket.socket()
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.setblocking(False)
        self._door.bind(("127.0.0.1", self.port))
        self._door.listen(1024)
        self.port = self._door.getsockname()[1]
        self._loop.add_reader(self._door, self._accept, self._door)

    def _close_door(self) -> None:
        if self._door is not None:
            self._loop.remove_reader(self._door)
            self._door.close()
            self._door = None

    def _accept(self, door: socket.socket) -> None:
        try:
            plug, _ = door.accept()
        except BlockingIOError:
            return
        self.accepted += 1
        task = self._loop.create_task(self._serve(plug))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: plug.close())  # it may end before it begins

    async def _serve(self, plug: socket.socket) -> None:
        from_client, client = await asyncio.open_connection(sock=plug)
        try:
            from_server, server = await asyncio.open_connection(*self._target)
            link = Link(client, server)
            self._links.add(link)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(from_client, server, link, Direction.TO_SERVER))
                    group.create_task(self._pump(from_server, client, link, Direction.TO_CLIENT))
            finally:
                self._links.discard(link)
                server.transport.abort()
        except OSError:
            return  # nobody is at home: the client sees its link end
        finally:
            client.transport.abort()

    # ------------------------------------------------------------------ bytes

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        link: Link,
        direction: Direction,
    ) -> None:
        """Carries bytes one way until the end, which is carried too."""
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_IN_FLIGHT)

        async def collect() -> None:
            chunk = b"?"
            while chunk:
                try:
                    chunk = await reader.read(CHUNK)
                except OSError:
                    chunk = b""
                if direction is Direction.TO_SERVER and len(link.first) < FIRST_BYTES:
                    link.first += chunk
                await under_way.put((self._loop.time(), chunk))

        collecting = self._loop.create_task(collect())
        try:
            while True:
                came, chunk = await under_way.get()
                await self._travel(link, direction, came)
                if not chunk:
                    writer.write_eof()
                    return
                writer.write(chunk)
                await writer.drain()
        except OSError:
            link.cut()
        finally:
            collecting.cancel()

    async def _travel(self, link: Link, direction: Direction, came: float) -> None:
        """Returns when a chunk that came at `came` may arrive."""
        while link.forgotten or self._suffers(link, direction):
            wait = came + self.delay_seconds - self._loop.time()
            if link.forgotten or self._mode is Mode.HOLD:
                await self._changed.wait()
            elif wait > 0:
                await asyncio.sleep(wait)
            else:
                return

    def _suffers(self, link: Link, direction: Direction) -> bool:
        return direction in self.directions and self.matching(bytes(link.first))


@contextmanager
def proxy_in_thread(host: str, port: int) -> Iterator[TcpProxy]:
    """A proxy with an event loop and a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="tcp proxy")
    thread.start()
    proxy = TcpProxy(host, port)
    asyncio.run_coroutine_threadsafe(proxy.__aenter__(), loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(proxy.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[TcpProxy, str]]:
    """A proxy before the server of `url`, and that URL by way of the proxy."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    async with TcpProxy(address.hostname, address.port) as proxy:
        account, at, _ = address.netloc.rpartition("@")
        netloc = f"{account}{at}127.0.0.1:{proxy.port}"
        yield proxy, urlunsplit(address._replace(netloc=netloc))
