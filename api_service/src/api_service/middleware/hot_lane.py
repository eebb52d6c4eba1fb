"""The short way for the reads that most requests are; see ADR-0008.

What is asked for in the plainest form is answered here. Whatever is not (other parameters, numbers
out of range, percent-encoding, another spelling of an id) goes to the routes, which hold the rules,
the documentation, and the answers to everything that is wrong. Both call the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol
from uuid import UUID

from api_service.requests import MAX_PAGE
from shared.domain.position import MAX_SEQ

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api_service.wiring import Deps

Bytes = Coroutine[None, None, bytes]
Numbers = dict[str, int]

_ROOM: Final = re.compile(
    r"/api/rooms/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/([a-z]+)/", re.ASCII
)
_NUMBER: Final = re.compile(rb"([a-z_]+)=([1-9][0-9]{0,15})")
_JSON: Final = (b"content-type", b"application/json")


class _Route(NamedTuple):
    """What the routes leave in the scope for who counts: the template of the path."""

    path_format: str


class _ListRead(Protocol):
    def __call__(self, deps: Deps, scope: Scope, numbers: Numbers) -> Bytes: ...


class _RoomRead(Protocol):
    def __call__(self, deps: Deps, scope: Scope, room: UUID, numbers: Numbers) -> Bytes: ...


_PAGE: Final = {"page": MAX_PAGE, "page_size": 100}
_LISTS: Final[Mapping[str, tuple[_ListRead, Mapping[str, int]]]] = {
    "/api/status/": (lambda deps, _scope, _n: deps.lists.status(), {}),
    "/api/rooms/": (lambda deps, scope, n: deps.lists.rooms(scope, **n), _PAGE),
    "/api/rooms/popular/": (lambda deps, _scope, _n: deps.lists.popular(), {}),
    "/api/public-rooms/": (lambda deps, _scope, n: deps.lists.public(**n), {"limit": 100}),
}
"""What is read by path, and the greatest value of each of its parameters."""

_ROOMS: Final[Mapping[str, tuple[_RoomRead, Mapping[str, int]]]] = {
    "messages": (
        lambda deps, _scope, room, n: deps.room_reads.messages(room, **n),
        {"before": MAX_SEQ, "limit": 100},
    ),
    "users": (
        lambda deps, scope, room, n: deps.room_reads.users(scope, room, **n),
        {"page": MAX_PAGE, "page_size": 200},
    ),
    "stats": (lambda deps, _scope, room, _n: deps.room_reads.stats(room), {}),
}
"""The same by the last part of a room's path."""

_ROUTES: Final = {
    **{path: _Route(path) for path in _LISTS},
    **{name: _Route(f"/api/rooms/{{room_id}}/{name}/") for name in _ROOMS},
}


class HotLane:
    """Lets through what it does not answer. Errors are for the layer around it to answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        reading = _reading(scope) if scope["type"] == "http" else None
        if reading is None:
            await self._app(scope, receive, send)
            return
        body = await reading
        headers = [(b"content-length", str(len(body)).encode()), _JSON]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _reading(scope: Scope) -> Bytes | None:
    if scope["method"] != "GET":
        return None
    path: str = scope["path"]
    deps: Any = scope["state"]["deps"]
    if path in _LISTS:
        read_list, most = _LISTS[path]
        numbers = plain_numbers(scope["query_string"], most)
        if numbers is None:
            return None
        scope["route"] = _ROUTES[path]
        return read_list(deps, scope, numbers)
    found = _ROOM.fullmatch(path)
    if found is None or found[2] not in _ROOMS:
        return None
    read_room, most = _ROOMS[found[2]]
    numbers = plain_numbers(scope["query_string"], most)
    if numbers is None:
        return None
    scope["route"] = _ROUTES[found[2]]
    return read_room(deps, scope, UUID(found[1]), numbers)


def plain_numbers(query: bytes, most: Mapping[str, int]) -> Numbers | None:
    """The parameters of a query, if they are some of `most`, each once and from 1 up to that."""
    numbers: Numbers = {}
    if not query:
        return numbers
    for part in query.split(b"&"):
        found = _NUMBER.fullmatch(part)
        if found is None:
            return None
        name, value = found[1].decode(), int(found[2])
        if name in numbers or value > most.get(name, 0):
            return None
        numbers[name] = value
    return numbers
