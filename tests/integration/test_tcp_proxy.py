"""The bad network of the other tests does what they believe it does."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from tests.tcp_proxy import Direction, Mode, TcpProxy, proxy_in_thread, sends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def proxy() -> AsyncIterator[TcpProxy]:
    """A proxy before a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1024):
                writer.write(data)
        except ConnectionError:
            pass  # some tests cut the line
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, TcpProxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


@asynccontextmanager
async def linked(proxy: TcpProxy) -> AsyncIterator[Link]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(link: Link, text: bytes) -> bytes:
    link[1].write(text)
    return await link[0].readexactly(len(text))


async def is_silent(link: Link, text: bytes) -> bool:
    try:
        async with asyncio.timeout(0.2):
            await ask(link, text)
    except TimeoutError:
        return True
    return False


async def test_what_is_held_arrives_when_it_is_let_go(proxy: TcpProxy) -> None:
    async with linked(proxy) as link:
        assert await ask(link, b"one") == b"one"
        proxy.mode = Mode.HOLD
        assert await is_silent(link, b"two")
        async with linked(proxy) as late:
            assert await is_silent(late, b"new")
            proxy.mode = Mode.PASS
            assert await late[0].readexactly(3) == b"new"
        assert await link[0].readexactly(3) == b"two"


async def test_one_direction_alone_may_suffer(proxy: TcpProxy) -> None:
    proxy.directions = frozenset({Direction.TO_CLIENT})
    async with linked(proxy) as link:
        proxy.mode = Mode.HOLD
        assert await is_silent(link, b"one")
        proxy.directions = frozenset({Direction.TO_SERVER})
        proxy.mode = Mode.HOLD
        assert await link[0].readexactly(3) == b"one"


async def test_a_delay_is_latency_and_not_a_narrow_pipe(proxy: TcpProxy) -> None:
    proxy.delay_seconds = 0.1
    async with linked(proxy) as link:
        began = time.monotonic()
        for _ in range(200):
            link[1].write(b"x")
            await asyncio.sleep(0.005)
        await link[0].readexactly(200)
        assert 0.2 <= time.monotonic() - began < 10  # one after the other: 20


async def test_only_links_that_match_suffer(proxy: TcpProxy) -> None:
    proxy.matching = sends(b"-listen")
    async with linked(proxy) as commands, linked(proxy) as listening:
        assert await ask(listening, b"hello-listen") == b"hello-listen"
        assert await ask(commands, b"hello") == b"hello"
        proxy.mode = Mode.HOLD
        assert await is_silent(listening, b"ping")
        assert await ask(commands, b"ping") == b"ping"
        proxy.cut(sends(b"-listen"))
        with pytest.raises(ConnectionResetError):
            await listening[0].readexactly(1)
        assert await ask(commands, b"pong") == b"pong"


async def test_a_forgotten_link_stays_silent_and_newcomers_are_served(proxy: TcpProxy) -> None:
    async with linked(proxy) as old:
        assert await ask(old, b"one") == b"one"
        proxy.forget()
        assert await is_silent(old, b"two")
        proxy.mode = Mode.PASS
        async with linked(proxy) as late:
            assert await ask(late, b"three") == b"three"
        assert await is_silent(old, b"four")


async def test_a_refused_newcomer_finds_nobody_and_links_live_on(proxy: TcpProxy) -> None:
    async with linked(proxy) as link:
        assert await ask(link, b"one") == b"one"
        proxy.mode = Mode.REFUSE
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", proxy.port)
        assert await ask(link, b"two") == b"two"
        proxy.mode = Mode.PASS
        await asyncio.sleep(0)
        async with linked(proxy) as late:
            assert await ask(late, b"three") == b"three"


async def test_the_end_of_one_side_reaches_the_other(proxy: TcpProxy) -> None:
    async with linked(proxy) as link:
        link[1].write(b"last words")
        link[1].write_eof()
        assert await link[0].read() == b"last words"


def test_a_program_without_an_event_loop_may_use_it_too() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        proxy_in_thread("127.0.0.1", server.getsockname()[1]) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), 5) as plug,
    ):
        served, _ = server.accept()
        with served:
            plug.sendall(b"one")
            assert served.recv(3) == b"one"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                plug.recv(1)
        assert proxy.accepted == 1
