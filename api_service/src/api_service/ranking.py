"""Listed rooms in the order of people online, then the newest, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_service.pagination import NewestCursor, OnlineCursor
from api_service.presenting import RoomFacts
from shared.message_store.room_directory import RoomCursor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.message_store.records import RoomRecord
    from shared.message_store.room_directory import RoomDirectory
    from shared.rooms.live_rooms import LiveRooms

Cursor = OnlineCursor | NewestCursor


async def facts_of(live: LiveRooms, records: Sequence[RoomRecord]) -> list[RoomFacts]:
    """Rooms from PostgreSQL with the numbers that Redis has of them.

    Raises:
        Unavailable: Redis is away.
    """
    counts = await live.online_counts([record.settings.id for record in records])
    return [
        RoomFacts(record.settings, online, record.total_messages if total is None else total)
        for record, (online, total) in zip(records, counts, strict=True)
    ]


async def ranked_rooms(
    live: LiveRooms, directory: RoomDirectory, cursor: Cursor | None, limit: int
) -> tuple[list[RoomFacts], Cursor | None]:
    """A page of rooms, and the place of the next one; None on the last.

    Raises:
        Unavailable, StoreUnavailable: a server that is needed is away.
    """
    ranked = await live.ranked_public()
    busy: list[RoomFacts] = []
    after = None
    if isinstance(cursor, NewestCursor):
        after = RoomCursor(cursor.created_micros, cursor.room)
    else:
        busy = await _with_people(live, _behind(ranked, cursor), limit + 1)
        if len(busy) > limit:
            return busy[:limit], OnlineCursor(busy[limit - 1].online, busy[limit - 1].settings.id)
    room_left = limit - len(busy)
    listed = {room for room, _ in ranked}
    # So many that enough are left when all the busy ones are among them.
    records = await directory.public_rooms_after(after, room_left + 1 + len(listed))
    behind = [record for record in records if record.settings.id not in listed]
    quiet = await facts_of(live, behind[: room_left + 1])
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


async def _with_people(
    live: LiveRooms, ranked: list[tuple[UUID, int]], limit: int
) -> list[RoomFacts]:
    top = ranked[:limit]
    rooms = await live.read_many([room for room, _ in top])
    return [
        RoomFacts(room.settings, online, room.total)
        for room, (_, online) in zip(rooms, top, strict=True)
        if room is not None and not room.closed
    ]
