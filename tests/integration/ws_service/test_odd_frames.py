"""Frames no honest client sends: bounded memory, the right close code, and nobody else hurt."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from tests.chat_client import ChatClient, chat
from tests.integration.ws_service.conftest import Replica
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from shared.protocol.commands import MAX_FRAME_BYTES
from ws_service.protocol_class import MOST_PIECES, ODD_FRAMES_BURST

if TYPE_CHECKING:
    from uuid import UUID

MASKED_TEXT_OF_8_BYTES_LENGTH: Final = bytes((0x81, 0xFF))


MOST_BETWEEN: Final = 50_000_000
"""Bytes; what the kernel keeps between two that do not read is less by far."""


def masked(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


def pieces(count: int, size: int) -> bytes:
    """The beginning of a message that does not end."""
    first = Frame(Opcode.TEXT, b"x" * size, fin=False)
    more = Frame(Opcode.CONT, b"x" * size, fin=False)
    return masked(first, *[more] * (count - 1))


async def is_served(client: ChatClient) -> None:
    """Somebody who sits beside the attacker."""
    mark = os.urandom(4).hex()
    await client.say(mark, client_id=mark)
    await client.wait_for("ack", lambda event: event["client_id"] == mark)


async def ask_to_come_in(
    replica: Replica, room: UUID
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection on which the handshake was asked for, and no more."""
    host, port = replica.base.removeprefix("ws://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"GET /ws/chat/{room}/ HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    writer.write(head.encode())
    return reader, writer


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(pieces(8, MAX_FRAME_BYTES // 4), 1009, id="pieces that are too much together"),
        pytest.param(pieces(MOST_PIECES + 1, 0), 1009, id="empty pieces without end"),
        pytest.param(
            MASKED_TEXT_OF_8_BYTES_LENGTH + (1 << 40).to_bytes(8, "big") + b"mask",
            1009,
            id="a length of a terabyte, of which nothing comes",
        ),
        pytest.param(
            MASKED_TEXT_OF_8_BYTES_LENGTH + (MAX_FRAME_BYTES + 1).to_bytes(8, "big") + b"mask",
            1009,
            id="one byte over the limit",
        ),
        pytest.param(masked(Frame(Opcode.CONT, b"x")), 1002, id="a piece of nothing"),
        pytest.param(
            masked(Frame(Opcode.TEXT, b"x", fin=False), Frame(Opcode.TEXT, b"x")),
            1002,
            id="a message inside another",
        ),
        pytest.param(Frame(Opcode.TEXT, b"{}").serialize(mask=False), 1002, id="not masked"),
        pytest.param(bytes((0xC1, 0x82)) + b"mask{}", 1002, id="compressed unasked"),
        pytest.param(bytes((0x8B, 0x80)) + b"mask", 1002, id="an opcode that there is not"),
        pytest.param(bytes((0x89, 0xFE)) + b"\x00\xffmask" + b"x" * 255, 1002, id="a ping of 255"),
        pytest.param(bytes((0x09, 0x80)) + b"mask", 1002, id="half a ping"),
        pytest.param(masked(*[Frame(Opcode.PING, b"?")] * 2 * ODD_FRAMES_BURST), 4008, id="pings"),
        pytest.param(masked(*[Frame(Opcode.PONG, b"!")] * 2 * ODD_FRAMES_BURST), 4008, id="pongs"),
    ],
)
async def test_a_connection_that_breaks_the_rules_is_closed_and_its_neighbour_talks_on(
    replicas: tuple[Replica, Replica], room: UUID, frames: bytes, code: int
) -> None:
    async with chat(replicas[0].base, room) as neighbour:
        async with chat(replicas[0].base, room) as attacker:
            attacker.socket.transport.write(frames)
            assert await attacker.wait_closed() == code
        await is_served(neighbour)


async def test_a_message_in_fair_pieces_is_one_message(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        whole = '{"type":"message","content":"টুকরো টুকরো"}'.encode()
        parts = [whole[at : at + 7] for at in range(0, len(whole), 7)]
        first = Frame(Opcode.TEXT, parts[0], fin=False)
        middle = [Frame(Opcode.CONT, part, fin=False) for part in parts[1:]]
        ping = Frame(Opcode.PING, b"")  # may stand between pieces (RFC 6455 §5.4)
        client.socket.transport.write(
            masked(first, *middle[:2], ping, *middle[2:], Frame(Opcode.CONT, b""))
        )
        await client.wait_for("message")
        assert client.texts == ["টুকরো টুকরো"]


async def test_pings_of_an_honest_client_are_all_answered(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        for _ in range(50):
            await (await client.socket.ping())
        await is_served(client)


async def test_compression_is_never_agreed_to(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    url = f"{replicas[0].base}/ws/chat/{room}/"
    async with connect(url, compression="deflate", proxy=None) as socket:
        assert socket.response is not None
        assert socket.response.headers.get("Sec-WebSocket-Extensions") is None
        assert socket.protocol.extensions == []


async def test_a_flood_before_the_handshake_has_ended_is_cut_off(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    reader, writer = await ask_to_come_in(replicas[0], room)
    flood = masked(*[Frame(Opcode.PING, b"")] * 4 * ODD_FRAMES_BURST)
    reading = asyncio.create_task(reader.read())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not reading.done():
                writer.write(flood)
                await asyncio.sleep(0)
    except ConnectionError:
        pass
    finally:
        reading.cancel()
        writer.close()
    async with chat(replicas[0].base, room) as neighbour:
        await is_served(neighbour)


async def test_who_sends_too_much_can_read_so_to_the_end(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    reader, writer = await ask_to_come_in(replicas[0], room)
    await reader.readuntil(b'"welcome"')
    writer.write(Frame(Opcode.TEXT, b"x" * 1_000_000).serialize(mask=True))
    async with asyncio.timeout(PATIENCE_SECONDS):
        end = await reader.read()  # a reset would be raised here
    assert Frame(Opcode.CLOSE, (1009).to_bytes(2, "big")).data in end
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def test_who_leaves_in_the_middle_of_a_message_leaves_nothing(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as neighbour:
        async with chat(replicas[0].base, room) as leaver:
            leaver.socket.transport.write(pieces(4, 100))
            leaver.socket.transport.abort()
            await leaver.wait_closed()
        await is_served(neighbour)
        # That the replica holds nothing of it in the end, is asked of every replica as it stops.


async def test_several_broken_texts_at_once_end_their_own_connections_alone(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    ping = Frame(Opcode.TEXT, b'{"type":"ping"}')
    broken = Frame(Opcode.TEXT, b"\xff\xfe")
    async with chat(replicas[0].base, room) as neighbour:
        async with (
            chat(replicas[0].base, room) as one,
            chat(replicas[0].base, room) as two,
            chat(replicas[0].base, room) as three,
        ):
            attackers = (one, two, three)
            for attacker in attackers:
                attacker.socket.transport.write(masked(ping, ping, ping, broken, broken))
            for attacker in attackers:
                assert await attacker.wait_closed() == 1007
        await is_served(neighbour)
        async with chat(replicas[0].base, room) as newcomer:
            await is_served(newcomer)


async def test_who_goes_on_after_a_close_is_not_listened_to(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    flood = masked(*[Frame(Opcode.TEXT, b"{}")] * 10_000)
    async with chat(replicas[0].base, room) as neighbour:
        place = urlsplit(replicas[0].base)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(
            f"GET /ws/chat/{room}/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(masked(*[Frame(Opcode.PING, b"?")] * 2 * ODD_FRAMES_BURST))
        taken = 0
        with suppress(OSError):  # in the end it is cut
            while taken < MOST_BETWEEN:
                writer.write(flood)
                await asyncio.wait_for(writer.drain(), 15)
                taken += len(flood)
        assert taken < MOST_BETWEEN
        writer.close()
        await is_served(neighbour)
