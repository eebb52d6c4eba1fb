"""Strangers flood a whole stack through its gateway, from addresses of their own (127.x.x.x).

Who does too much is told so, at whichever replica; whoever sits beside them talks on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from tests.abuse.conftest import open_stack
from tests.abuse.scene import browser
from tests.chat_client import ChatClient, Crowd
from websockets.exceptions import ConnectionClosed

from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ATTACKERS: Final = tuple(f"127.66.0.{n}" for n in range(1, 6))
ORDINARY: Final = "127.77.0.1"
MOST_CONNECTIONS: Final = 12

ENVIRONMENT: Final = {
    "ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24",  # here the loopback is the world
    "ADDA_LIMIT_IPV4": "120/0.5",
    "ADDA_MOST_CONNECTIONS_IPV4": str(MOST_CONNECTIONS),
    # What one address may do is what counts here, not one user, one connection or one room.
    "ADDA_LIMIT_SESSION": "off",
    "ADDA_LIMIT_ROOM": "off",
    "ADDA_COMMAND_BURST": "100000",
    "ADDA_COMMAND_RATE": "100000",
}


@pytest.fixture(scope="module")
def stack(server_directory: Path) -> Iterator[Stack]:
    """Two replicas of everything that the public reaches; the tests use addresses of their own."""
    with open_stack(server_directory / "abused", ENVIRONMENT) as running:
        yield running


def from_address(address: str) -> dict[str, Any]:
    return {"local_addr": (address, 0)}


async def flood(client: ChatClient, count: int) -> None:
    """Says something again and again, until it is cut off."""
    try:
        for n in range(count):
            await client.say(f"বন্যা {n}", client_id=str(n))
            if n % 20 == 19:  # also a flood has to breathe, or it is one frame long
                await asyncio.sleep(0.05)
    except ConnectionClosed:
        return


async def is_acked(client: ChatClient, client_id: str) -> None:
    """Waits until it is; the machine may have much to do."""
    await client.wait_for("ack", lambda event: event["client_id"] == client_id)


async def test_a_flood_of_messages_is_slowed_and_others_talk_on(stack: Stack) -> None:
    room = str(uuid4())
    async with Crowd() as crowd:
        friend = await crowd.add(stack.ws_url, room, **from_address(ORDINARY))
        gang = [
            await crowd.add(stack.ws_url, room, **from_address(address))
            for address in ATTACKERS[:3]
            for _ in range(4)
        ]
        floods = asyncio.gather(*(flood(client, 200) for client in gang))
        for n in range(20):
            await friend.say(f"কেমন আছেন {n}", client_id=f"f{n}")
            await is_acked(friend, f"f{n}")
        await floods
        assert not friend.of("error")
        assert friend.close_code is None
        refused = Counter(event["code"] for client in gang for event in client.of("error"))
        acked = sum(len(client.of("ack")) for client in gang)
        assert set(refused) == {"rate_limited"}
        assert {client.close_code for client in gang} <= {None, 4008}
        # For each of three addresses a burst, and one burst in arrears at each replica; what comes
        # back meanwhile is little. Without limits it would have been 2,400.
        assert acked <= 3 * 120 * 3 + 100


async def test_one_address_gets_so_many_connections_however_they_are_spread(stack: Stack) -> None:
    room = str(uuid4())
    address = ATTACKERS[3]
    async with Crowd() as crowd:
        clients = [
            await crowd.add(stack.ws_url, room, **from_address(address))
            for _ in range(MOST_CONNECTIONS + 6)
        ]
        first = Counter(client.events[0]["type"] for client in clients)
        assert first == {"welcome": MOST_CONNECTIONS, "error": 6}
        for client in clients[MOST_CONNECTIONS:]:
            assert client.events[0]["code"] == "too_many_connections"
            assert await client.wait_closed() == 4009
        other = await crowd.add(stack.ws_url, room, **from_address(ORDINARY))
        assert other.events[0]["type"] == "welcome"


async def test_a_flood_of_rooms_ends_and_others_make_theirs(stack: Stack) -> None:
    body = {"name": "বন্যার রুম"}
    async with browser(stack, ATTACKERS[4]) as attacker, browser(stack, "127.77.0.2") as other:
        answers = await asyncio.gather(
            *(attacker.post("/api/rooms/", json=body) for _ in range(40))
        )
        codes = Counter(answer.status_code for answer in answers)
        assert set(codes) == {201, 429}
        assert codes[201] <= 12 + 1  # 120 tokens at 10, and what comes back meanwhile
        limited = next(answer for answer in answers if answer.status_code == 429)
        assert int(limited.headers["Retry-After"]) >= 1
        assert limited.headers["RateLimit-Remaining"] == "0"
        assert (await other.post("/api/rooms/", json=body)).status_code == 201


async def test_a_forged_header_hides_nobody_behind_the_gateway(stack: Stack) -> None:
    address = "127.66.1.1"
    codes: Counter[int] = Counter()
    for n in range(16):
        forged = {"X-Forwarded-For": f"203.0.113.{n}", "X-Real-IP": f"203.0.113.{n}"}
        async with browser(stack, address, **forged) as client:
            codes[(await client.post("/api/rooms/", json={"name": "নকল"})).status_code] += 1
    assert codes[429] >= 1
    assert codes[201] <= 12 + 1


async def test_who_guesses_sessions_is_stopped_soon(stack: Stack) -> None:
    async with browser(stack, "127.66.1.2") as client:
        room = str(uuid4())
        guesses = [
            client.post(
                "/api/messages/",
                json={"room_id": room, "content": "?"},
                headers={"Authorization": f"Bearer {n:040}"},
            )
            for n in range(200)
        ]
        codes = Counter(answer.status_code for answer in await asyncio.gather(*guesses))
        assert set(codes) == {401, 429}
        assert codes[429] >= 50
