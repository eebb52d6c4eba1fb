"""The stack of docker-compose.yml, run for real."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from tests.chat_client import Crowd
from tests.containers.compose import UP, ComposeStack
from tests.patience import eventually

from adda_client import ChatClient, FullJitter
from shared.protocol.events import MessageEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("gateway", "api_service", "ws_service", "worker")
REPLICAS = {"gateway": 1, "api_service": 2, "ws_service": 3, "worker": 2}


@pytest.fixture
def http(stack: ComposeStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=20) as client:
        yield client


def connections_of(stack: ComposeStack, since: int) -> dict[str, int]:
    """By address of the replica: sockets that the gateway's log told of after `since` lines."""
    counts: dict[str, int] = {}
    for entry in socket_entries(stack)[since:]:
        upstream = str(entry["upstream"]).rpartition(" ")[2]
        counts[upstream] = counts.get(upstream, 0) + 1
    return counts


def socket_entries(stack: ComposeStack) -> list[dict[str, Any]]:
    lines = stack.logs("gateway").splitlines()
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    return [entry for entry in entries if entry["path"].startswith("/ws/")]


def test_the_right_number_of_each_is_healthy(stack: ComposeStack, http: httpx.Client) -> None:
    for service, count in REPLICAS.items():
        stack.wait_healthy(service, count)
    assert http.get("/api/health/").status_code == 200
    assert len(http.get("/api/public-rooms/").json()["rooms"]) >= 4
    page = http.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "আড্ডা" in page.text


def test_only_the_gateway_has_an_open_door(stack: ComposeStack) -> None:
    for service in (*OURS, "redis", "postgres"):
        for container in stack.containers(service):
            ports = stack.inspect(container)["NetworkSettings"]["Ports"]
            opened = [port for port, bindings in ports.items() if bindings]
            assert opened == (["8000/tcp"] if service == "gateway" else []), service
    networks = {"edge": False, "front": True, "data": True}
    for name, internal in networks.items():
        told = stack.run(
            f"docker network inspect --format {{{{.Internal}}}} {stack.project}_{name}"
        )
        assert told.strip() == str(internal).lower()


