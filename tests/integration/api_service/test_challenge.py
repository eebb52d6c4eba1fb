"""Challenges as anybody may fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.integration.api_service.conftest import run_api

from shared.domain.budgets import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from api_service.settings import ApiSettings


async def test_a_challenge_is_for_one_time_and_nobodys_cache(client: httpx.AsyncClient) -> None:
    place = f"/api/challenge/?for=join&room={uuid4()}"
    first, second = await client.get(place), await client.get(place)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "no-store"
    assert "ETag" not in first.headers
    one, other = first.json()["parameters"], second.json()["parameters"]
    assert one["nonce"] != other["nonce"]
    assert one["algorithm"] == "PBKDF2/SHA-256"
    assert one["data"] == {"level": 0, "most": 1000}


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ("", "for", "এই ঘরটি প্রয়োজন"),
        ("?for=fun", "for", "এই মানটি চলে না"),
        ("?for=join&room=lobby", "room", "সঠিক UUID দিন"),
    ],
)
async def test_a_challenge_is_for_something(
    client: httpx.AsyncClient, query: str, field: str, text: str
) -> None:
    answer = await client.get(f"/api/challenge/{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"] == {field: [text]}


async def test_to_fetch_challenges_is_not_what_an_address_pays_for(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.01), unlimited_networks=())
    async with run_api(settings) as client:
        for _ in range(20):
            answer = await client.get("/api/challenge/?for=room")
            assert answer.status_code == 200
            assert answer.json()["parameters"]["data"]["level"] == 0
        made = await client.post("/api/rooms/", json={"name": "তবু খোলা"})
        assert made.status_code == 201
