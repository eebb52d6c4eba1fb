"""Listed rooms in the order of people online, then the newest, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_service.pagination import NewestCursor, OnlineCursor
from api_service.presenting import RoomFacts
from api_service.room_settings import facts_of
from shared.message_store.room_directory import RoomCursor

if TYPE_CHECKING:
    from uuid import UUID

    from api_service.wiring import Deps

Cursor = OnlineCursor | NewestCursor


async def ranked_rooms(
    deps: Deps, cursor: Cursor | None, limit: int
) -> tuple[list[RoomFacts], Cursor | None]:
    """A page of rooms, and the place of the next one; None on the last.

    Raises:
        Unavailable, StoreUnavailable: a server that is needed is away.
    """
    ranked = await deps.live.ranked_public()
    busy: list[RoomFacts] = []
    after = None
    if isinstance(cursor, NewestCursor):
        after = RoomCursor(cursor.created_micros, cursor.room)
    else:
        busy = await _with_people(deps, _behind(ranked, cursor), limit + 1)
        if len(busy) > limit:
            return busy[:limit], OnlineCursor(busy[limit - 1].online, busy[limit - 1].settings.id)
    room_left = limit - len(busy)
    quiet = await _without_people(deps, after, {room for room, _ in ranked}, room_left + 1)
    page = busy + quiet[:room_left]
    if len(quiet) <= room_left:
        return page, None
    last = page[-1]
    if room_left == 0:
        return page, OnlineCursor(last.online, last.settings.id)
    return page, NewestCursor(last.settings.created_micros, last.settings.id)


def _behind(ranked: list[tuple[UUID, int]], cursor: Cursor | None) -> list[tuple[UUID, int]]:
    if not isinstance(cursor, OnlineCursor):
        return ranked
    edge = (-cursor.online, cursor.room.int)
    return [(room, online) for room, online in ranked if (-online, room.int) > edge]


async def _with_people(deps: Deps, ranked: list[tuple[UUID, int]], limit: int) -> list[RoomFacts]:
    top = ranked[:limit]
    rooms = await deps.live.read_many([room for room, _ in top])
    return [
        RoomFacts(live.settings, online, live.total)
        for live, (_, online) in zip(rooms, top, strict=True)
        if live is not None and not live.closed
    ]


async def _without_people(
    deps: Deps, after: RoomCursor | None, busy: set[UUID], limit: int
) -> list[RoomFacts]:
    # So many that enough are left when all the busy ones are among them.
    records = await deps.room_directory.public_rooms_after(after, limit + len(busy))
    quiet = [record for record in records if record.settings.id not in busy]
    return await facts_of(deps, quiet[:limit])
