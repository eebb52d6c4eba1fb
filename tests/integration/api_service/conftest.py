"""One replica of the REST service in this process, on real servers, spoken to over real HTTP."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from tests.conftest import service_environment

from api_service.app import create_app
from api_service.settings import ApiSettings
from api_service.wiring import Deps, open_deps
from shared.presence.presence import Joined, Member
from shared.runtime.probe_server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from shared.domain.entities import User

Json = dict[str, Any]
ADMIN_TOKEN = "admin-token-of-the-tests-0123456789"


@asynccontextmanager
async def run_api(settings: ApiSettings) -> AsyncIterator[httpx.AsyncClient]:
    """Serves until the end of the block; yields a client of it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create_app(settings), lifespan="on", access_log=False, log_config=None
        )
        config.proxy_headers = False
        server = EmbeddedServer(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.005)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=base, timeout=30, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
def settings_for(
    redis_url: str, redis_key_prefix: str, database_url: str
) -> Callable[..., ApiSettings]:
    """Settings of a replica: `settings_for(trusted_hops=0)`."""

    def build(**more: Any) -> ApiSettings:
        values: Json = {
            "redis_url": SecretStr(redis_url),
            "database_url": SecretStr(database_url),
            "key_prefix": redis_key_prefix,
            "instance": "api-test",
            "admin_token": SecretStr(ADMIN_TOKEN),
        }
        return ApiSettings(**(values | more))

    return build


@pytest.fixture
async def client(settings_for: Callable[..., ApiSettings]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one running replica."""
    async with run_api(settings_for()) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session."""

    id: str
    session_id: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.session_id)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def make_person(client: httpx.AsyncClient, username: str = "রাকিব") -> Person:
    answer = await client.post("/api/create-user/", json={"username": username, "color": "#FF0000"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Person(made["user_id"], made["session_id"])


async def make_room(client: httpx.AsyncClient, owner: Person | None = None, **more: Any) -> Json:
    answer = await client.post(
        "/api/rooms/",
        json={"name": "ক্রিকেট", **more},
        headers=owner.headers if owner else {},
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def say(
    client: httpx.AsyncClient, person: Person, room_id: str, content: str, **more: Any
) -> Json:
    answer = await client.post(
        "/api/messages/",
        json={"room_id": room_id, "content": content, **more},
        headers=person.headers,
    )
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


@pytest.fixture
async def deps(settings_for: Callable[..., ApiSettings]) -> AsyncIterator[Deps]:
    """Clients of the same servers as the replica's: what other services would do."""
    async with open_deps(settings_for(instance="beside")) as deps:
        yield deps


@pytest.fixture
def persist(
    redis_url: str, redis_key_prefix: str, database_url: str, deps: Deps
) -> Callable[[], Awaitable[None]]:
    """A function that lets a worker bring everything to PostgreSQL."""

    async def run() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "worker",
            env=service_environment(
                ADDA_REDIS_URL=redis_url,
                ADDA_DATABASE_URL=database_url,
                ADDA_KEY_PREFIX=redis_key_prefix,
                ADDA_INSTANCE="worker-test",
                ADDA_LOG_LEVEL="warning",
            ),
        )
        async with asyncio.timeout(90):
            while await deps.poster.log.backlog():
                await asyncio.sleep(0.05)
        process.terminate()
        assert await process.wait() == 0

    return run


@pytest.fixture(autouse=True)
def who_sits_in_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """No replica is there to renew them, however long a test takes."""
    monkeypatch.setattr("shared.presence.presence.CONNECTION_TTL_MS", 600_000)


async def sit_in(deps: Deps, room_id: str, *names: str) -> list[User]:
    """Puts people into a room, as the socket service does."""
    room = UUID(room_id)
    await deps.rooms.open(room)
    people = []
    for name in names:
        user = deps.identifier.new_user(deps.ids.session_id(), name, None)
        joined = await deps.presence.join(Member(room, user.id, deps.ids.new()), user)
        assert isinstance(joined, Joined)
        await deps.presence.mark_seen([user.id], deps.clock.micros() // 1000 + 60_000)
        people.append(user)
    return people


@pytest.fixture
def migrate() -> Callable[[str], None]:
    """A function that makes the tables in a database."""

    def run(database_url: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "worker.migrate"],
            env=service_environment(ADDA_DATABASE_URL=database_url),
            check=True,
            timeout=60,
        )

    return run
