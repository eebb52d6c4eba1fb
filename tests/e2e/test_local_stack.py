"""The stack without containers, as a person meets it: real servers, stand-ins for the services."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from tests.e2e.run_stand_ins import STAND_INS
from tests.e2e.stack_runs import CHILDREN, get, processes_of, run
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import ClientConnection, connect

from local_stack.child import wait_for
from local_stack.cli import main
from local_stack.errors import StackError
from local_stack.runfile import read_record
from local_stack.services import StackOptions
from local_stack.stack import Stack


def test_all_parts_start_serve_and_stop(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as started:
        started.wait_until_up()
        assert f"http://localhost:{port}/" in started.output()
        assert set(started.children()) == CHILDREN
        answer = get(port, "/api/status/")
        assert answer["instance"] == "api-1"
        assert str(get(port, "/ws/chat/x/")["instance"]).startswith("ws-")

        started.process.send_signal(signal.SIGINT)
        assert started.process.wait(PATIENCE_SECONDS) == 0
        assert processes_of(started.directory) == []
        assert read_record(started.directory) is None
        stopped = started.output().split("stopping")[1]
        assert "✗" not in stopped


def test_only_the_gateway_is_not_bound_to_the_loopback_address(
    reachable_path: Path, port: int
) -> None:
    options = StackOptions(directory=reachable_path, port=port, durable=False, programs=STAND_INS)
    with Stack(options) as stack:
        open_doors = set()
        for name in CHILDREN:
            for connection in psutil.Process(stack.pid(name)).net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.ip != "127.0.0.1":
                    open_doors.add((name, connection.laddr.port))
    assert open_doors == {("gateway", port)}


def test_secrets_are_for_their_owner_alone(reachable_path: Path, port: int) -> None:
    options = StackOptions(directory=reachable_path, port=port, durable=False, programs=STAND_INS)
    with Stack(options) as stack:
        secret = stack.database_url.split(":")[2].partition("@")[0]
        for process in psutil.process_iter():
            try:
                assert secret not in " ".join(process.cmdline())
            except psutil.Error:
                continue
    for name in ("postgres.password", "valkey.password", "valkey.conf", "admin.token"):
        assert (reachable_path / name).stat().st_mode & 0o077 == 0


def test_a_part_held_down_stays_down_until_it_is_released(reachable_path: Path, port: int) -> None:
    options = StackOptions(directory=reachable_path, port=port, durable=False, programs=STAND_INS)
    with Stack(options) as stack:
        for name in ("postgres", "valkey", "ws-1"):
            stack.hold(name)
            assert not wait_for(partial(_serves, stack, name), 0.7)
            stack.release(name)
            stack.wait_ready(name)


def _serves(stack: Stack, name: str) -> bool:
    try:
        stack.wait_ready(name, 0.0)
    except StackError:
        return False
    return True


def test_stop_stops_the_run_of_the_folder(
    reachable_path: Path, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with run(reachable_path, port) as started:
        started.wait_until_up()
        assert main(["--directory", str(started.directory), "stop"]) == 0
        assert started.process.wait(PATIENCE_SECONDS) == 0
    assert f"stopped http://localhost:{port}" in capsys.readouterr().out


def test_the_database_is_prepared_once_not_at_each_start(reachable_path: Path, port: int) -> None:
    options = StackOptions(directory=reachable_path, port=port, durable=False, programs=STAND_INS)
    with Stack(options) as stack:
        assert stack.log("migrate").count("starts") == 1
    with Stack(options) as stack:
        assert stack.log("migrate").count("starts") == 1
        assert stack.log("seed").count("starts") == 1
    other = replace(STAND_INS, seed=(*STAND_INS.seed, "another"))
    with Stack(replace(options, programs=other)) as stack:
        assert stack.log("migrate").count("starts") == 2
        assert stack.log("seed").count("starts") == 2


def test_servers_of_your_own_are_used_instead(
    reachable_path: Path, port: int, redis_url: str, postgres_url: str
) -> None:
    own = {"ADDA_REDIS_URL": redis_url, "ADDA_DATABASE_URL": postgres_url}
    options = StackOptions(
        directory=reachable_path,
        port=port,
        redis_url=redis_url,
        database_url=postgres_url,
        programs=STAND_INS,
    )
    with Stack(options) as stack:
        record = read_record(reachable_path)
        assert record is not None
        assert {child.name for child in record.children} == CHILDREN - {"valkey", "postgres"}
        environment = get(port, "/api/")["environment"]
        assert isinstance(environment, dict)
        assert own.items() <= environment.items()
        assert stack.redis_url == redis_url


async def test_the_real_services_carry_a_message_from_one_socket_to_another(
    reachable_path: Path, port: int
) -> None:
    options = StackOptions(directory=reachable_path, host="127.0.0.1", port=port, durable=False)
    stack = Stack(options)
    await asyncio.to_thread(stack.start)
    try:
        async with httpx.AsyncClient(
            base_url=stack.url, trust_env=False, timeout=PATIENCE_SECONDS
        ) as client:
            rooms = (await client.get("/api/rooms/")).json()["results"]
            assert len(rooms) == 4
            path = f"/ws/chat/{rooms[0]['id']}/?username="
            async with (
                connect(f"{stack.ws_url}{path}Rakib", proxy=None) as rakib,
                connect(f"{stack.ws_url}{path}Mita", proxy=None) as mita,
            ):
                await _next(mita, "welcome")
                command = {"type": "message", "content": "হ্যালো আড্ডা", "client_id": "1"}
                await rakib.send(json.dumps(command))
                assert (await _next(rakib, "ack"))["client_id"] == "1"
                assert (await _next(mita, "message"))["message"] == "হ্যালো আড্ডা"
            history = (await client.get(f"/api/rooms/{rooms[0]['id']}/messages/")).json()
            assert history["total_messages"] == 1
    finally:
        await asyncio.to_thread(stack.stop)


async def _next(socket: ClientConnection, kind: str) -> dict[str, object]:
    while True:
        event: dict[str, object] = json.loads(
            await asyncio.wait_for(socket.recv(), PATIENCE_SECONDS)
        )
        if event["type"] == kind:
            return event
