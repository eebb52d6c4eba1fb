from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from tests.integration.api_service.conftest import (
    Json,
    bearer,
    make_person,
    make_room,
    run_api,
    say,
)

from shared.domain.ids import session_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from api_service.settings import ApiSettings
    from api_service.wiring import Deps


async def join(client: httpx.AsyncClient, room_id: str, **more: Json | str) -> Json:
    headers = more.pop("headers", {})
    answer = await client.post(
        "/api/join-room/",
        json={"room_id": room_id, "username": "রাকিব"} | more,
        headers=headers,  # type: ignore[arg-type]
    )
    assert answer.status_code == 200, answer.text
    joined: Json = answer.json()
    return joined


async def test_a_user_is_made_with_a_session_that_holds_at_once(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    answer = await client.post("/api/create-user/", json={"username": " রাকিব ", "color": "#F00"})
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert made | {"user_id": "", "session_id": ""} == {
        "user_id": "",
        "session_id": "",
        "username": "রাকিব",
        "color": "#ff0000",
        "message": "ব্যবহারকারী সফলভাবে তৈরি হয়েছে",
        "is_online": False,
    }
    key = session_hash(made["session_id"])
    held = await deps.sessions.find(key)
    stored = await deps.user_directory.user_by_session(key)
    assert held == stored
    assert held is not None
    assert str(held.id) == made["user_id"]


async def test_the_colour_has_a_default(client: httpx.AsyncClient) -> None:
    for body in ({"username": "ক"}, {"username": "ক", "color": None}):
        answer = await client.post("/api/create-user/", json=body)
        assert answer.json()["color"] == "#007bff"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"username": ["এই ঘরটি প্রয়োজন"]}),
        (
            {"username": "", "color": "red"},
            {"username": ["ফাঁকা রাখা যাবে না"], "color": ["রং #rrggbb আকারে লিখুন"]},
        ),
        ({"username": "ক\nখ"}, {"username": ["অদৃশ্য নিয়ন্ত্রণ অক্ষর ব্যবহার করা যাবে না"]}),
    ],
)
async def test_a_bad_user_is_refused(
    client: httpx.AsyncClient, body: Json, errors: dict[str, list[str]]
) -> None:
    answer = await client.post("/api/create-user/", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"] == errors


async def test_joining_tells_an_address_that_survives_its_own_characters(
    client: httpx.AsyncClient,
) -> None:
    room = await make_room(client)
    joined = await join(client, room["id"], username="রাকিব & #১", color="#ff0000")
    parts = urlsplit(joined["websocket_url"])
    assert (parts.scheme, parts.path) == ("ws", f"/ws/chat/{room['id']}/")
    assert parts.netloc == client.base_url.netloc.decode()
    assert parse_qs(parts.query, strict_parsing=True) == {
        "username": ["রাকিব & #১"],
        "color": ["#ff0000"],
        "session_id": [joined["session_id"]],
    }
    assert list(joined) == [
        "room_id",
        "room_name",
        "user_id",
        "session_id",
        "username",
        "color",
        "websocket_url",
        "message",
    ]
    assert joined["message"] == "রুমে সফলভাবে যোগদান করা হয়েছে"
    await say(
        client,
        type("", (), {"headers": bearer(joined["session_id"])})(),
        room["id"],
        "সেশন চলে",
    )


async def test_joining_an_unknown_room_makes_it(client: httpx.AsyncClient) -> None:
    room_id = str(uuid4())
    joined = await join(client, room_id)
    assert joined["room_name"] == f"রুম {room_id[:8]}"
    found = (await client.get(f"/api/rooms/{room_id}/")).json()
    assert (found["name"], found["is_public"], found["max_users"], found["owner_id"]) == (
        f"রুম {room_id[:8]}",
        True,
        100,
        None,
    )


async def test_with_a_session_the_identity_is_kept(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client)
    joined = await join(client, room["id"], username="নতুন নাম", headers=person.headers)
    assert (joined["user_id"], joined["session_id"]) == (person.id, person.session_id)
    assert (joined["username"], joined["color"]) == ("নতুন নাম", "#ff0000")
    message = await say(client, person, room["id"], "কে?")
    assert message["user"]["username"] == "নতুন নাম"


async def test_an_unknown_session_does_not_join(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/join-room/",
        json={"room_id": str(uuid4()), "username": "ক"},
        headers=bearer("z" * 32),
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "session_unknown")


async def test_a_deleted_room_is_not_joined(client: httpx.AsyncClient) -> None:
    owner = await make_person(client)
    room = await make_room(client, owner)
    await client.delete(f"/api/rooms/{room['id']}/", headers=owner.headers)
    answer = await client.post("/api/join-room/", json={"room_id": room["id"], "username": "ক"})
    assert (answer.status_code, answer.json()["code"]) == (404, "room_not_found")


@pytest.mark.parametrize("room_id", ["", "x", None, 7])
async def test_a_bad_room_id_is_refused(client: httpx.AsyncClient, room_id: object) -> None:
    answer = await client.post("/api/join-room/", json={"room_id": room_id, "username": "ক"})
    assert answer.json()["errors"] == {"room_id": ["সঠিক UUID দিন"]}


@pytest.mark.parametrize("path", ["/api/create-user/", "/api/join-room/"])
@pytest.mark.parametrize("name", ["Admin", "@dm1n", "আড্ডা", "👑"])
async def test_a_reserved_name_is_refused(client: httpx.AsyncClient, path: str, name: str) -> None:
    answer = await client.post(path, json={"room_id": str(uuid4()), "username": name})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert answer.json()["errors"] == {"username": ["এই নামটি সংরক্ষিত, অন্য একটি নাম দিন"]}


async def test_who_has_a_session_takes_no_reserved_name_and_no_badge(
    client: httpx.AsyncClient,
) -> None:
    person = await make_person(client)
    body = {"room_id": str(uuid4()), "username": "moderator"}
    answer = await client.post("/api/join-room/", json=body, headers=person.headers)
    assert answer.json()["errors"] == {"username": ["এই নামটি সংরক্ষিত, অন্য একটি নাম দিন"]}
    joined = await join(client, str(uuid4()), username="রাকিব ✓", headers=person.headers)
    assert joined["username"] == "রাকিব"


FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "adda.example"}


@pytest.mark.parametrize(("hops", "start"), [(1, "wss://adda.example/ws/"), (0, "ws://127.0.0.1")])
async def test_behind_tls_the_socket_is_secure_if_the_proxy_is_trusted(
    settings_for: Callable[..., ApiSettings], hops: int, start: str
) -> None:
    async with run_api(settings_for(trusted_hops=hops)) as client:
        joined = await join(client, str(uuid4()), headers=FORWARDED)
        assert joined["websocket_url"].startswith(start)
