"""Whatever is secret in a request, no log of any part repeats it, not even at level debug."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx
from tests.chat_client import chat
from tests.patience import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_stack.stack import Stack

MARK: Final = f"mark{uuid4().hex}"
"""Stands in every secret place, with the place's name behind it."""

SECRET_FILES: Final = ("valkey.password", "postgres.password", "admin.token")


def secret(place: str) -> str:
    return f"{MARK}-{place}"


async def speak_over_rest(http: httpx.AsyncClient) -> None:
    headers = {
        "Authorization": f"Bearer {secret('bearer')}",
        "Cookie": f"session_id={secret('cookie')}",
        "Referer": f"http://x/?session_id={secret('referrer')}",
        "Proxy-Authorization": f"Basic {secret('proxy')}",
        "X-CSRFToken": secret("csrf"),
    }
    query = {"session_id": secret("query"), "search": secret("search"), "token": secret("token")}
    for path in ("/api/rooms/", "/api/status/", "/nowhere/", f"/api/rooms/{uuid4()}/", "/healthz"):
        await http.get(path, params=query, headers=headers)
        await http.delete(path, params=query, headers=headers)
        await http.post(path, params=query, headers=headers, json={"content": secret("body")})
    for body in (secret("no-json"), f'{{"username": ["{secret("wrong-kind")}"]}}', "{" * 9000):
        await http.post(
            "/api/create-user/", content=body, headers={"Content-Type": "application/json"}
        )
    made = (await http.post("/api/create-user/", json={"username": "কেউ"})).json()
    own = {"Authorization": f"Bearer {made['session_id']}"}
    fields = {"name": secret("room-name"), "description": secret("description")}
    room = (await http.post("/api/rooms/", json=fields, headers=own)).json()
    await http.get("/api/rooms/", params={"search": MARK})  # comes out of PostgreSQL
    await http.patch(f"/api/rooms/{room['id']}/", json={"max_users": 9}, headers=own)
    message = {
        "room_id": room["id"],
        "content": secret("content"),
        "client_id": "1",
        "file_url": f"https://example.org/?token={secret('file-url')}",
    }
    sent = (await http.post("/api/messages/", json=message, headers=own)).json()
    path = f"/api/messages/{sent['id']}/"
    await http.patch(path, json={"content": secret("edited")}, headers=own)
    await http.get(f"/api/rooms/{room['id']}/messages/", headers=own)
    await http.patch(path, json={"content": secret("wrong-session")}, headers=headers)
    await http.delete(f"/api/rooms/{room['id']}/", headers=own)


async def speak_over_sockets(stack: Stack) -> None:
    room = uuid4()
    session = secret("socket-session")
    async with chat(stack.ws_url, room, session_id=session, username="কেউ") as client:
        await client.say(secret("said"), client_id="1")
        await client.wait_for("ack")
        await client.send(type="message", content={"wrong": secret("wrong-command")})
        await client.socket.send(secret("no-command"))
        await client.socket.send(secret("binary").encode())
        await client.send(type="user_update", username=f"\u202e{secret('bad-name')}")
        await client.send(type="history", limit=5)
        await client.wait_for("history")
    async with chat(stack.ws_url, room, subprotocols=["adda", secret("subprotocol")]) as client:
        await client.say("আছি", client_id="1")
        await client.wait_for("ack")
    for target in (f"{uuid4()}/?session_id={secret('bad')}\u0001", f"x/?session_id={secret('x')}"):
        with contextlib.suppress(WebSocketException, OSError):
            async with connect(f"{stack.ws_url}/ws/chat/{target}", proxy=None) as socket:
                await socket.recv()


def lines_with(stack: Stack, text: str) -> Iterator[str]:
    """Name of the log and the line."""
    for log in sorted(stack.logs.glob("*.log")):
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if text in line:
                yield f"{log.name}: {line}"


async def test_no_log_repeats_a_secret(hostile_stack: Stack, http: httpx.AsyncClient) -> None:
    await speak_over_rest(http)
    await speak_over_sockets(hostile_stack)
    # The last of everything; when its lines are there, those before it are.
    last = f"last-{uuid4().hex}"
    await http.get("/api/rooms/", headers={"X-Request-ID": last})
    await eventually(
        lambda: len({line.partition(":")[0] for line in lines_with(hostile_stack, last)}) >= 2
    )
    assert list(lines_with(hostile_stack, MARK)) == []
    assert list(lines_with(hostile_stack, "debug")), "this looked at less than is written"


def test_no_log_repeats_a_password_of_the_stacks_own(hostile_stack: Stack) -> None:
    names = [name for name in SECRET_FILES if (hostile_stack.options.directory / name).exists()]
    assert len(names) >= 2
    for name in names:
        own = (hostile_stack.options.directory / name).read_text().strip()
        assert list(lines_with(hostile_stack, own)) == []
