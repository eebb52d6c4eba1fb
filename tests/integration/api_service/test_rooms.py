from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tests.integration.api_service.conftest import (
    ADMIN_TOKEN,
    Json,
    bearer,
    make_person,
    make_room,
    say,
    sit_in,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.wiring import Deps

UNKNOWN = "123e4567-e89b-12d3-a456-426614174000"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+06:00")


async def room_names(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/api/rooms/{query}")
    assert answer.status_code == 200, answer.text
    return [room["name"] for room in answer.json()["results"]]


async def test_a_room_is_made_with_defaults_and_belongs_to_nobody(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/rooms/", json={"name": "  নতুন   রুম "})
    room = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"/api/rooms/{room['id']}/")
    assert UUID(room["id"]).version == 7
    assert TIMESTAMP.fullmatch(room["created_at"])
    assert room["created_at"] == room["updated_at"]
    assert room | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "name": "নতুন রুম",
        "description": None,
        "is_public": True,
        "max_users": 100,
        "online_users_count": 0,
        "total_messages_count": 0,
        "created_at": "",
        "updated_at": "",
        "owner_id": None,
    }
    assert (await client.get(f"/api/rooms/{room['id']}/")).json() == room


async def test_with_a_session_its_user_owns_the_room(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    assert (await make_room(client, person))["owner_id"] == person.id


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": ["এই ঘরটি প্রয়োজন"]}),
        ({"name": "   "}, {"name": ["ফাঁকা রাখা যাবে না"]}),
        ({"name": "ক" * 101}, {"name": ["অনেক লম্বা"]}),
        ({"name": "ক\u202eখ"}, {"name": ["অদৃশ্য নিয়ন্ত্রণ অক্ষর ব্যবহার করা যাবে না"]}),
        ({"name": "ক", "description": "ক" * 2001}, {"description": ["অনেক লম্বা"]}),
        ({"name": "ক", "max_users": 1}, {"max_users": ["সীমার বাইরে"]}),
        ({"name": "ক", "max_users": 100_001}, {"max_users": ["সীমার বাইরে"]}),
        (
            {"name": 5, "is_public": 1},
            {"name": ["লেখা (string) দিন"], "is_public": ["true বা false দিন"]},
        ),
    ],
)
async def test_a_bad_room_is_refused_field_by_field(
    client: httpx.AsyncClient, body: Json, errors: dict[str, list[str]]
) -> None:
    answer = await client.post("/api/rooms/", json=body)
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "code": "validation_error",
        "message": "তথ্য সঠিক নয়",
        "errors": errors,
    }


async def test_rooms_are_listed_newest_first_page_by_page(client: httpx.AsyncClient) -> None:
    for name in ("এক", "দুই", "তিন"):
        await make_room(client, name=name)
    first = (await client.get("/api/rooms/?page_size=2")).json()
    assert [room["name"] for room in first["results"]] == ["তিন", "দুই"]
    assert (first["count"], first["previous"]) == (3, None)
    second = (await client.get(first["next"])).json()
    assert [room["name"] for room in second["results"]] == ["এক"]
    assert second["next"] is None
    assert (await client.get(second["previous"])).json() == first
    beyond = await client.get("/api/rooms/?page_size=2&page=3")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=101", "page_size=0", "page=1_0"])
async def test_a_bad_page_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/api/rooms/?{query}")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [query.partition("=")[0]]


async def test_a_search_looks_into_names_and_descriptions(client: httpx.AsyncClient) -> None:
    await make_room(client, name="ক্রিকেট মাঠ")
    await make_room(client, name="রান্না", description="ক্রিকেটের দিনেও")
    await make_room(client, name="গান 100%")
    assert await room_names(client, "?search=ক্রিকেট") == ["রান্না", "ক্রিকেট মাঠ"]
    assert await room_names(client, "?search=%25") == ["গান 100%"]
    assert await room_names(client, "?search=%00 ক্রিকেট মাঠ") == ["ক্রিকেট মাঠ"]
    assert await room_names(client, "?search=নাই") == []
    assert len(await room_names(client, "?search=")) == 3


