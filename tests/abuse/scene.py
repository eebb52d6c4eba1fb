"""A room with an owner, and people who come to it from addresses of their own."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.chat_client import ChatClient, Crowd

    from local_stack.stack import Stack

EVERYWHERE: Final = "00000000-0000-0000-0000-000000000000"
STAFF: Final = "127.80.0.1"
TROLL: Final = "127.80.0.66"
OTHERS: Final = "127.80.0.7"


@asynccontextmanager
async def browser(stack: Stack, address: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """REST through the gateway, from one address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(
        base_url=stack.url, transport=transport, headers=headers, timeout=30
    ) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session of their own, at an address of their own."""

    id: str
    session_id: str
    http: httpx.AsyncClient
    address: str

    async def call(self, method: str, path: str, **json: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.session_id}"}
        body = json if method in {"POST", "PATCH"} else None
        return await self.http.request(method, path, headers=headers, json=body)

    async def say(self, room: str, content: str) -> httpx.Response:
        return await self.call("POST", "/api/messages/", room_id=room, content=content)


@dataclass(frozen=True, slots=True)
class Scene:
    """A room with an owner."""

    stack: Stack
    crowd: Crowd
    exits: AsyncExitStack
    owner: Person
    room: str

    async def person(self, name: str, address: str) -> Person:
        """Somebody new."""
        http = await self.exits.enter_async_context(browser(self.stack, address))
        return await new_person(http, name, address)

    async def come(
        self, person: Person, replica: int, room: str | None = None, **query: str
    ) -> ChatClient:
        """Somebody comes in at one of the two replicas, as if by the gateway."""
        base = self.stack.service_url(f"ws-{replica}").replace("http", "ws", 1)
        return await self.crowd.add(
            base,
            UUID(room or self.room),
            session_id=person.session_id,
            additional_headers={"X-Forwarded-For": person.address},
            **query,
        )

    async def decide(
        self, method: str, path: str, status: int = 201, by: Person | None = None, **json: Any
    ) -> Any:
        """Staff decide something; the owner unless another is named."""
        place = f"/api/rooms/{self.room}/moderation/{path}"
        answer = await (by or self.owner).call(method, place, **json)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def decide_everywhere(
        self, method: str, path: str, status: int = 201, **json: Any
    ) -> Any:
        """An administrator decides something for all rooms."""
        token = (self.stack.options.directory / "admin.token").read_text().strip()
        answer = await self.owner.http.request(
            method,
            f"/api/rooms/{EVERYWHERE}/moderation/{path}",
            headers={"Authorization": f"Bearer {token}"},
            json=json or None,
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def settle(self, *clients: ChatClient) -> None:
        """Returns when all that was decided before is in force where these clients are.

        The rules of a room are one document: whoever knows its newest notice knows the rest.
        """
        notice = uuid4().hex
        await self.decide("PATCH", "", 200, notice=notice)
        for client in clients:
            await client.wait_for("room_rules", lambda e: e["rules"]["notice"] == notice)

    async def sanction(self, kind: str, **more: Any) -> Any:
        return await self.decide("POST", "sanctions/", kind=kind, **more)


async def new_person(http: httpx.AsyncClient, name: str, address: str) -> Person:
    answer = await http.post("/api/create-user/", json={"username": name, "color": "#123456"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Person(made["user_id"], made["session_id"], http, address)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


async def refused(scene: Scene, person: Person, replica: int, **query: str) -> str:
    """Why somebody is not let in; and that they are told not to come back by themselves."""
    client = await scene.come(person, replica, **query)
    assert await client.wait_closed() == 4003
    return str(client.events[0]["code"])
