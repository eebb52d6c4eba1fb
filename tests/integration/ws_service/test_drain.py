"""How a replica stops whose clients do not help."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING
from uuid import UUID

from tests.integration.ws_service.conftest import run_replica

if TYPE_CHECKING:
    from collections.abc import Callable

    from ws_service.settings import WsSettings

LONGEST_STOP_SECONDS = 10.0


async def silent_client(port: int, room: UUID) -> asyncio.StreamWriter:
    """A client whose link died after it was let in: it answers no ping and no close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(bytes(16)).decode()
    request = (
        f"GET /ws/chat/{room}/?username=x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )
    writer.write(request.encode())
    assert b"101" in await reader.readline()
    return writer


async def test_clients_that_answer_nothing_do_not_hold_a_replica_that_stops(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1")
    async with run_replica(settings) as replica:
        client = await silent_client(settings.port, room)
        # And one that has not even asked for anything.
        _, mute = await asyncio.open_connection("127.0.0.1", settings.port)
        replica.stop.set()
        assert await asyncio.wait_for(asyncio.shield(replica.serving), LONGEST_STOP_SECONDS) == 0
    client.close()
    mute.close()