async def test_an_unlisted_room_is_in_no_list_but_has_its_address(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    hidden = await make_room(client, name="গোপন", is_public=False)
    await sit_in(deps, hidden["id"], "রাকিব")
    assert await room_names(client) == []
    assert (await client.get("/api/rooms/popular/")).json()["rooms"] == []
    assert (await client.get("/api/public-rooms/")).json()["rooms"] == []
    found = (await client.get(f"/api/rooms/{hidden['id']}/")).json()
    assert (found["name"], found["online_users_count"]) == ("গোপন", 1)


@pytest.mark.parametrize("room_id", [UNKNOWN, "not-a-uuid", "123"])
async def test_an_unknown_room_is_not_found(client: httpx.AsyncClient, room_id: str) -> None:
    for suffix in ("", "messages/", "users/", "stats/"):
        answer = await client.get(f"/api/rooms/{room_id}/{suffix}")
        assert answer.status_code == 404
        assert answer.json()["message"] == "রুম খুঁজে পাওয়া যায়নি"


async def test_the_owner_changes_a_room_and_everybody_in_it_hears(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner, description="পুরনো", max_users=10)
    await sit_in(deps, room["id"], "রাকিব")
    path = f"/api/rooms/{room['id']}/"
    patched = await client.patch(path, json={"name": "নতুন নাম"}, headers=owner.headers)
    assert patched.status_code == 200
    assert patched.json()["name"] == "নতুন নাম"
    assert (patched.json()["description"], patched.json()["max_users"]) == ("পুরনো", 10)
    assert patched.json()["updated_at"] > room["updated_at"]
    assert patched.json()["online_users_count"] == 1
    put = await client.put(
        path, json={"name": "আরও নতুন", "description": None}, headers=owner.headers
    )
    assert (put.json()["description"], put.json()["max_users"]) == (None, 10)
    assert (await client.get(path)).json() == put.json()
    live = await deps.live.read(UUID(room["id"]))
    assert live is not None
    assert live.settings.name == "আরও নতুন"


async def test_put_needs_the_name(client: httpx.AsyncClient) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner)
    answer = await client.put(
        f"/api/rooms/{room['id']}/", json={"max_users": 5}, headers=owner.headers
    )
    assert list(answer.json()["errors"]) == ["name"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_only_the_owner_or_an_administrator_changes_a_room(
    client: httpx.AsyncClient, method: str
) -> None:
    owner, other = await make_person(client), await make_person(client)
    room = await make_room(client, owner)

    async def status(headers: dict[str, str]) -> tuple[int, str]:
        body = None if method == "DELETE" else {"name": "বদল"}
        answer = await client.request(
            method, f"/api/rooms/{room['id']}/", json=body, headers=headers
        )
        return answer.status_code, answer.json().get("code", "") if answer.content else ""

    assert await status({}) == (401, "session_required")
    assert await status(bearer("x" * 32)) == (401, "session_unknown")
    assert await status({"Authorization": "Basic eDp5"}) == (401, "session_unknown")
    assert await status(other.headers) == (403, "forbidden")
    assert (await status(bearer(ADMIN_TOKEN)))[0] in {200, 204}


async def test_a_room_of_nobody_is_changed_by_administrators_alone(
    client: httpx.AsyncClient,
) -> None:
    room = await make_room(client)
    path = f"/api/rooms/{room['id']}/"
    person = await make_person(client)
    assert (await client.delete(path, headers=person.headers)).status_code == 403
    assert (await client.delete(path, headers=bearer(ADMIN_TOKEN))).status_code == 204


@pytest.mark.parametrize("stored", [True, False])
async def test_a_deleted_room_is_gone_with_its_messages(
    client: httpx.AsyncClient,
    persist: Callable[[], Awaitable[None]],
    stored: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner)
    message = await say(client, owner, room["id"], "বিদায়")
    if stored:
        await persist()
    path = f"/api/rooms/{room['id']}/"
    gone = await client.delete(path, headers=owner.headers)
    assert (gone.status_code, gone.content) == (204, b"")
    for address in (path, f"{path}messages/", f"/api/messages/{message['id']}/"):
        assert (await client.get(address)).status_code == 404, address
    assert (await client.delete(path, headers=owner.headers)).status_code == 404
    assert await room_names(client) == []
    assert (await client.get("/api/messages/")).json()["results"] == []
    refused = await client.post(
        "/api/messages/", json={"room_id": room["id"], "content": "?"}, headers=owner.headers
    )
    assert refused.status_code == 404


async def test_a_deletion_that_redis_missed_is_finished_by_a_retry(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner)
    await say(client, owner, room["id"], "একটি বার্তা")
    await deps.room_directory.delete_room(UUID(room["id"]), deps.clock.micros())
    answer = await client.delete(f"/api/rooms/{room['id']}/", headers=owner.headers)
    assert answer.status_code == 204
    live = await deps.live.read(UUID(room["id"]))
    assert live is not None
    assert live.closed


async def test_a_room_made_by_a_socket_is_changed_before_it_is_stored(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    room = uuid4()
    await deps.rooms.open(room, create=True)
    answer = await client.patch(
        f"/api/rooms/{room}/", json={"name": "নাম হলো"}, headers=bearer(ADMIN_TOKEN)
    )
    assert (answer.status_code, answer.json()["name"]) == (200, "নাম হলো")


async def test_popular_rooms_are_ten_with_most_people_first(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    rooms = [await make_room(client, name=f"রুম {n}") for n in range(12)]
    await sit_in(deps, rooms[3]["id"], "ক", "খ")
    await sit_in(deps, rooms[5]["id"], "গ")
    found = (await client.get("/api/rooms/popular/")).json()
    assert (found["status"], found["count"], len(found["rooms"])) == ("success", 10, 10)
    assert [room["name"] for room in found["rooms"]][:3] == ["রুম 3", "রুম 5", "রুম 11"]
    assert [room["online_users_count"] for room in found["rooms"]][:3] == [2, 1, 0]


async def test_public_rooms_are_walked_by_cursor_without_gap_or_repetition(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    rooms = [await make_room(client, name=f"রুম {n}") for n in range(7)]
    await sit_in(deps, rooms[1]["id"], "ক", "খ")
    await sit_in(deps, rooms[6]["id"], "গ")
    await sit_in(deps, rooms[0]["id"], "ঘ", "ঙ", "চ")
    expected = ["রুম 0", "রুম 1", "রুম 6", "রুম 5", "রুম 4", "রুম 3", "রুম 2"]
    for limit in (1, 2, 3, 4, 7, 100):
        found: list[str] = []
        cursor: str | None = ""
        page: Json = {}
        while cursor is not None:
            page = (
                await client.get("/api/public-rooms/", params={"limit": limit, "cursor": cursor})
            ).json()
            assert page["status"] == "success"
            assert page["count"] == 7
            assert len(page["rooms"]) <= limit
            found += [room["name"] for room in page["rooms"]]
            cursor = page["next_cursor"]
        assert found == expected, limit
    [room] = (await client.get("/api/public-rooms/?limit=1")).json()["rooms"]
    assert list(room) == [
        "id",
        "name",
        "description",
        "online_users",
        "total_messages",
        "max_users",
        "created_at",
        "updated_at",
    ]


async def test_a_foreign_cursor_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/public-rooms/?cursor=আমার")
    assert answer.json()["errors"] == {"cursor": ["গঠন সঠিক নয়"]}
