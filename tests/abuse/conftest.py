"""A whole stack for strangers to abuse, and somebody ordinary who sits beside them."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx
import pytest
from tests.abuse.scene import STAFF, Scene, browser, new_person
from tests.chat_client import ChatClient, Crowd, chat

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

MODERATED: Final = {
    "ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24",  # here the loopback is the world
    "ADDA_LIMIT_IPV4": "5000/500",
    "ADDA_LIMIT_SESSION": "2000/200",
}


@contextmanager
def open_stack(directory: Path, environment: Mapping[str, str]) -> Iterator[Stack]:
    """Two replicas of everything that the public reaches."""
    options = StackOptions(
        directory=directory,
        port=free_ports(1)[0],
        durable=False,
        api=2,
        ws=2,
        environment=environment,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ADDA_REDIS_URL", raising=False)
        patch.delenv("ADDA_DATABASE_URL", raising=False)
        with Stack(options) as running:
            yield running


@pytest.fixture(scope="package")
def moderated(server_directory: Path) -> Iterator[Stack]:
    """Limits are out of the way."""
    with open_stack(server_directory / "moderated", MODERATED) as running:
        yield running


@pytest.fixture
async def scene(moderated: Stack) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as exits, Crowd() as crowd:
        http = await exits.enter_async_context(browser(moderated, STAFF))
        owner = await new_person(http, "মালিক", STAFF)
        answer = await owner.call("POST", "/api/rooms/", name="পরিচালিত রুম")
        yield Scene(moderated, crowd, exits, owner, answer.json()["id"])


ENVIRONMENT: Final = {
    "ADDA_LOG_LEVEL": "debug",  # what is hidden must be hidden at every level
    "ADDA_LIMIT_SESSION": "off",  # what is sent counts here, not how much
    "ADDA_COMMAND_BURST": "100000",
    "ADDA_COMMAND_RATE": "100000",
}


class Neighbour:
    """Somebody who only wants to talk."""

    def __init__(self, client: ChatClient, http: httpx.AsyncClient) -> None:
        self._client, self._http = client, http

    async def is_served(self) -> None:
        """By both services, through the gateway; it may take its time on a busy machine."""
        mark = os.urandom(6).hex()
        await self._client.say(f"আছি {mark}", client_id=mark)
        await self._client.wait_for("ack", lambda event: event["client_id"] == mark)
        assert (await self._http.get("/api/rooms/")).status_code == 200


@pytest.fixture(scope="session")
def hostile_stack(server_directory: Path) -> Iterator[Stack]:
    """Two socket replicas, one api, one worker behind a gateway; nobody may kill any of them."""
    options = StackOptions(
        directory=server_directory / "hostile",
        port=free_ports(1)[0],
        durable=False,
        ws=2,
        environment=ENVIRONMENT,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ADDA_REDIS_URL", raising=False)
        patch.delenv("ADDA_DATABASE_URL", raising=False)
        with Stack(options) as running:
            yield running


@pytest.fixture
async def http(hostile_stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=hostile_stack.url, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
async def neighbour(hostile_stack: Stack, http: httpx.AsyncClient) -> AsyncIterator[Neighbour]:
    """In a room of their own."""
    async with settled(hostile_stack, http) as somebody:
        yield somebody


@asynccontextmanager
async def settled(stack: Stack, http: httpx.AsyncClient) -> AsyncIterator[Neighbour]:
    async with chat(stack.ws_url, uuid4()) as client:
        somebody = Neighbour(client, http)
        await somebody.is_served()
        yield somebody
        await somebody.is_served()
