from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.api_service.conftest import make_person, make_room, say, sit_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.wiring import Deps


@pytest.mark.parametrize("name", ["status", "health"])
async def test_the_status_counts_everything(
    client: httpx.AsyncClient,
    deps: Deps,
    persist: Callable[[], Awaitable[None]],
    name: str,
) -> None:
    person = await make_person(client)
    rooms = [await make_room(client), await make_room(client, is_public=False)]
    await say(client, person, rooms[0]["id"], "এক")
    await sit_in(deps, rooms[0]["id"], "রাকিব", "নাসরিন")
    await sit_in(deps, rooms[1]["id"], "সাদিয়া")
    await persist()
    answer = await client.get(f"/api/{name}/")
    found = answer.json()
    assert answer.status_code == 200
    assert found["server_time"].endswith("+06:00")
    assert found | {"server_time": ""} == {
        "status": "সক্রিয়",
        "server_time": "",
        "statistics": {
            "total_rooms": 2,
            "total_users": 4,
            "total_messages": 1,
            "online_users": 3,
            "active_rooms": 2,
        },
        "system_info": {
            "project": "বাংলা পাবলিক চ্যাট",
            "version": "1.0.0",
            "description": "একটি সম্পূর্ণ পাবলিক রিয়েল-টাইম চ্যাট অ্যাপ্লিকেশন",
        },
    }


async def test_probes_answer(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "failing": []})
