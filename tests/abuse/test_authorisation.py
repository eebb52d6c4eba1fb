"""Who may do what: every call of the route table, by everybody, against what is said here.

A route that is new has no row, and the test of the table fails until somebody has thought about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from tests.integration.api_service.conftest import ADMIN_TOKEN, bearer, run_api

from api_service.app import ROUTERS
from api_service.settings import ApiSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WHO: Final = ("nobody", "other", "author", "moderator", "owner", "admin")
EVERYBODY: Final = frozenset(WHO)
SESSIONS: Final = EVERYBODY - {"nobody", "admin"}
STAFF: Final = frozenset({"moderator", "owner", "admin"})
OWNERS: Final = frozenset({"owner", "admin"})

ROOM: Final = "/api/rooms/{room_id}/"
RULES: Final = f"{ROOM}moderation/"
MESSAGE: Final = "/api/messages/{message_id}/"

MAY: Final[dict[str, frozenset[str]]] = {
    "GET /api/": EVERYBODY,
    "GET /api/status/": EVERYBODY,
    "GET /api/health/": EVERYBODY,
    "GET /api/rooms/": EVERYBODY,
    "POST /api/rooms/": EVERYBODY,
    "GET /api/rooms/popular/": EVERYBODY,
    "GET /api/public-rooms/": EVERYBODY,
    f"GET {ROOM}": EVERYBODY,
    f"PUT {ROOM}": OWNERS,
    f"PATCH {ROOM}": OWNERS,
    f"DELETE {ROOM}": OWNERS,
    f"GET {ROOM}messages/": EVERYBODY,
    f"GET {ROOM}users/": EVERYBODY,
    f"GET {ROOM}stats/": EVERYBODY,
    "GET /api/messages/": EVERYBODY,
    "POST /api/messages/": SESSIONS,
    f"GET {MESSAGE}": EVERYBODY,
    f"PUT {MESSAGE}": frozenset({"author"}),
    f"PATCH {MESSAGE}": frozenset({"author"}),
    f"DELETE {MESSAGE}": STAFF | {"author"},
    f"POST {MESSAGE}report/": SESSIONS,
    "POST /api/create-user/": EVERYBODY,
    "POST /api/join-room/": EVERYBODY,
    f"GET {RULES}": STAFF,
    f"PATCH {RULES}": STAFF,
    f"POST {RULES}sanctions/": STAFF,
    f"DELETE {RULES}sanctions/{{thing_id}}/": STAFF,
    f"POST {RULES}purge/": STAFF,
    f"POST {RULES}words/": STAFF,
    f"POST {RULES}words/suggested/": STAFF,
    f"DELETE {RULES}words/{{thing_id}}/": STAFF,
    f"POST {RULES}link/": OWNERS,
    f"POST {RULES}moderators/": SESSIONS,
    f"DELETE {RULES}moderators/{{thing_id}}/": OWNERS,
    f"GET {RULES}reports/": STAFF,
    f"DELETE {RULES}reports/{{message_id}}/": STAFF,
    f"GET {RULES}held/": STAFF,
    f"POST {RULES}held/{{thing_id}}/": STAFF,
    f"GET {RULES}log/": STAFF,
    "GET /api/challenge/": EVERYBODY,
    "GET /api/me/": SESSIONS,
    "GET /api/me/export/": SESSIONS,
    "DELETE /api/me/": SESSIONS,
    "GET /api/erasures/{erasure_id}/": EVERYBODY,
    "GET /": EVERYBODY,
    "GET /docs": EVERYBODY,
    "GET /docs/start.js": EVERYBODY,
    "GET /docs/{name}": EVERYBODY,
    "GET /openapi.json": EVERYBODY,
    "GET /asyncapi.json": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /metrics": EVERYBODY,
}

REFUSED: Final = {401, 403}


def route_table() -> set[str]:
    """`METHOD /path/{parameter}/` of everything that the service serves."""
    return {
        f"{method} {route.path.replace(':room', '')}"  # type: ignore[attr-defined]
        for router in ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
        if method != "HEAD"
    }


@dataclass(frozen=True, slots=True)
class Scene:
    """A room with everything in it that a path may name."""

    client: httpx.AsyncClient
    tokens: dict[str, str]
    room: str
    message: str
    key: str

    async def call(self, name: str, who: str) -> httpx.Response:
        method, path = name.split()
        path = path.format(
            room_id=self.room,
            message_id=self.message,
            thing_id=uuid4(),
            erasure_id=uuid4(),
            name="swagger-ui.css",
        )
        headers = bearer(self.tokens[who]) if who in self.tokens else {}
        body = (
            self.body_of(name) if method in {"POST", "PUT", "PATCH"} or path == "/api/me/" else None
        )
        return await self.client.request(method, path, headers=headers, json=body)

    def body_of(self, name: str) -> dict[str, Any]:
        """Something that is taken from who may send it."""
        bodies: dict[str, dict[str, Any]] = {
            "POST /api/rooms/": {"name": "নতুন"},
            f"PUT {ROOM}": {"name": "অন্য নাম"},
            f"PATCH {ROOM}": {"name": "অন্য নাম"},
            "POST /api/messages/": {"room_id": self.room, "content": "শুভ সকাল"},
            f"PUT {MESSAGE}": {"content": "বদলানো"},
            f"PATCH {MESSAGE}": {"content": "বদলানো"},
            "POST /api/create-user/": {"username": "নতুন"},
            "POST /api/join-room/": {"room_id": self.room, "username": "নতুন"},
            "DELETE /api/me/": {"confirm": True},
            f"PATCH {RULES}": {"slow_seconds": 1},
            f"POST {RULES}sanctions/": {"kind": "mute", "message_id": self.message},
            f"POST {RULES}purge/": {"message_id": self.message, "seconds": 60},
            f"POST {RULES}words/": {"word": "গাধা", "action": "mask"},
            f"POST {RULES}moderators/": {"key": self.key},
            f"POST {RULES}held/{{thing_id}}/": {"approve": False},
        }
        return bodies.get(name, {})


@pytest.fixture
async def client(
    redis_url: str, redis_key_prefix: str, database_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    settings = ApiSettings(
        redis_url=SecretStr(redis_url),
        database_url=SecretStr(database_url),
        key_prefix=redis_key_prefix,
        instance="api-test",
        admin_token=SecretStr(ADMIN_TOKEN),
    )
    async with run_api(settings) as client:
        yield client


async def make_scene(client: httpx.AsyncClient) -> Scene:
    tokens = {"admin": ADMIN_TOKEN}
    for number, who in enumerate(("other", "author", "moderator", "owner")):
        made = await client.post("/api/create-user/", json={"username": f"মানুষ {number}"})
        tokens[who] = made.json()["session_id"]
    made = await client.post("/api/rooms/", json={"name": "রুম"}, headers=bearer(tokens["owner"]))
    room = made.json()["id"]
    link = await client.post(f"/api/rooms/{room}/moderation/link/", headers=bearer(tokens["owner"]))
    key = link.json()["key"]
    await client.post(
        f"/api/rooms/{room}/moderation/moderators/",
        json={"key": key},
        headers=bearer(tokens["moderator"]),
    )
    said = await client.post(
        "/api/messages/",
        json={"room_id": room, "content": "সবাইকে সালাম"},
        headers=bearer(tokens["author"]),
    )
    return Scene(client, tokens, room, said.json()["id"], key)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert route_table() == set(MAY)


@pytest.mark.parametrize("who", WHO)
async def test_everybody_may_do_what_is_said_here_and_nothing_else(
    client: httpx.AsyncClient, who: str
) -> None:
    wrong = []
    scene = await make_scene(client)
    for name, allowed in MAY.items():
        answer = await scene.call(name, who)
        if answer.is_success and not name.startswith("GET"):
            scene = await make_scene(client)  # it may have taken away what the next call needs
        if answer.status_code >= 500 or (answer.status_code in REFUSED) is (who in allowed):
            wrong.append(f"{name}: {answer.status_code} {answer.text[:100]}")
        if who == "nobody" and who not in allowed:
            assert answer.status_code == 401, name
    assert wrong == []


async def test_what_is_forbidden_tells_nothing_of_what_it_is_about(
    client: httpx.AsyncClient,
) -> None:
    scene = await make_scene(client)
    for name, allowed in MAY.items():
        if "other" in allowed:
            continue
        answer = await scene.call(name, "other")
        assert set(answer.json()) == {"status", "code", "message"}, name
        assert scene.room not in answer.text, name
