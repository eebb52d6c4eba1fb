"""Connections, live: the columns, filters and search of the original, read from Redis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from sqladmin import BaseView, expose
from sqladmin.pagination import Pagination

from api_service.admin.filters import Option, RoomFilter, since
from api_service.admin.live import ConnectionFilter
from api_service.admin.roles import Role
from api_service.admin.view import page_number, shorten
from shared.domain.ids import parse_uuid
from shared.domain.times import datetime_of, micros_of
from shared.message_store.tables import Room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from api_service.admin.live import LiveConnection, LiveState
    from api_service.wiring import Deps

PAGE_SIZE: Final = 50
SHORT_ID: Final = 30
"""Characters of a connection's name in the list, as in the original."""

_ROOMS: Final = RoomFilter("room", Room.id)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    user: UUID
    username: str
    room: UUID
    room_name: str
    name: str
    connected: datetime | None


class ConnectionView(BaseView):
    """Everybody who is connected at this moment, once for each tab."""

    called = identity = "connections"
    sees: ClassVar[Role] = Role.VIEWER

    @expose("/connections", identity="connections")
    async def show(self, request: Request) -> Response:
        """The page of the list."""
        asked = request.query_params
        now = datetime_of(request.state.deps.clock.micros())
        room, start = (
            parse_uuid(asked.get("room", "").strip()),
            since(asked.get("created", ""), now),
        )
        term = asked.get("search", "").strip()
        live: LiveState = request.state.live_state
        complete = True
        if room is None and start is None and not term:
            page = max(1, page_number(asked.get("page"), 1))
            some, count = await live.page((page - 1) * PAGE_SIZE, PAGE_SIZE)
            pagination = Pagination([], page, PAGE_SIZE, count)
        else:
            moment = None if start is None else micros_of(start)
            wanted = ConnectionFilter(room, moment, term)
            some, complete = await live.find(wanted, PAGE_SIZE)
            pagination = Pagination([], 1, PAGE_SIZE, len(some))
        pagination.rows = await _rows(request.state.deps, live, some)
        pagination.add_pagination_urls(request.url)
        times = [Option(value, f"since.{value}") for value in ("today", "week", "month", "year")]
        context = {
            "pagination": pagination,
            "complete": complete,
            "filters": [("created", False, times), ("room", True, await _ROOMS.options(request))],
        }
        return await self.templates.TemplateResponse(request, "connections.html", context)


async def _rows(deps: Deps, live: LiveState, some: Sequence[LiveConnection]) -> list[Row]:
    people = await live.people(some)
    names = await room_names(deps, {one.room for one in some})
    rows = []
    for one in some:
        person, made = people.get(one.user), one.connected_micros
        rows.append(
            Row(
                user=one.user,
                username=person.username if person is not None else str(one.user),
                room=one.room,
                room_name=names.get(one.room, str(one.room)),
                name=shorten(str(one.id), SHORT_ID),
                connected=None if made is None else datetime_of(made),
            )
        )
    return rows


async def room_names(deps: Deps, rooms: set[UUID]) -> dict[UUID, str]:
    """Names of rooms that are in use, as Redis has them."""
    ids = list(rooms)
    live = await deps.live.read_many(ids) if ids else []
    return {room: one.settings.name for room, one in zip(ids, live, strict=True) if one is not None}
