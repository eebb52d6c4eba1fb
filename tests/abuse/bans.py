"""How soon a ban is felt: `python -m tests.abuse.bans`, milliseconds from the request to the close.

A stack of its own, two socket replicas; somebody sits at each, and is banned again and again.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from tests.chat_client import ChatClient, Crowd

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack
from shared.protocol.close_codes import CloseCode

ROUNDS: Final = 50
CROWD: Final = 200
"""Others in the room, who all are judged at each change."""


async def come(crowd: Crowd, base: str, room: str, **parameters: str) -> ChatClient:
    """Somebody who is in the room; raises AssertionError if they were not let in."""
    client = await crowd.add(base, UUID(room), **parameters)
    assert client.events[0]["type"] == "welcome", client.describe()
    return client


async def closed_after(client: ChatClient, began: float) -> float:
    """Milliseconds from `began` (s, monotonic) to the close."""
    code = await client.wait_closed()
    assert code == CloseCode.REFUSED, (code, client.describe())
    return (time.monotonic() - began) * 1e3


async def measure(stack: Stack, rounds: int = ROUNDS, crowd_size: int = CROWD) -> list[float]:
    """One figure, in milliseconds, for each ban at each replica; the least first."""
    took: list[float] = []
    async with httpx.AsyncClient(base_url=stack.url, timeout=30) as http, Crowd() as crowd:
        owner = (await http.post("/api/create-user/", json={"username": "মালিক"})).json()
        bearer = {"Authorization": f"Bearer {owner['session_id']}"}
        wish = {"name": "রুম", "max_users": 2 * crowd_size + 10}
        room = (await http.post("/api/rooms/", json=wish, headers=bearer)).json()["id"]
        bases = [stack.service_url(f"ws-{n}").replace("http", "ws", 1) for n in (1, 2)]
        for n in range(crowd_size):
            await come(crowd, bases[n % 2], room)
        for n in range(rounds):
            made = (await http.post("/api/create-user/", json={"username": f"ট্রল {n}"})).json()
            session = made["session_id"]
            tabs = [await come(crowd, base, room, session_id=session) for base in bases]
            began = time.monotonic()
            ban = {"kind": "ban", "user_id": made["user_id"]}
            path = f"/api/rooms/{room}/moderation/sanctions/"
            felt = asyncio.gather(*(closed_after(tab, began) for tab in tabs))
            (await http.post(path, json=ban, headers=bearer)).raise_for_status()
            took += await felt
    return sorted(took)


def main() -> None:
    """Prints the median, p99 and the worst."""
    with tempfile.TemporaryDirectory() as folder:
        options = StackOptions(
            directory=Path(folder) / "stack",
            port=free_ports(1)[0],
            durable=False,
            ws=2,
            environment={"ADDA_LIMIT_SESSION": "off", "ADDA_LIMIT_NEWCOMERS": "off"},
        )
        with Stack(options) as stack:
            took = asyncio.run(measure(stack))
    p99 = took[int(len(took) * 0.99) - 1]
    print(
        f"{len(took)} closes: median {statistics.median(took):.0f} ms, p99 {p99:.0f} ms, ", end=""
    )
    print(f"worst {took[-1]:.0f} ms")


if __name__ == "__main__":
    main()
