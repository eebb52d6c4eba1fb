from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from api_service.middleware.hot_lane import HotLane, plain_numbers

ROOM = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"
MOST = {"limit": 100, "page": 1_000_000_000}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (b"", {}),
        (b"limit=1", {"limit": 1}),
        (b"limit=100&page=7", {"limit": 100, "page": 7}),
        (b"limit=101", None),
        (b"limit=0", None),
        (b"limit=01", None),
        (b"limit=-1", None),
        (b"limit=%31", None),
        (b"limit=+1", None),
        (b"limit=", None),
        (b"limit", None),
        (b"limit=1&limit=2", None),
        (b"limit=1&", None),
        (b"limit=1;page=2", None),
        (b"search=1", None),
        (b"limit=\xe0\xa7\xa7", None),
        (b"limit=99999999999999999999", None),
    ],
)
def test_only_the_plainest_numbers_are_read(query: bytes, numbers: dict[str, int] | None) -> None:
    assert plain_numbers(query, MOST) == numbers


class Reads:
    """Says what it was asked for."""

    def __getattr__(self, name: str) -> Any:
        async def read(*args: Any, **numbers: int) -> bytes:
            told = [str(arg) for arg in args if isinstance(arg, UUID)]
            return " ".join([name, *told, *(f"{k}={v}" for k, v in numbers.items())]).encode()

        return read


async def ask(path: str, query: bytes = b"", method: str = "GET", kind: str = "http") -> str:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def routes(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"routes"})

    async def receive() -> Any:
        raise AssertionError

    deps = SimpleNamespace(lists=Reads(), room_reads=Reads())
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [],
        "state": {"deps": deps},
    }
    await HotLane(routes)(scope, receive, send)
    body: bytes = sent[1]["body"]
    if body != b"routes":
        assert dict(sent[0]["headers"]) == {
            b"content-length": str(len(body)).encode(),
            b"content-type": b"application/json",
        }
    return body.decode()


@pytest.mark.parametrize(
    ("path", "query", "read"),
    [
        ("/api/status/", b"", "status"),
        ("/api/rooms/", b"page=2&page_size=9", "rooms page=2 page_size=9"),
        ("/api/rooms/popular/", b"", "popular"),
        ("/api/public-rooms/", b"limit=5", "public limit=5"),
        (f"/api/rooms/{ROOM}/messages/", b"before=9", f"messages {ROOM} before=9"),
        (f"/api/rooms/{ROOM}/users/", b"page_size=200", f"users {ROOM} page_size=200"),
        (f"/api/rooms/{ROOM}/stats/", b"", f"stats {ROOM}"),
    ],
)
async def test_hot_reads_take_the_short_way(path: str, query: bytes, read: str) -> None:
    assert await ask(path, query) == read


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/rooms/", b"search=1"),
        ("/api/public-rooms/", b"cursor=WyJuIl0"),
        (f"/api/rooms/{ROOM}/messages/", b"after=1"),
        (f"/api/rooms/{ROOM}/messages/", b"limit=101"),
        (f"/api/rooms/{ROOM}/users/", b"limit=5"),
        (f"/api/rooms/{ROOM.upper()}/messages/", b""),
        (f"/api/rooms/{ROOM}/", b""),
        (f"/api/rooms/{ROOM}/nothing/", b""),
        (f"/api/rooms/{ROOM}/stats/more/", b""),
        ("/api/rooms/x/stats/", b""),
        ("/api/messages/", b""),
    ],
)
async def test_everything_else_goes_to_the_routes(path: str, query: bytes) -> None:
    assert await ask(path, query) == "routes"


async def test_other_methods_and_what_is_no_request_go_to_the_routes() -> None:
    assert await ask("/api/rooms/", method="POST") == "routes"
    assert await ask("/api/status/", kind="websocket") == "routes"
