"""Texts that attack a browser, a database, a format string or a log are texts, and stay as sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from uuid import uuid4

import pytest
from tests.chat_client import chat

if TYPE_CHECKING:
    import httpx
    from tests.abuse.conftest import Neighbour

    from local_stack.stack import Stack

PAYLOADS: Final = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><svg/onload=alert(1)>',
    "javascript:alert(1)",
    "' OR '1'='1' --",
    "'; DROP TABLE messages; --",
    '") UNION SELECT session_hash FROM users --',
    "$1 $2 :name %s %(x)s ?",
    "{0} {x.__class__} {{7*7}} ${7*7} #{7*7} %n%n%n",
    "\\'; \\x00 \\u0000 \\N{BULLET}",
    "../../../../etc/passwd",
    "() { :; }; echo x",
    "`id` $(id) | id & id",
    "FLUSHALL *1 $8 +OK -ERR",
    "KEYS[1] redis.call('FLUSHALL')",
    "-- \" ' ; /* */",
    '{"__proto__": {"x": 1}}',
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>",
    "=cmd|' /C calc'!A0",
    "true null NaN Infinity 1e999",
    "ﷺ ﷽ 🏳️‍🌈 👨‍👩‍👧‍👦 ক্ষ্ম",
)


@pytest.fixture
async def person(http: httpx.AsyncClient) -> dict[str, str]:
    """Headers of somebody with a session."""
    made = (await http.post("/api/create-user/", json={"username": "আক্রমণ"})).json()
    return {"Authorization": f"Bearer {made['session_id']}"}


async def make_room(http: httpx.AsyncClient, headers: dict[str, str], **fields: Any) -> Any:
    answer = await http.post("/api/rooms/", json={"name": "রুম"} | fields, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("payload", PAYLOADS)
async def test_what_was_written_over_rest_comes_back_as_it_was(
    http: httpx.AsyncClient, person: dict[str, str], neighbour: Neighbour, payload: str
) -> None:
    room = await make_room(http, person, name=payload[:90], description=payload)
    path = f"/api/rooms/{room['id']}/"
    assert (await http.get(path)).json()["description"] == payload
    sent = {"room_id": room["id"], "content": payload, "client_id": "1"}
    answer = await http.post("/api/messages/", json=sent, headers=person)
    assert answer.status_code == 201, answer.text
    answer = await http.get(f"{path}messages/")
    assert [one["content"] for one in answer.json()["messages"]] == [payload]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found = await http.get("/api/rooms/", params={"search": payload})
    assert found.status_code == 200
    assert room["id"] in [one["id"] for one in found.json()["results"]]
    await neighbour.is_served()


async def test_what_was_written_over_a_socket_comes_back_as_it_was(hostile_stack: Stack) -> None:
    room = uuid4()
    async with (
        chat(hostile_stack.ws_url, room) as writer,
        chat(hostile_stack.ws_url, room) as reader,
    ):
        for n, payload in enumerate(PAYLOADS):
            await writer.say(payload, client_id=str(n))
        last = len(PAYLOADS)
        await reader.wait_for("message", lambda event: event["seq"] == last)
        assert reader.texts == list(PAYLOADS)
        await reader.send(type="history", limit=100)
        history = await reader.wait_for("history")
        assert {one["message"] for one in history["messages"]} == set(PAYLOADS)


@pytest.mark.parametrize(
    "path",
    [
        "/api/rooms/?page={}",
        "/api/rooms/?page_size={}",
        "/api/public-rooms/?cursor={}",
        "/api/rooms/{}/",
        "/api/rooms/{}/messages/",
        "/api/messages/?room_id={}",
        "/api/messages/{}/",
        "/api/{}",
        "/{}",
    ],
)
async def test_an_address_made_of_it_is_a_mistake_of_the_caller(
    http: httpx.AsyncClient, path: str
) -> None:
    for payload in PAYLOADS:
        answer = await http.get(path.format(quote(payload, safe="")))
        assert answer.status_code < 500, (payload, answer.status_code, answer.text)
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "name", ["X-Request-ID", "Accept-Language", "Origin", "Referer", "User-Agent", "Cookie"]
)
async def test_a_header_made_of_it_is_ignored(http: httpx.AsyncClient, name: str) -> None:
    for payload in PAYLOADS:
        headers = {name.encode(): payload.encode()}
        assert (await http.get("/api/rooms/", headers=headers)).status_code == 200


async def test_a_session_made_of_it_is_nobodys(http: httpx.AsyncClient) -> None:
    message = {"room_id": str(uuid4()), "content": "x"}
    for payload in PAYLOADS:
        headers = {b"Authorization": b"Bearer " + payload.encode()}
        answer = await http.post("/api/messages/", json=message, headers=headers)
        assert answer.status_code == 401, payload


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"null",
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b'{"username": 1e999}',
        b'{"username": "\\ud800"}',
        b'{"username": "\xff"}',
        b'{"username": "\\u0000"}',
        b'{"username": ' + b"9" * 60_000 + b"}",
        b'{"username": "a", "username": "b", "__proto__": {}}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
    ids=range(13),
)
async def test_a_body_of_nonsense_is_a_mistake_of_the_caller(
    http: httpx.AsyncClient, neighbour: Neighbour, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/api/create-user/", "/api/rooms/", "/api/join-room/"):
        answer = await http.post(path, content=body, headers=headers)
        assert answer.status_code < 500, (path, answer.text)
    await neighbour.is_served()


@pytest.mark.parametrize(
    "frame",
    [
        "[" * 30_000,
        '{"type":' * 5_000,
        '{"type": "message", "content": ' + "9" * 60_000 + "}",
        '{"type": "message", "content": {"$gt": ""}}',
        '{"type": ["message"]}',
        '{"type": "message", "content": "\\ud800"}',
        '{"type": "message", "content": "x", "reply_to": "\'; DROP TABLE x"}',
        '{"type": "message", "content": "x", "file_url": "javascript:alert(1)"}',
        '{"type": "history", "before": 1e999}',
        '{"type": "history", "before": 99999999999999999999999999}',
        '{"type": "ping", "t": "%s%n"}',
    ],
    ids=range(11),
)
async def test_a_command_of_nonsense_leaves_the_connection_as_it_was(
    hostile_stack: Stack, frame: str
) -> None:
    async with chat(hostile_stack.ws_url, uuid4()) as client:
        await client.socket.send(frame)
        await client.say("এখনও আছি", client_id="1")
        await client.wait_for("ack")
        assert all(event["code"] != "internal_error" for event in client.of("error"))
