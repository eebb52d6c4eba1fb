"""The fourteen faults of the original that this system must not have; each would fail there."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import httpx
import pytest
from tests.chat_client import Crowd, chat
from tests.e2e.test_original_client import make_room, talk
from tests.patience import PATIENCE_SECONDS

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack
from shared.protocol.errors import ERRORS

if TYPE_CHECKING:
    from pathlib import Path

SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


def new_user(http: httpx.Client, name: str = "রাকিব") -> dict[str, str]:
    """Ids of a new user, with the header that proves them."""
    user: dict[str, str] = http.post("/api/create-user/", json={"username": name}).json()
    return user | {"Authorization": f"Bearer {user['session_id']}"}


def proof(user: dict[str, str]) -> dict[str, str]:
    return {"Authorization": user["Authorization"]}


def test_01_it_starts_under_the_server_it_names(stack: Stack) -> None:
    for name in ("api-1", "ws-1", "ws-2"):
        answer = httpx.get(
            f"{stack.service_url(name)}/healthz", trust_env=False, timeout=PATIENCE_SECONDS
        )
        assert answer.json() == {"status": "alive"}


async def test_02_query_parameters_are_percent_decoded(stack: Stack) -> None:
    async with chat(stack.ws_url, uuid4(), username="রাকিব", color="#ff0000") as client:
        welcome = await client.wait_for("welcome")
        assert (welcome["username"], welcome["color"]) == ("রাকিব", "#ff0000")


def test_03_the_websocket_url_is_encoded_and_works_as_it_is(
    stack: Stack, http: httpx.Client
) -> None:
    name = "রাকিব & #১?"
    room = make_room(http)
    wish = {"room_id": room, "username": name, "color": "#ff0000"}
    joined = http.post("/api/join-room/", json=wish).json()
    url = joined["websocket_url"]
    query = parse_qs(urlsplit(url).query)
    assert query["username"] == [name]
    assert query["color"] == ["#ff0000"]
    assert query["session_id"] == [joined["session_id"]]
    assert quote("রাকিব") in url
    events = talk(url, "হ্যালো")
    (message,) = [event for event in events if event["type"] == "message"]
    assert (message["user_id"], message["username"]) == (joined["user_id"], name)
    behind_tls = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "adda.example"}
    direct = httpx.post(
        f"{stack.service_url('api-1')}/api/join-room/",
        json=wish,
        headers=behind_tls,
        trust_env=False,
        timeout=PATIENCE_SECONDS,
    )
    assert direct.json()["websocket_url"].startswith("wss://adda.example/ws/chat/")


async def test_04_a_full_room_is_told_by_a_code_that_browsers_see(
    stack: Stack, http: httpx.Client
) -> None:
    room = make_room(http, max_users=2)
    async with Crowd() as crowd:
        for _ in range(2):
            await crowd.add(stack.ws_url, room)
        refused = await crowd.add(stack.ws_url, room)  # the handshake itself succeeds
        assert refused.of("error")[0]["message"] == "রুম পূর্ণ!"
        assert await refused.wait_closed() == 4001


def test_05_messages_can_be_posted_and_found_by_rest(http: httpx.Client) -> None:
    user, room = new_user(http), make_room(http)
    wish = {"room_id": room, "content": "REST থেকে", "client_id": "a"}
    posted = http.post("/api/messages/", json=wish, headers=proof(user))
    assert posted.status_code == 201
    path = f"/api/messages/{posted.json()['id']}/"
    assert http.get(path).json()["content"] == "REST থেকে"
    changed = http.patch(path, json={"content": "বদলে গেছে"}, headers=proof(user))
    assert changed.json()["content"] == "বদলে গেছে"
    assert http.get(path).json()["content"] == "বদলে গেছে"
    assert http.delete(path, headers=proof(user)).status_code == 204
    assert http.get(path).status_code == 404


async def test_06_simultaneous_joins_do_not_pass_the_room_full_check(
    stack: Stack, http: httpx.Client
) -> None:
    room = make_room(http, max_users=10)
    async with Crowd() as crowd:
        clients = await asyncio.gather(*(crowd.add(stack.ws_url, room) for _ in range(50)))
        admitted = [client for client in clients if client.events[0]["type"] == "welcome"]
        assert len(admitted) == 10
        assert http.get(f"/api/rooms/{room}/users/").json()["total_online"] == 10


async def test_07_connections_of_a_crashed_process_do_not_stay_online(
    reachable_path: Path,
) -> None:
    options = StackOptions(
        directory=reachable_path / "own", port=free_ports(1)[0], durable=False, ws=2
    )
    with (
        Stack(options) as own,
        httpx.Client(base_url=own.url, trust_env=False, timeout=PATIENCE_SECONDS) as http,
    ):
        room = make_room(http)
        doomed = own.service_url("ws-1").replace("http", "ws")
        async with chat(own.service_url("ws-2").replace("http", "ws"), room) as watcher:
            async with chat(doomed, room, username="ভূত"):
                await watcher.wait_for("user_list", lambda e: e["total"] == 2)
                own.hold("ws-1")
            # How soon is measured where replicas are killed under load.
            await watcher.wait_for("system", lambda e: e["message"] == "👋 ভূত চ্যাটরুম ছেড়েছেন")
            assert http.get(f"/api/rooms/{room}/users/").json()["total_online"] == 1


def test_08_strangers_cannot_change_or_delete_rooms_and_messages(http: httpx.Client) -> None:
    owner, stranger = new_user(http), new_user(http)
    room = http.post("/api/rooms/", json={"name": "আমার"}, headers=proof(owner)).json()["id"]
    wish = {"room_id": room, "content": "আমার কথা"}
    message = http.post("/api/messages/", json=wish, headers=proof(owner)).json()["id"]
    for path, change in (
        (f"/api/rooms/{room}/", {"name": "চুরি"}),
        (f"/api/messages/{message}/", {"content": "চুরি"}),
    ):
        assert http.patch(path, json=change).status_code == 401
        assert http.patch(path, json=change, headers=proof(stranger)).status_code == 403
        assert http.delete(path).status_code == 401
        assert http.delete(path, headers=proof(stranger)).status_code == 403
        assert http.patch(path, json=change, headers=proof(owner)).status_code == 200


async def test_09_total_messages_goes_beyond_a_hundred(stack: Stack, http: httpx.Client) -> None:
    room = make_room(http)
    async with Crowd() as crowd:
        for _ in range(3):
            await crowd.add(stack.ws_url, room)
        for client in crowd.clients:
            for n in range(40):
                await client.say(str(n))
        await crowd.clients[0].wait_for("message", lambda e: e["seq"] == 120)
    history = http.get(f"/api/rooms/{room}/messages/").json()
    assert (len(history["messages"]), history["total_messages"]) == (100, 120)


async def test_10_texts_of_exceptions_do_not_reach_clients(
    stack: Stack, http: httpx.Client
) -> None:
    known = {info.bn for info in ERRORS.values()}
    for attempt in (
        http.post("/api/create-user/", content=b"{"),
        http.post("/api/create-user/", json=[]),
        http.post("/api/messages/", json={"room_id": "x"}),
        http.get("/api/rooms/x/"),
        http.get("/api/rooms/?page=x"),
        http.get("/api/nothing/"),
    ):
        assert attempt.json()["message"] in known
    async with chat(stack.ws_url, uuid4()) as client:
        for frame in ("{", '{"type":"message","content":{}}', '{"type":"history","before":"x"}'):
            await client.socket.send(frame)
        await client.wait_for("error", lambda _: len(client.of("error")) == 3)
        assert {event["message"] for event in client.of("error")} <= known


async def test_11_a_burst_is_delivered_whole_and_numbered(stack: Stack, http: httpx.Client) -> None:
    room = make_room(http)
    async with Crowd() as crowd:
        for _ in range(10):
            await crowd.add(stack.ws_url, room)
        # Ten times the capacity of a channel of the original's layer, at once.
        await asyncio.gather(*(client.say(str(n)) for client in crowd.clients for n in range(50)))
        for client in crowd.clients:
            await client.wait_for("message", lambda e: e["seq"] == 500)
            assert [e["seq"] for e in client.of("message")] == list(range(1, 501))


async def test_12_joins_do_not_send_everybody_the_whole_list_each_time(
    stack: Stack, http: httpx.Client
) -> None:
    room = make_room(http)
    async with Crowd() as crowd:
        first = await crowd.add(stack.ws_url, room)
        started = time.monotonic()
        await asyncio.gather(*(crowd.add(stack.ws_url, room) for _ in range(60)))
        await first.wait_for("user_list", lambda e: e["total"] == 61)
        windows = (time.monotonic() - started) / 0.25
        assert len(first.of("user_list")) <= windows + 3
        assert len(first.of("system")) <= windows + 3


def test_13_a_check_of_the_socket_fails_when_nothing_answers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Any] = []
    monkeypatch.setattr("threading.excepthook", failures.append)
    [nowhere] = free_ports(1)
    events = talk(f"ws://127.0.0.1:{nowhere}/ws/chat/{uuid4()}/", "কেউ আছেন?")
    assert events == []
    assert stack.url


async def test_14_a_second_tab_and_a_reload_are_not_announced(
    stack: Stack, http: httpx.Client
) -> None:
    room = make_room(http)
    async with chat(stack.ws_url, room, username="দর্শক") as watcher:
        async with chat(stack.ws_url, room, session_id=SESSION, username="রাকিব"):
            await watcher.wait_for("user_list", lambda e: e["total"] == 2)
            await asyncio.sleep(0.5)
            before = len(watcher.of("system"))
            async with chat(stack.ws_url, room, session_id=SESSION, username="রাকিব") as tab:
                assert (await tab.wait_for("user_list"))["total"] == 2
        async with chat(stack.ws_url, room, session_id=SESSION, username="রাকিব"):
            await asyncio.sleep(3)
            assert len(watcher.of("system")) == before
            assert http.get(f"/api/rooms/{room}/users/").json()["total_online"] == 2