def test_nothing_of_ours_may_do_more_than_it_must(stack: ComposeStack) -> None:
    for service in OURS:
        found = stack.inspect(stack.containers(service)[0])
        host = found["HostConfig"]
        assert found["Config"]["User"] == "10001:10001"
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert host["PidsLimit"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_no_password_is_the_same_twice_or_seen_from_outside(stack: ComposeStack) -> None:
    urls = [stack.secret(service, "adda_database_url") for service in OURS[1:]]
    accounts = [url.split("@")[0].removeprefix("postgresql://").split(":") for url in urls]
    assert [user for user, _ in accounts] == ["adda_api", "adda_ws", "adda_worker"]
    passwords = [password for _, password in accounts]
    assert len({*passwords, stack.secret("redis", "password")}) == 4
    for service in OURS:
        told = str(stack.inspect(stack.containers(service)[0]))
        assert not any(password in told for password in passwords)


def test_a_service_sees_its_own_secrets_only(stack: ComposeStack) -> None:
    container = stack.containers("ws_service")[0]
    listed = stack.run(f"docker exec {container} ls /secrets").split()
    assert listed == ["adda_database_url", "adda_redis_url"]


def test_who_holds_the_token_administers(stack: ComposeStack, http: httpx.Client) -> None:
    command = "docker compose exec -T api_service cat /secrets/adda_admin_token"
    token = stack.run(command).strip()
    made = http.post("/api/rooms/", json={"name": f"রুম {uuid4()}"}).json()
    path = f"/api/rooms/{made['id']}/"
    assert http.delete(path).status_code in {401, 403}
    answer = http.delete(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in {200, 204}


def test_an_administrator_can_be_made(stack: ComposeStack, http: httpx.Client) -> None:
    name = f"rakib{uuid4().hex[:6]}"
    stack.run(
        "docker compose exec -T --env ADMIN_PASSWORD_FILE=/secrets/adda_admin_session_key "
        f"api_service python -m api_service.admin create {name}"
    )
    assert name in stack.run("docker compose exec -T api_service python -m api_service.admin list")
    assert http.get("/admin/login").status_code == 200


async def test_people_at_different_replicas_talk(stack: ComposeStack) -> None:
    room = str(uuid4())
    before = len(socket_entries(stack))
    async with Crowd() as crowd:
        clients = [await crowd.add(stack.ws_url, room) for _ in range(6)]
        for number, client in enumerate(clients):
            await client.say(f"কথা {number}", client_id=str(number))
        said = {f"কথা {number}" for number in range(6)}
        await eventually(lambda: all(set(client.texts) == said for client in clients))
    await asyncio.sleep(0.5)
    counts = connections_of(stack, before)
    assert len(counts) == 3
    assert sum(counts.values()) == 6


async def test_new_replicas_are_found_and_those_that_are_gone_not_asked(
    stack: ComposeStack,
) -> None:
    room = str(uuid4())
    await asyncio.to_thread(stack.run, "docker compose up --detach --wait --scale ws_service=6")
    before = len(socket_entries(stack))
    try:
        async with Crowd() as crowd:
            for _ in range(24):
                await crowd.add(stack.ws_url, room)
        await asyncio.sleep(0.5)
        assert len(connections_of(stack, before)) == 6
    finally:
        await asyncio.to_thread(stack.run, UP)
    before = len(socket_entries(stack))
    async with Crowd() as crowd:
        for _ in range(24):
            await crowd.add(stack.ws_url, room)
    await asyncio.sleep(0.5)
    assert len(connections_of(stack, before)) == 3


async def read(client: ChatClient, seen: list[str]) -> None:
    async for event in client:
        match event:
            case MessageEvent(message=message):
                seen.append(message)
            case _:
                pass


async def test_who_loses_a_replica_comes_back_and_misses_nothing(stack: ComposeStack) -> None:
    room = str(uuid4())
    backoff = FullJitter(base=0.2, cap=1.0)
    clients = [
        ChatClient(stack.ws_url, room, options={"proxy": None}, backoff=backoff) for _ in range(9)
    ]
    seen: list[list[str]] = [[] for _ in clients]
    await asyncio.gather(*(client.__aenter__() for client in clients))
    readers = [asyncio.create_task(read(c, s)) for c, s in zip(clients, seen, strict=True)]
    said = []
    for number in range(60):
        if number == 20:
            victim = (await asyncio.to_thread(stack.containers, "ws_service"))[0]
            pid = (await asyncio.to_thread(stack.inspect, victim))["State"]["Pid"]
            await asyncio.to_thread(stack.run, f"kill -KILL {pid}")
        said.append(f"কথা {number}")
        await clients[number % 9].send(said[-1])
        await asyncio.sleep(0.05)
    await wait_until_all_have(seen, said)
    assert sum(client.connections - 1 for client in clients) >= 1
    await asyncio.gather(*(client.close() for client in clients))
    await asyncio.gather(*readers)
    # Its process died, so the engine starts it again; nobody had to.
    await asyncio.to_thread(stack.wait_healthy, "ws_service", 3)


async def wait_until_all_have(seen: list[list[str]], said: list[str]) -> None:
    deadline = time.monotonic() + 30
    while any(sorted(one) != sorted(said) for one in seen):
        assert time.monotonic() < deadline, [len(one) for one in seen]
        await asyncio.sleep(0.1)


def test_what_was_said_is_there_when_all_of_it_comes_up_again(
    stack: ComposeStack, http: httpx.Client
) -> None:
    session = http.post("/api/create-user/", json={"username": "মিতা"}).json()["session_id"]
    room = http.get("/api/public-rooms/").json()["rooms"][0]["id"]
    content = f"থাকবে {uuid4()}"
    body = {"room_id": room, "content": content, "client_id": "1"}
    said = http.post("/api/messages/", json=body, headers={"Authorization": f"Bearer {session}"})
    assert said.status_code == 201
    secret = stack.secret("redis", "password")
    stack.run("docker compose down")
    stack.run(UP)
    assert stack.secret("redis", "password") == secret
    rows = http.get(f"/api/rooms/{room}/messages/").json()["messages"]
    assert content in [row["content"] for row in rows]
    me = http.get("/api/me/", headers={"Authorization": f"Bearer {session}"})
    assert me.status_code == 200
