"""Connections that are there to hurt, by the hundred, through the gateway.

That each of them is ended in time is tested where the times can be short: in
`tests/e2e/test_gateway_limits.py`, and without a gateway in
`tests/integration/shared/runtime/test_http_protocol.py`. Here they are held open, and somebody
ordinary goes on talking meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import socket
import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from tests.chat_client import chat
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from tests.abuse.conftest import Neighbour

    from local_stack.stack import Stack

MANY: Final = 200
UPGRADE: Final = (
    "GET /ws/chat/{room}/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


async def connected(stack: Stack) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """One whose kernel takes hardly anything that is not read."""
    parts = urlsplit(stack.url)
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, (parts.hostname, parts.port))
    return await asyncio.open_connection(sock=own, limit=1024)


@asynccontextmanager
async def held_open(stack: Stack, begin: bytes) -> AsyncIterator[None]:
    """Many connections that have said `begin`, and then nothing, and that read nothing."""
    opened = [await connected(stack) for _ in range(MANY)]
    for _, writer in opened:
        writer.write(begin)
    try:
        yield
    finally:
        for _, writer in opened:
            writer.transport.abort()


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"GET /api/rooms/ HTTP/1.1\r\nHost: x\r\nX-Slow: ", id="slow heads"),
        pytest.param(
            b"POST /api/messages/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 60000\r\n\r\n{",
            id="slow bodies",
        ),
        pytest.param(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 2, id="slow readers"),
        pytest.param(UPGRADE.format(room=uuid4()).encode(), id="handshakes without an end"),
        pytest.param(
            UPGRADE.format(room=uuid4()).encode() + b"\r\n\x81\xfe\x40\x00mask", id="half frames"
        ),
    ],
)
async def test_hundreds_who_never_come_to_an_end_take_nobodys_place(
    hostile_stack: Stack, neighbour: Neighbour, begin: bytes
) -> None:
    async with held_open(hostile_stack, begin):
        for _ in range(5):
            await neighbour.is_served()


async def test_a_flood_of_headers_is_refused(http: httpx.AsyncClient, neighbour: Neighbour) -> None:
    flood = {f"X-Flood-{n}": "x" * 500 for n in range(200)}
    answers = await asyncio.gather(*(http.get("/api/rooms/", headers=flood) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {431}
    await neighbour.is_served()


BODY: Final = b'{"username": "' + b"x" * (10 << 20) + b'"}'
BOMBS: Final = {
    "gzip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "gzip, gzip": gzip.compress(gzip.compress(BODY)),
}
"""Bodies that would become ten megabytes of JSON, by their coding."""


@pytest.mark.parametrize("encoding", BOMBS)
async def test_a_bomb_is_not_unpacked(
    http: httpx.AsyncClient, neighbour: Neighbour, encoding: str
) -> None:
    bomb = BOMBS[encoding]
    assert len(bomb) < 64 * 1024
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    for path in ("/api/create-user/", "/api/rooms/", "/api/messages/", "/api/join-room/"):
        answer = await http.post(path, content=bomb, headers=headers)
        assert answer.status_code == 415, path
    await neighbour.is_served()


async def test_a_bomb_over_the_socket_is_no_message_at_all(
    hostile_stack: Stack, neighbour: Neighbour
) -> None:
    url = f"{hostile_stack.ws_url}/ws/chat/{uuid4()}/"
    async with connect(url, compression="deflate", proxy=None) as chatting:
        assert chatting.protocol.extensions == []
        packed = zlib.compressobj(wbits=-12)
        bomb = packed.compress(b"x" * (10 << 20)) + packed.flush(zlib.Z_SYNC_FLUSH)
        frame = bytearray(Frame(Opcode.TEXT, bomb[:-4]).serialize(mask=True))
        frame[0] |= 0x40  # RSV1: "this is compressed"
        chatting.transport.write(bytes(frame))
        await chatting.wait_closed()
        assert chatting.close_code == 1002
    await neighbour.is_served()


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG, Opcode.CONT])
async def test_floods_of_odd_frames_are_cut_off(
    hostile_stack: Stack, neighbour: Neighbour, opcode: Opcode
) -> None:
    piece = opcode is Opcode.CONT
    begin = Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True) if piece else b""
    burst = b"".join(Frame(opcode, b"", fin=not piece).serialize(mask=True) for _ in range(2000))

    async def attack() -> int | None:
        async with chat(hostile_stack.ws_url, uuid4()) as client:
            client.socket.transport.write(begin + burst)
            return await client.wait_closed()

    attacks = [asyncio.create_task(attack()) for _ in range(5)]
    await neighbour.is_served()
    assert set(await asyncio.gather(*attacks)) == {1009 if piece else 4008}


async def test_oversized_messages_are_refused_whatever_they_come_in(
    hostile_stack: Stack, neighbour: Neighbour
) -> None:
    whole = Frame(Opcode.TEXT, b"x" * 70_000).serialize(mask=True)
    piece = Frame(Opcode.CONT, b"x" * 30_000, fin=False).serialize(mask=True)
    pieces = Frame(Opcode.TEXT, b"x", fin=False).serialize(mask=True) + piece * 3
    for frames in (whole, pieces):
        async with chat(hostile_stack.ws_url, uuid4()) as client:
            client.socket.transport.write(frames)
            assert await client.wait_closed() == 1009
    await neighbour.is_served()


async def test_what_is_no_http_at_all_harms_nobody(
    hostile_stack: Stack, neighbour: Neighbour
) -> None:
    parts = urlsplit(hostile_stack.url)
    for noise in (
        os.urandom(5000),
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x00" * 5000,
        b"\r\n" * 5000,
    ):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        with contextlib.suppress(ConnectionError):
            writer.write(noise)
            writer.write_eof()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await reader.read()
        writer.close()
    await neighbour.is_served()
