"""A server without a gateway before it, and clients that never come to an end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from tests.patience import PATIENCE_SECONDS

from local_stack.ports import free_ports
from shared.runtime.http_protocol import MOST_HEAD_BYTES, BoundedHttpProtocol
from shared.runtime.probe_server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /reads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body at /reads, and never looks at it elsewhere."""
    more = scope["path"] == "/reads"
    while more:
        message = await receive()
        more = message.get("more_body", False)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    port = free_ports(1)[0]
    config = uvicorn.Config(
        answer,
        host="127.0.0.1",
        port=port,
        http=BoundedHttpProtocol,
        lifespan="off",
        log_config=None,
    )
    server = EmbeddedServer(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await task


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.close()


async def ends(reader: asyncio.StreamReader) -> bytes:
    """What the server says until it has closed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:  # it did not read all that was sent
            return b""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.http_protocol.HEAD_SECONDS", 0.2)
    monkeypatch.setattr("shared.runtime.http_protocol.BODY_SECONDS", 0.2)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET / HT", id="half a line"),
        pytest.param(GET + b"X-Slow: ", id="half a head"),
        pytest.param(CHUNKED + b"5\r\nab", id="half a body"),
        pytest.param(CHUNKED + b"0\r\nX-Trailer: ", id="half a trailer"),
        pytest.param(GET + b"\r\n" + GET, id="half of a second request"),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_what_does_not_end_is_ended(sent: bytes) -> None:
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(sent)
        assert (b"200 OK" in await ends(reader)) == (sent.count(GET) == 2)


async def test_a_head_without_end_is_refused() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(GET + b"X-Long: " + b"x" * MOST_HEAD_BYTES)
        assert b"200 OK" not in await ends(reader)


async def test_headers_without_end_are_refused() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(GET)
        for n in range(200):
            if reader.at_eof():
                break
            writer.write(b"".join(b"X-%d-%d: %d\r\n" % (n, m, m) for m in range(100)))
            await asyncio.sleep(0)
        told = await ends(reader)
        assert b"200 OK" not in told


async def test_trailers_without_end_are_cut_off() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(CHUNKED + b"0\r\n")
        for n in range(200):
            if reader.at_eof():
                break
            writer.write(b"".join(b"X-%d-%d: %d\r\n" % (n, m, m) for m in range(100)))
            await asyncio.sleep(0)
        assert b"200 OK" not in await ends(reader)


async def test_who_was_answered_early_need_not_send_the_rest() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(CHUNKED.replace(b"/reads", b"/") + b"5\r\nab")
        assert b"200 OK" in await ends(reader)


async def test_an_ordinary_connection_carries_many_requests() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        for body in (b"", b"5\r\nabcde\r\n"):
            for _ in range(5):
                writer.write(CHUNKED + body + b"0\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200")
                assert await reader.readexactly(2) == b"ok"
        writer.write(GET + b"X-Fair: " + b"x" * (MOST_HEAD_BYTES // 2) + b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_a_body_may_be_longer_than_a_head() -> None:
    async with serving() as port, connection(port) as (reader, writer):
        size = MOST_HEAD_BYTES * 4
        writer.write(b"POST /reads HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
