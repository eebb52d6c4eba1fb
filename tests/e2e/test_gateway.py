"""The gateway's configuration in a real nginx, with tiny upstreams behind it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.e2e.upstreams import Upstream, running
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from gateway.configuration import render, trusted_proxies
from local_stack.child import Child, Command, wait_for
from local_stack.gateway import gateway_command, nginx_flags
from local_stack.ports import free_ports
from local_stack.services import TEMPLATE
from shared.protocol.errors import ERRORS, ErrorCode

SECRET = "a-session-id-that-must-not-be-logged"


@dataclass
class Gateway:
    """A running nginx and the ports that it passes on to; nothing listens there by itself."""

    port: int
    api_ports: list[int]
    ws_ports: list[int]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def entries(self) -> list[dict[str, object]]:
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def command_for(directory: Path, ports: list[int]) -> Command:
    return gateway_command(
        directory,
        TEMPLATE,
        host="127.0.0.1",
        port=ports[0],
        api_ports=ports[1:3],
        ws_ports=ports[3:5],
    )


@pytest.fixture
async def gateway(reachable_path: Path) -> AsyncIterator[Gateway]:
    ports = free_ports(5)
    log = reachable_path / "gateway.log"
    child = Child(command_for(reachable_path, ports), log)
    assert await asyncio.to_thread(wait_for, child.command.ready, 10.0), child.last_lines()
    yield Gateway(ports[0], ports[1:3], ports[3:5], log)
    await asyncio.to_thread(child.stop)


@pytest.fixture
async def api(gateway: Gateway) -> AsyncIterator[Upstream]:
    async with running(Upstream(gateway.api_ports[0])) as upstream:
        yield upstream


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=gateway.url, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


def test_nginx_finds_nothing_wrong_with_the_configuration(reachable_path: Path) -> None:
    command = command_for(reachable_path, free_ports(5))
    command.before_start()
    flags = nginx_flags(reachable_path / "gateway")
    tested = subprocess.run(
        [command.argv[0], *flags, "-t"], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr


def test_a_folder_of_any_name_can_hold_the_gateway(reachable_path: Path) -> None:
    folder = reachable_path / "আড্ডা ঘর; ২"
    folder.mkdir()
    command = command_for(folder, free_ports(5))
    command.before_start()
    flags = nginx_flags(folder / "gateway")
    tested = subprocess.run(
        [command.argv[0], *flags, "-t"], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr


def test_a_proxy_in_front_may_be_named(reachable_path: Path) -> None:
    real_ip_from, ranges = trusted_proxies(["127.0.0.0/8"])
    values = {
        "GATEWAY_USER": "",
        "GATEWAY_RESOLVER": "",
        "GATEWAY_LISTEN": "127.0.0.1:1",
        "GATEWAY_FOLDER": str(reachable_path),
        "GATEWAY_WEB": str(reachable_path),
        "GATEWAY_PROCESSES": "1",
        "GATEWAY_CONNECTIONS": "64",
        "GATEWAY_ADDRESS_CONNECTIONS": "64",
        "GATEWAY_REAL_IP_FROM": real_ip_from,
        "GATEWAY_PROXY_RANGES": ranges,
        "GATEWAY_API_SERVERS": "server 127.0.0.1:2;",
        "GATEWAY_WS_SERVERS": "server 127.0.0.1:2;",
    }
    (reachable_path / "nginx.conf").write_text(render(TEMPLATE.read_text("utf-8"), values))
    command = command_for(reachable_path, free_ports(5))
    tested = subprocess.run(
        [command.argv[0], "-c", str(reachable_path / "nginx.conf"), "-t"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stderr


async def test_what_the_caller_says_of_itself_is_replaced(
    api: Upstream, client: httpx.AsyncClient
) -> None:
    lies = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    await client.get("/api/status/", headers={**lies, "Host": "adda.example:8000"})

    assert api.header("X-Forwarded-For") == "127.0.0.1"
    assert api.header("X-Real-IP") == "127.0.0.1"
    assert api.header("X-Forwarded-Proto") == "http"
    assert api.header("X-Forwarded-Host") == "adda.example:8000"
    assert api.header("Host") == "adda.example:8000"
    assert api.header("Forwarded") is None
    assert "6.6.6.6" not in api.requests[-1]


async def test_a_well_formed_request_id_is_kept(api: Upstream, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/", headers={"X-Request-ID": "from-a-caller.1"})
    assert answer.headers.get_list("X-Request-ID") == ["from-a-caller.1"]
    assert api.header("X-Request-ID") == "from-a-caller.1"


@pytest.mark.parametrize("bad", ["has space", 'quote"', "x" * 200, "<script>"])
async def test_a_strange_request_id_is_replaced(
    api: Upstream, client: httpx.AsyncClient, bad: str
) -> None:
    answer = await client.get("/api/", headers={"X-Request-ID": bad})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert api.header("X-Request-ID") == answer.headers["X-Request-ID"]


async def test_no_log_line_holds_a_query_or_a_referrer(
    gateway: Gateway, api: Upstream, client: httpx.AsyncClient
) -> None:
    headers = {"Referer": f"http://x/?session_id={SECRET}", "Authorization": f"Bearer {SECRET}"}
    await client.get(f"/api/rooms/?session_id={SECRET}", headers=headers)
    # Nothing serves the sockets: nginx would love to tell the whole request in its error log.
    await client.get(f"/ws/chat/room/?username=a&session_id={SECRET}", headers=headers)
    await client.post(f"/api/x?session_id={SECRET}", content=b"x" * 70_000, headers=headers)
    await client.get(f"/api/?session_id={SECRET}", headers={"X-Long": "x" * 40_000})

    await asyncio.to_thread(wait_for, lambda: len(gateway.entries()) == 4, 5.0)
    assert api.requests
    assert [entry["path"] for entry in gateway.entries()] == [
        "/api/rooms/",
        "/ws/chat/room/",
        "/api/x",
        "/api/",
    ]
    assert SECRET not in gateway.log.read_text()


async def test_the_log_repeats_the_request_id(
    gateway: Gateway, api: Upstream, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/api/status/")
    await asyncio.to_thread(wait_for, lambda: bool(gateway.entries()), 5.0)
    assert gateway.entries()[0]["request_id"] == answer.headers["X-Request-ID"]
    assert gateway.entries()[0]["status"] == 200
    assert api.requests


async def test_a_body_that_is_too_large_gets_the_projects_error(
    gateway: Gateway, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/api/messages/", content=b"x" * (64 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json() == {
        "status": "error",
        "code": ErrorCode.TOO_LARGE,
        "message": ERRORS[ErrorCode.TOO_LARGE].bn,
    }
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert gateway.port


async def test_too_large_headers_get_the_projects_error(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/", headers={"X-Long": "x" * 40_000})
    assert answer.status_code == 431
    assert answer.json()["code"] == ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("", "bn"),
        ("bn-BD,en;q=0.5", "bn"),
        ("en-GB,en;q=0.9", "en"),
        ("fr, en;q=0.5", "en"),
        ("fr", "bn"),
    ],
)
async def test_without_any_api_the_gateway_says_so_in_the_callers_language(
    client: httpx.AsyncClient, language: str, expected: str
) -> None:
    answer = await client.get("/api/status/", headers={"Accept-Language": language})
    assert answer.status_code == 502
    info = ERRORS[ErrorCode.UNAVAILABLE]
    assert answer.json()["code"] == ErrorCode.UNAVAILABLE
    assert answer.json()["message"] == (info.en if expected == "en" else info.bn)
    assert answer.headers["Retry-After"] in {"2", "3", "4"}


async def test_those_whom_the_gateway_refuses_together_come_back_spread(
    client: httpx.AsyncClient,
) -> None:
    told = [(await client.get("/api/status/")).headers["Retry-After"] for _ in range(100)]
    assert set(told) == {"2", "3", "4"}


async def test_an_error_of_the_api_passes_unchanged(
    api: Upstream, client: httpx.AsyncClient
) -> None:
    body = b'{"code":"room_not_found"}'
    api.answer = (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nX-Request-ID: theirs\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    answer = await client.get("/api/rooms/x/")
    assert (answer.status_code, answer.content) == (404, body)
    assert answer.headers.get_list("X-Request-ID") == [api.header("X-Request-ID")]


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
async def test_what_is_for_the_inside_is_not_served(
    api: Upstream, client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == ErrorCode.NOT_FOUND
    assert not api.requests


async def test_a_request_goes_to_the_other_replica_when_one_is_dead(
    gateway: Gateway, api: Upstream, client: httpx.AsyncClient
) -> None:
    answers = [await client.get("/api/status/") for _ in range(10)]
    answers += [await client.post("/api/messages/", json={}) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert len(api.requests) == 20
    assert gateway.port


async def test_a_post_that_was_sent_is_never_sent_twice(
    gateway: Gateway, client: httpx.AsyncClient
) -> None:
    async with (
        running(Upstream(gateway.api_ports[0], answer=b"")) as one,
        running(Upstream(gateway.api_ports[1], answer=b"")) as other,
    ):
        answer = await client.post("/api/messages/", json={"text": "আড্ডা"})
    assert answer.status_code == 502
    assert len(one.requests) + len(other.requests) == 1


async def test_an_upgrade_to_anything_but_websocket_is_not_passed_on(
    api: Upstream, client: httpx.AsyncClient
) -> None:
    await client.get("/api/", headers={"Upgrade": "h2c", "Connection": "Upgrade"})
    assert api.header("Upgrade") is None
    assert api.header("Connection") in {None, ""}


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_sockets_go_to_the_living_replica_and_carry_messages(gateway: Gateway) -> None:
    seen: list[str] = []

    async def remember(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers["X-Forwarded-For"])
        await echo(connection)

    url = f"ws://127.0.0.1:{gateway.port}/ws/chat/room/?username=x"
    async with serve(remember, "127.0.0.1", gateway.ws_ports[1]):
        for _ in range(6):
            forged = {"X-Forwarded-For": "6.6.6.6"}
            async with connect(url, additional_headers=forged, proxy=None) as socket:
                await socket.send("আড্ডা")
                assert await socket.recv() == "আড্ডা"
    assert seen == ["127.0.0.1"] * 6


async def test_a_draining_replica_gets_no_new_socket(gateway: Gateway) -> None:
    draining = Upstream(
        gateway.ws_ports[0],
        answer=b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    )
    url = f"ws://127.0.0.1:{gateway.port}/ws/chat/room/"
    async with running(draining), serve(echo, "127.0.0.1", gateway.ws_ports[1]):
        for _ in range(4):
            async with connect(url, proxy=None) as socket:
                await socket.send("x")
                assert await socket.recv() == "x"


async def test_a_socket_finds_the_one_replica_that_takes_it(reachable_path: Path) -> None:
    """A rollout of forty replicas drains eight at once, and those have the fewest sockets."""
    port, *ports = free_ports(12)
    command = gateway_command(
        reachable_path, TEMPLATE, host="127.0.0.1", port=port, api_ports=ports[:1], ws_ports=ports
    )
    child = Child(command, reachable_path / "gateway.log")
    try:
        assert await asyncio.to_thread(wait_for, command.ready, 10.0), child.last_lines()
        async with serve(echo, "127.0.0.1", ports[-1]):
            for _ in range(len(ports)):  # whoever it begins with
                url = f"ws://127.0.0.1:{port}/ws/chat/room/"
                async with connect(url, proxy=None) as socket:
                    await socket.send("x")
                    assert await socket.recv() == "x"
    finally:
        await asyncio.to_thread(child.stop)
