"""Proof of work at the door: whom a budget would send away, a proof lets in, once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from tests.chat_client import Crowd, chat
from tests.integration.api_service.conftest import run_api
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import PATIENCE_SECONDS
from tests.proof_of_work import prove

from api_service.settings import ApiSettings
from shared.domain.account import SETTLE_SECONDS
from shared.domain.budgets import Budget

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from ws_service.settings import WsSettings

    SettingsFor = Callable[..., WsSettings]

ADDRESS = {"X-Forwarded-For": "203.0.113.7"}
NAT: dict[str, Any] = {"additional_headers": ADDRESS}
NEIGHBOUR = {"X-Forwarded-For": "203.0.113.8"}
TIGHT: dict[str, Any] = {"limit_ipv4": Budget(10, 0.01), "proof_share": 1.0}
"""Five joins, five more by proofs, and nothing comes back while a test runs."""


@asynccontextmanager
async def two(settings_for: SettingsFor, **more: Any) -> AsyncIterator[tuple[Replica, Replica]]:
    async with (
        run_replica(settings_for("ws-1", **more)) as one,
        run_replica(settings_for("ws-2", **more)) as other,
    ):
        yield one, other


@pytest.fixture
async def rest(
    redis_url: str, redis_key_prefix: str, database_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    """The service that gives challenges, on the same Redis."""
    settings = ApiSettings(
        redis_url=SecretStr(redis_url),
        database_url=SecretStr(database_url),
        key_prefix=redis_key_prefix,
        instance="api-test",
        **TIGHT,
    )
    async with run_api(settings) as client:
        yield client


async def first_of(replica: Replica, room: UUID, **parameters: Any) -> dict[str, Any]:
    async with chat(replica.base, room, **parameters) as client:
        if client.events[0]["type"] == "error":
            assert await client.wait_closed() == 1013
        return client.events[0]


async def fill(replica: Replica, room: UUID) -> None:
    """Takes all that the address may do, in a room that another has made."""
    await first_of(replica, room)
    for _ in range(5):
        assert (await first_of(replica, room, **NAT))["type"] == "welcome"


async def test_a_proof_made_at_one_replica_opens_another_once(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with two(settings_for, **TIGHT) as (one, other):
        await fill(one, room)
        asked = await first_of(one, room, **NAT)
        assert asked["code"] == "proof_required"
        assert asked["challenge"] == f"/api/challenge/?for=join&room={room}"
        assert asked["retry_after"] > 1
        proof = await prove(rest, asked["challenge"], **ADDRESS)
        assert (await first_of(other, room, proof=proof, **NAT))["type"] == "welcome"
        for replica in (one, other):
            again = await first_of(replica, room, proof=proof, **NAT)
            assert again["code"] == "proof_required"


async def test_who_is_let_in_by_a_proof_is_in_like_anybody(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with two(settings_for, **TIGHT) as (one, other), chat(one.base, room) as friend:
        await fill(other, room)
        await first_of(other, room, **NAT)
        proof = await prove(rest, f"/api/challenge/?for=join&room={room}", **ADDRESS)
        async with chat(other.base, room, proof=proof, username="মিতা", **NAT) as client:
            assert client.events[0]["username"] == "মিতা"
            await friend.say("এসেছেন?")
            assert (await client.wait_for("message"))["message"] == "এসেছেন?"


async def test_proofs_for_another_room_purpose_or_address_open_nothing(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with run_replica(settings_for("ws-1", **TIGHT)) as replica:
        await fill(replica, room)
        proofs = [
            await prove(rest, f"/api/challenge/?for=join&room={uuid4()}", **ADDRESS),
            await prove(rest, "/api/challenge/?for=join", **ADDRESS),
            await prove(rest, f"/api/challenge/?for=user&room={room}", **ADDRESS),
            await prove(rest, f"/api/challenge/?for=join&room={room}", **NEIGHBOUR),
            "not even Base64",
        ]
        for proof in proofs:
            answer = await first_of(replica, room, proof=proof, **NAT)
            assert answer["code"] == "proof_required"


async def test_who_needs_no_proof_keeps_theirs(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with run_replica(settings_for("ws-1", **TIGHT)) as replica:
        await first_of(replica, room)  # who makes a room pays more
        proof = await prove(rest, f"/api/challenge/?for=join&room={room}", **ADDRESS)
        for _ in range(5):
            assert (await first_of(replica, room, proof=proof, **NAT))["type"] == "welcome"
        for first in ("welcome", "error"):
            assert (await first_of(replica, room, proof=proof, **NAT))["type"] == first


async def test_a_crowded_room_lets_new_people_in_by_proofs(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with (
        run_replica(settings_for("ws-1", limit_newcomers=Budget(20, 0.1))) as replica,
        Crowd() as crowd,
    ):
        async with asyncio.timeout(PATIENCE_SECONDS):
            late = await crowd.add(replica.base, room)
            while late.events[0]["type"] == "welcome":
                await asyncio.sleep(SETTLE_SECONDS / 4)
                late = await crowd.add(replica.base, room)
        assert late.events[0]["code"] == "proof_required"
        # From addresses that are not counted: the room alone is over.
        proof = await prove(rest, late.events[0]["challenge"])
        assert (await first_of(replica, room, proof=proof))["type"] == "welcome"
        assert (await first_of(replica, room, proof=proof))["code"] == "proof_required"
        assert (await first_of(replica, uuid4()))["type"] == "welcome"


async def test_what_proofs_buy_has_an_end_above_which_nothing_helps(
    settings_for: SettingsFor, room: UUID, rest: httpx.AsyncClient
) -> None:
    async with two(settings_for, **TIGHT) as (one, other):
        await fill(one, room)
        place = f"/api/challenge/?for=join&room={room}"
        for n in range(5):
            proof = await prove(rest, place, **ADDRESS)
            last = await first_of((one, other)[n % 2], room, proof=proof, **NAT)
            assert last["type"] == "welcome"
        refused = await rest.get(place, headers=ADDRESS)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 10
        assert (await rest.get(place, headers=NEIGHBOUR)).status_code == 200
