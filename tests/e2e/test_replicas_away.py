"""All socket replicas die at once: everybody is back soon after they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.chat_client import ChatClient, Crowd
from tests.patience import PATIENCE_SECONDS
from websockets.exceptions import WebSocketException

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 20


async def come_back(crowd: Crowd, base: str, room: str, position: dict[str, object]) -> ChatClient:
    """As a client does: again and again, with its position."""
    while True:
        try:
            client = await crowd.add(base, room, **position)
        except (OSError, TimeoutError, WebSocketException, AssertionError):
            await asyncio.sleep(0.3)
            continue
        if client.events[0]["type"] == "welcome":
            return client
        await asyncio.sleep(0.3)


async def test_everybody_is_back_soon_after_the_replicas_and_has_missed_nothing(
    reachable_path: Path,
) -> None:
    options = StackOptions(
        directory=reachable_path / "own", port=free_ports(1)[0], durable=False, ws=2
    )
    room = str(uuid4())
    with Stack(options) as stack:
        async with Crowd() as crowd:
            clients = [await crowd.add(stack.ws_url, room) for _ in range(CLIENTS)]
            await clients[0].say("আগে", client_id="a")
            await clients[0].wait_for("ack")
            for client in clients:
                await client.wait_for("message")
            position = {"epoch": clients[0].events[0]["epoch"], "since": 1}
            for name in ("ws-1", "ws-2"):
                stack.kill(name)
            for client in clients:
                assert await client.wait_closed() == 1006
            # They knock all the time while nobody is there to open.
            returning = asyncio.gather(
                *(come_back(crowd, stack.ws_url, room, position) for _ in range(CLIENTS))
            )
            for name in ("ws-1", "ws-2"):
                await asyncio.to_thread(stack.wait_ready, name)
            async with asyncio.timeout(PATIENCE_SECONDS):
                back = await returning
            await back[0].say("পরে", client_id="b")
            for client in back:
                assert (await client.wait_for("recovered"))["complete"] is True
                assert (await client.wait_for("message"))["seq"] == 2
