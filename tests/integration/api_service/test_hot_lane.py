"""The short way gives the same answers as the routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.integration.api_service.conftest import make_person, make_room, say, sit_in

if TYPE_CHECKING:
    import httpx

    from api_service.wiring import Deps

ELSEWHERE = "unknown=1"
"""A parameter that routes do not mind and that does not take the short way."""

NOW = re.compile(rb'("last_seen"|"server_time"):"[^"]+"')


def compared(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}}
    return (
        answer.status_code,
        headers,
        NOW.sub(b"", answer.content).replace(b"&" + ELSEWHERE.encode(), b""),
    )


@pytest.mark.parametrize(
    "path",
    [
        "status/?",
        "rooms/?",
        "rooms/?page_size=1",
        "rooms/?page=2&page_size=1",
        "rooms/?page=9",
        "rooms/popular/?",
        "public-rooms/?",
        "public-rooms/?limit=1",
        "rooms/{room}/messages/?",
        "rooms/{room}/messages/?limit=2",
        "rooms/{room}/messages/?limit=2&before=4",
        "rooms/{room}/users/?",
        "rooms/{room}/users/?page=1&page_size=1",
        "rooms/{room}/users/?page=7",
        "rooms/{room}/stats/?",
        "rooms/0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01/stats/?",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_both_ways_give_the_same_answer(
    client: httpx.AsyncClient, deps: Deps, path: str, method: str
) -> None:
    person, room = await make_person(client), await make_room(client)
    await make_room(client, name="ফুটবল")
    for n in range(5):
        await say(client, person, room["id"], f"{n}")
    await sit_in(deps, room["id"], "রাকিব", "নাসরিন")
    address = "/api/" + path.format(room=room["id"])
    origin = {"Origin": "https://anywhere.example", "Accept-Language": "en"}
    short = compared(await client.request(method, address, headers=origin))
    long = compared(await client.request(method, f"{address}&{ELSEWHERE}", headers=origin))
    for answer in (short, long):
        answer[1].pop("content-length")  # of links, which repeat the query
    assert short == long
