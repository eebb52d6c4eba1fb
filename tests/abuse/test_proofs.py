"""A farm that works for its way in, and ordinary people who do: through the gateway, by address."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from tests.abuse.conftest import open_stack
from tests.abuse.scene import browser
from tests.chat_client import Crowd
from tests.patience import PATIENCE_SECONDS, eventually
from tests.proof_of_work import prove

from adda_client import ChatClient as ProgramsClient
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

FARM: Final = "127.66.2.1"
NEIGHBOUR: Final = "127.66.2.2"
FOUNDERS: Final = map("127.66.3.{}".format, count(1))
"""Each makes a room, which costs more than a join."""
FREE_JOINS: Final = 20
BOUGHT_JOINS: Final = 5

ENVIRONMENT: Final = {
    "ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24",  # here the loopback is the world
    "ADDA_LIMIT_IPV4": "40/0.01",
    "ADDA_PROOF_SHARE": "0.25",
}


@pytest.fixture(scope="module")
def stack(server_directory: Path) -> Iterator[Stack]:
    """Two replicas of everything that the public reaches."""
    with open_stack(server_directory / "worked-for", ENVIRONMENT) as running:
        yield running


async def first_of(stack: Stack, room: str, address: str, **parameters: Any) -> dict[str, Any]:
    """What somebody from `address` hears first; they leave then."""
    async with Crowd() as crowd:
        client = await crowd.add(stack.ws_url, room, local_addr=(address, 0), **parameters)
        return client.events[0]


@pytest.fixture
async def guests() -> AsyncIterator[Crowd]:
    """Who use up what an address may do, and stay: who came and went would be taken for a flood."""
    async with Crowd() as crowd:
        yield crowd


async def use_up(guests: Crowd, stack: Stack, room: str, address: str) -> None:
    """All that an address may do without a proof."""
    assert (await first_of(stack, room, next(FOUNDERS)))["type"] == "welcome"
    for _ in range(FREE_JOINS):
        guest = await guests.add(stack.ws_url, room, local_addr=(address, 0))
        assert guest.events[0]["type"] == "welcome"


async def test_a_farm_buys_a_little_and_then_nothing_and_others_notice_nothing(
    stack: Stack, guests: Crowd
) -> None:
    room = str(uuid4())
    await use_up(guests, stack, room, FARM)
    heard: Counter[str] = Counter()
    async with browser(stack, FARM) as farm:
        for _ in range(BOUGHT_JOINS + 3):
            asked = await first_of(stack, room, FARM)
            assert asked["code"] == "proof_required"
            challenge = await farm.get(asked["challenge"])
            if challenge.status_code != 200:
                heard[challenge.json()["code"]] += 1
                continue
            proof = await prove(farm, asked["challenge"])
            heard[(await first_of(stack, room, FARM, proof=proof))["type"]] += 1
    assert heard == {"welcome": BOUGHT_JOINS, "rate_limited": 3}
    for _ in range(3):
        assert (await first_of(stack, room, NEIGHBOUR))["type"] == "welcome"


async def test_one_proof_shown_to_all_replicas_at_once_lets_one_in(
    stack: Stack, guests: Crowd
) -> None:
    room, address = str(uuid4()), "127.66.2.3"
    await use_up(guests, stack, room, address)
    async with browser(stack, address) as client:
        proof = await prove(client, (await first_of(stack, room, address))["challenge"])
    heard = Counter(
        first.get("code", first["type"])
        for first in await asyncio.gather(
            *(first_of(stack, room, address, proof=proof) for _ in range(8))
        )
    )
    assert heard == {"welcome": 1, "proof_required": 7}


async def test_what_one_address_has_solved_is_nothing_to_another(
    stack: Stack, guests: Crowd
) -> None:
    room, address, thief = str(uuid4()), "127.66.2.4", "127.66.2.5"
    for where in (address, thief):
        await use_up(guests, stack, room, where)
    async with browser(stack, address) as client:
        proof = await prove(client, (await first_of(stack, room, address))["challenge"])
    assert (await first_of(stack, room, thief, proof=proof))["code"] == "proof_required"
    assert (await first_of(stack, room, address, proof=proof))["type"] == "welcome"


async def test_a_bot_works_for_its_way_in_by_itself(stack: Stack, guests: Crowd) -> None:
    room, address = str(uuid4()), "127.66.2.7"
    await use_up(guests, stack, room, address)
    options = {"local_addr": (address, 0), "proxy": None}
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        ProgramsClient(stack.ws_url, room, username="যন্ত্র", options=options) as bot,
    ):
        assert bot.connections == 1
    assert (await first_of(stack, room, address))["code"] == "proof_required"


async def test_no_log_tells_a_proof(stack: Stack) -> None:
    room, proof = str(uuid4()), f"secret{uuid4().hex}"
    await first_of(stack, room, "127.66.2.6", proof=proof)

    def logs() -> list[str]:
        return [path.read_text(errors="replace") for path in stack.options.directory.rglob("*.log")]

    await eventually(lambda: any(room in log for log in logs()))
    assert not any(proof in log for log in logs())
