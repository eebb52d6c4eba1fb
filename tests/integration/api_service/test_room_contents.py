from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from tests.integration.api_service.conftest import Json, make_person, make_room, say, sit_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.wiring import Deps


async def read(client: httpx.AsyncClient, room: Json, query: str = "") -> Json:
    answer = await client.get(f"/api/rooms/{room['id']}/messages/{query}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def contents(page: Json) -> list[str]:
    return [message["content"] for message in page["messages"]]


async def test_an_acknowledged_message_is_in_the_next_read(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    sent = await say(client, person, room["id"], "হ্যালো সবাই!")
    page = await read(client, room)
    assert page == {
        "room_id": room["id"],
        "room_name": "ক্রিকেট",
        "messages": [sent],
        "total_messages": 1,
        "has_more": False,
    }
    assert sent["user"] | {"last_seen": "", "created_at": ""} == {
        "id": person.id,
        "username": "রাকিব",
        "color": "#ff0000",
        "is_online": False,
        "last_seen": "",
        "created_at": "",
    }


async def test_history_is_read_the_same_from_redis_and_from_postgresql(
    client: httpx.AsyncClient, deps: Deps, persist: Callable[[], Awaitable[None]]
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    for n in range(1, 8):
        await say(client, person, room["id"], f"বার্তা {n}")
    hot = await read(client, room)
    await persist()
    stored = await read(client, room)
    assert stored == hot
    # The log may forget what PostgreSQL has.
    await deps.redis.delete(deps.live._keys.log(UUID(room["id"])))
    await say(client, person, room["id"], "বার্তা 8")
    both = await read(client, room)
    assert contents(both) == [f"বার্তা {n}" for n in range(8, 0, -1)]
    assert both["total_messages"] == 8


@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        ("?limit=2", [7, 6], True),
        ("?limit=2&before=6", [5, 4], True),
        ("?before=3", [2, 1], False),
        ("?after=5", [7, 6], False),
        ("?after=2&limit=2", [4, 3], True),
        ("?after=2&before=6", [5, 4, 3], False),
        ("?after=7", [], False),
        ("?before=1", [], False),
        ("?before=9007199254740991", [7, 6, 5, 4, 3, 2, 1], False),
    ],
)
async def test_cursors_walk_through_history(
    client: httpx.AsyncClient, query: str, expected: list[int], *, has_more: bool
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    for n in range(1, 8):
        await say(client, person, room["id"], f"{n}")
    page = await read(client, room, query)
    assert contents(page) == [str(n) for n in expected]
    assert page["has_more"] is has_more
    assert page["total_messages"] == 7
    assert [message["seq"] for message in page["messages"]] == expected


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "before=0", "before=x", "after=-1"])
async def test_a_bad_cursor_is_refused(client: httpx.AsyncClient, query: str) -> None:
    room = await make_room(client)
    answer = await client.get(f"/api/rooms/{room['id']}/messages/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


async def test_total_messages_is_not_capped_by_the_page(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    for n in range(3):
        await say(client, person, room["id"], f"{n}")
    page = await read(client, room, "?limit=1")
    assert (len(page["messages"]), page["total_messages"]) == (1, 3)


async def test_people_who_are_here_are_listed_the_longest_present_first(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    room = await make_room(client)
    names = [f"জন {n}" for n in range(5)]
    people = await sit_in(deps, room["id"], *names)
    path = f"/api/rooms/{room['id']}/users/"
    whole = (await client.get(path)).json()
    assert [user["username"] for user in whole["online_users"]] == names
    assert (whole["total_online"], whole["next"]) == (5, None)
    assert whole["online_users"][0]["id"] == str(people[0].id)
    assert whole["online_users"][0]["is_online"] is True
    first = (await client.get(f"{path}?page_size=3")).json()
    assert (len(first["online_users"]), first["total_online"]) == (3, 5)
    second = (await client.get(first["next"])).json()
    assert [user["username"] for user in second["online_users"]] == names[3:]
    assert (await client.get(f"{path}?page_size=3&page=3")).status_code == 404
    assert (await client.get(f"{path}?page_size=201")).status_code == 400


async def test_the_statistics_of_a_room_show_its_five_newest_messages(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    person = await make_person(client)
    room = await make_room(client, max_users=50)
    await sit_in(deps, room["id"], "রাকিব", "নাসরিন")
    for n in range(7):
        await say(client, person, room["id"], f"{n}")
    found = (await client.get(f"/api/rooms/{room['id']}/stats/")).json()
    assert [message["content"] for message in found.pop("recent_messages")] == list("65432")
    assert found == {
        "room_id": room["id"],
        "room_name": "ক্রিকেট",
        "online_users": 2,
        "total_messages": 7,
        "max_users": 50,
        "is_public": True,
        "created_at": room["created_at"],
        "updated_at": room["updated_at"],
    }
