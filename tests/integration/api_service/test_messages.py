from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.integration.api_service.conftest import (
    ADMIN_TOKEN,
    Json,
    Person,
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


async def listed(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/api/messages/{query}")
    assert answer.status_code == 200, answer.text
    return [message["content"] for message in answer.json()["results"]]


async def test_a_message_is_posted_with_all_its_fields(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    first = await say(client, person, room["id"], "প্রথম")
    answer = await client.post(
        "/api/messages/",
        json={
            "room_id": room["id"],
            "content": "  ছবি দেখুন ",
            "message_type": "image",
            "file_url": "https://example.org/ছবি.png",
            "client_id": "c-1",
            "reply_to": first["id"],
        },
        headers=person.headers,
    )
    assert answer.status_code == 201
    message = answer.json()
    assert answer.headers["Location"].endswith(f"/api/messages/{message['id']}/")
    assert message["content"] == "ছবি দেখুন"
    assert message["message_type"] == "image"
    assert message["file_url"] == "https://example.org/ছবি.png"
    assert message["reply_to"] == first["id"]
    assert (message["seq"], message["edited_at"]) == (2, None)
    assert (await client.get(f"/api/messages/{message['id']}/")).json() == message


async def test_a_retry_with_the_same_client_id_sends_nothing_twice(
    client: httpx.AsyncClient,
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    first = await say(client, person, room["id"], "একবার", client_id="১")
    assert await say(client, person, room["id"], "একবার", client_id="১") == first
    assert await listed(client, f"?room_id={room['id']}") == ["একবার"]
    conflict = await client.post(
        "/api/messages/",
        json={"room_id": room["id"], "content": "অন্য কথা", "client_id": "১"},
        headers=person.headers,
    )
    assert (conflict.status_code, conflict.json()["code"]) == (409, "client_id_conflict")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": "  "}, "content"),
        ({"content": "\u200b"}, "content"),
        ({"content": "ক" * 4001}, "content"),
        ({"content": None}, "content"),
        ({"message_type": "system"}, "message_type"),
        ({"message_type": "image"}, "file_url"),
        ({"file_url": "ftp://example.org/x"}, "file_url"),
        ({"client_id": "x" * 65}, "client_id"),
        ({"reply_to": "x"}, "reply_to"),
        ({"room_id": "x"}, "room_id"),
    ],
)
async def test_a_bad_message_is_refused(
    client: httpx.AsyncClient, change: Json, field: str
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    answer = await client.post(
        "/api/messages/",
        json={"room_id": room["id"], "content": "ঠিক"} | change,
        headers=person.headers,
    )
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


async def test_posting_needs_a_session_of_a_person(client: httpx.AsyncClient) -> None:
    room = await make_room(client)
    body = {"room_id": room["id"], "content": "কে আমি?"}
    for headers, code in (
        ({}, "session_required"),
        (bearer("y" * 24), "session_unknown"),
        (bearer("short"), "session_unknown"),
        (bearer(ADMIN_TOKEN), "session_required"),
    ):
        answer = await client.post("/api/messages/", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_message_into_an_unknown_room_is_refused(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    answer = await client.post(
        "/api/messages/",
        json={"room_id": str(uuid4()), "content": "কেউ আছেন?"},
        headers=person.headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "room_not_found")


@pytest.fixture(params=["on its way", "stored"])
def settle(
    request: pytest.FixtureRequest, persist: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    """Lets a message reach PostgreSQL, or not: what follows must be the same."""

    async def nothing() -> None:
        return None

    return persist if request.param == "stored" else nothing


async def test_the_author_changes_a_message(
    client: httpx.AsyncClient, settle: Callable[[], Awaitable[None]]
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    message = await say(client, person, room["id"], "ভুল", client_id="x")
    await settle()
    path = f"/api/messages/{message['id']}/"
    changed = await client.patch(path, json={"content": "ঠিক"}, headers=person.headers)
    assert changed.status_code == 200, changed.text
    after = changed.json()
    assert after["content"] == "ঠিক"
    assert after["edited_at"] > after["timestamp"] == message["timestamp"]
    assert (after["id"], after["seq"], after["client_id"]) == (message["id"], 1, "x")
    assert (await client.get(path)).json() == after
    again = await client.put(path, json={"content": "আরও ঠিক"}, headers=person.headers)
    assert again.json()["content"] == "আরও ঠিক"
    assert await listed(client, f"?room_id={room['id']}") == ["আরও ঠিক"]
    assert await listed(client) == ["আরও ঠিক"]
    await settle()
    assert (await client.get(path)).json() == again.json()


async def test_nothing_changes_when_nothing_is_new(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    message = await say(client, person, room["id"], "এক")
    for body in ({}, {"content": "এক"}, {"content": " এক "}):
        answer = await client.patch(
            f"/api/messages/{message['id']}/", json=body, headers=person.headers
        )
        assert answer.json() == message


async def test_a_message_becomes_a_file_only_with_its_address(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    message = await say(client, person, room["id"], "ফাইল")
    path = f"/api/messages/{message['id']}/"
    refused = await client.patch(path, json={"message_type": "file"}, headers=person.headers)
    assert refused.json()["errors"] == {"file_url": ["ফাঁকা রাখা যাবে না"]}
    body = {"message_type": "file", "file_url": "http://example.org/a"}
    made = await client.patch(path, json=body, headers=person.headers)
    assert made.json()["file_url"] == "http://example.org/a"
    kept = await client.patch(path, json={"file_url": None}, headers=person.headers)
    assert kept.json()["file_url"] == "http://example.org/a"
    text = await client.patch(
        path, json={"message_type": "text", "file_url": None}, headers=person.headers
    )
    assert (text.json()["message_type"], text.json()["file_url"]) == ("text", None)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_nobody_else_changes_a_message_not_even_administrators(
    client: httpx.AsyncClient, method: str
) -> None:
    author, owner = await make_person(client), await make_person(client)
    room = await make_room(client, owner)
    message = await say(client, author, room["id"], "আমার কথা")
    for headers, status in (
        ({}, 401),
        (owner.headers, 403),
        (bearer(ADMIN_TOKEN), 403),
    ):
        answer = await client.request(
            method, f"/api/messages/{message['id']}/", json={"content": "x"}, headers=headers
        )
        assert answer.status_code == status


@pytest.mark.parametrize("who", ["author", "owner", "admin"])
async def test_author_owner_and_administrators_delete_a_message(
    client: httpx.AsyncClient, settle: Callable[[], Awaitable[None]], who: str
) -> None:
    author, owner = await make_person(client), await make_person(client)
    room = await make_room(client, owner)
    message = await say(client, author, room["id"], "মুছে যাবে")
    await say(client, author, room["id"], "থাকবে")
    await settle()
    path = f"/api/messages/{message['id']}/"
    stranger: Person = await make_person(client)
    assert (await client.delete(path, headers=stranger.headers)).status_code == 403
    headers = {
        "author": author.headers,
        "owner": owner.headers,
        "admin": bearer(ADMIN_TOKEN),
    }[who]
    assert (await client.delete(path, headers=headers)).status_code == 204
    again = await client.delete(path, headers=headers)
    assert (again.status_code, again.json()["code"]) == (404, "message_not_found")
    assert (await client.get(path)).status_code == 404
    assert await listed(client) == ["থাকবে"]
    page = (await client.get(f"/api/rooms/{room['id']}/messages/")).json()
    assert [m["content"] for m in page["messages"]] == ["থাকবে"]
    assert page["total_messages"] == 1


@pytest.mark.parametrize("message_id", [UNKNOWN, "0199b6a2-7f44-7a90-b1c2-3d4e5f607103", "x"])
async def test_an_unknown_message_is_not_found(client: httpx.AsyncClient, message_id: str) -> None:
    person = await make_person(client)
    for method in ("GET", "PATCH", "DELETE"):
        answer = await client.request(
            method,
            f"/api/messages/{message_id}/",
            json={"content": "x"} if method == "PATCH" else None,
            headers=person.headers,
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")


async def test_messages_of_listed_rooms_are_listed_newest_first_before_and_after_storing(
    client: httpx.AsyncClient, persist: Callable[[], Awaitable[None]]
) -> None:
    person = await make_person(client)
    one, two = await make_room(client), await make_room(client)
    hidden = await make_room(client, is_public=False)
    for n in range(3):
        await say(client, person, one["id"], f"এক {n}")
        await say(client, person, two["id"], f"দুই {n}")
        await say(client, person, hidden["id"], f"গোপন {n}")
    expected = ["দুই 2", "এক 2", "দুই 1", "এক 1", "দুই 0", "এক 0"]
    assert await listed(client) == expected
    await persist()
    assert await listed(client) == expected
    await say(client, person, one["id"], "এক 3")
    for query in ("?page_size=1", "?page_size=3", "?page_size=100"):
        assert await walk(client, f"/api/messages/{query}") == ["এক 3", *expected]


async def walk(client: httpx.AsyncClient, address: str | None) -> list[str]:
    """Contents of all pages from `address` on."""
    found: list[str] = []
    while address is not None:
        page = (await client.get(address)).json()
        found += [message["content"] for message in page["results"]]
        address = page["next"]
    return found


async def test_messages_of_one_room_are_walked_by_the_links(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room, other = await make_room(client), await make_room(client)
    await say(client, person, other["id"], "অন্য রুমে")
    for n in range(5):
        await say(client, person, room["id"], f"{n}")
    address = f"/api/messages/?room_id={room['id']}&page_size=2"
    assert (await client.get(address)).json()["count"] == 5
    assert await walk(client, address) == list("43210")


@pytest.mark.parametrize(
    ("query", "status"),
    [("room_id=x", 400), (f"room_id={UNKNOWN}", 404), ("before_id=1", 400), ("page_size=0", 400)],
    ids=["bad room", "unknown room", "bad id", "bad size"],
)
async def test_a_bad_list_is_refused(client: httpx.AsyncClient, query: str, status: int) -> None:
    assert (await client.get(f"/api/messages/?{query}")).status_code == status


async def test_authors_are_shown_online_while_they_are(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    person = await make_person(client)
    room = await make_room(client)
    message = await say(client, person, room["id"], "আছি")
    assert message["user"]["is_online"] is False
    assert message["user"]["last_seen"] == message["timestamp"]
    user = await deps.identifier.known(person.session_id)
    assert user is not None
    await deps.presence.mark_seen([user.id], deps.clock.micros() // 1000 + 60_000)
    await sit_in(deps, room["id"], "অন্য কেউ")
    seen = (await client.get(f"/api/messages/{message['id']}/")).json()
    assert seen["user"]["is_online"] is True
    assert seen["user"]["last_seen"] > message["timestamp"]
