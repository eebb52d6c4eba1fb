"""What is in a room, as the bytes of answers.

Each request asks Redis where the room stands (shared by all who ask that just then), and that place
says whether what is kept still holds: the numbers of its newest message (`seq`), of the changes of
messages (`ev`) and of the roster (`rv`), within an epoch. A message that was acknowledged, changed
or deleted before a request came is so in its answer, on every replica.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from api_service.pagination import NO_LINKS, numbered_links
from api_service.public_url import public_origin
from api_service.reads.kept_answers import KeptAnswers
from api_service.reads.pieces import (
    MessagePiece,
    join_messages,
    join_people,
    message_piece,
    object_of,
    people_pieces,
    presences,
)
from api_service.reads.shared_answers import SharedAnswers
from shared.domain.times import format_micros

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from starlette.types import Scope

    from shared.presence.presence import Presence
    from shared.protocol.codec import StoredMessage
    from shared.rooms.live_rooms import LiveRoom, LiveRooms
    from shared.runtime.clock import Clock
    from shared.usecases.open_room import RoomOpener
    from shared.usecases.read_history import HistoryReader

PAGE: Final = 100
"""Messages in an answer, at most and by default."""

PEOPLE: Final = 200
"""The same for people."""

NEWEST_MESSAGES: Final = 5
"""In the statistics of a room."""

KEEP_SECONDS: Final = 30.0
"""How long what its place says to hold is kept: an upper bound, should a place ever be wrong, as
after a failover that has lost messages and before the first one that follows."""

SEEN_SECONDS: Final = 1.0
"""How old may be what a page of messages tells of when its authors were last seen."""

MESSAGE_BYTES: Final = 32 * 1024 * 1024
PEOPLE_BYTES: Final = 8 * 1024 * 1024

_NEWEST_SIZES: Final = (10, 50, PAGE)
_RUN: Final = 2 * PAGE


@dataclass(frozen=True, slots=True)
class _Run:
    """Messages one after the other, newest first, and whether there are older ones."""

    pieces: tuple[MessagePiece, ...]
    has_more: bool
    total: int
    """Of the room, when they were read."""

    @property
    def authors(self) -> list[UUID]:
        return [UUID(author) for author in {piece.author for piece in self.pieces}]


@dataclass(frozen=True, slots=True)
class _Place:
    """Which run has what is asked for."""

    room: UUID
    edge: int | None
    """Its messages are older than this seq; None: the newest."""
    size: int

    def stamp(self, live: LiveRoom) -> Hashable:
        """What of a room's place the run depends on: older ones not on newer messages."""
        newest = live.seq if self.edge is None else None
        return live.epoch, live.ev, newest


@dataclass(frozen=True, slots=True)
class _Roster:
    pieces: tuple[bytes, ...]
    total: int


class RoomReads:
    """Every method raises ChatError `room_not_found`; Unavailable while a needed server is away."""

    def __init__(
        self,
        rooms: RoomOpener,
        history: HistoryReader,
        presence: Presence,
        live: LiveRooms,
        clock: Clock,
        trusted_hops: int,
    ) -> None:
        self._rooms = rooms
        self._history = history
        self._presence = presence
        self._live = live
        self._clock = clock
        self._trusted_hops = trusted_hops
        self._places = SharedAnswers["LiveRoom"]("place of a room")
        self._runs = KeptAnswers[_Run](
            "run of messages",
            clock,
            seconds=KEEP_SECONDS,
            most_bytes=MESSAGE_BYTES,
            size_of=lambda run: sum(piece.size for piece in run.pieces),
        )
        self._seen = KeptAnswers[dict[str, bytes]](
            "authors seen",
            clock,
            seconds=SEEN_SECONDS,
            most_bytes=PEOPLE_BYTES,
            size_of=lambda seen: 256 * (1 + len(seen)),
        )
        self._rosters = KeptAnswers[_Roster](
            "roster",
            clock,
            seconds=KEEP_SECONDS,
            most_bytes=PEOPLE_BYTES,
            size_of=lambda roster: sum(100 + len(piece) for piece in roster.pieces),
        )
        self._online = KeptAnswers[int](
            "people online",
            clock,
            seconds=KEEP_SECONDS,
            most_bytes=PEOPLE_BYTES,
            size_of=lambda _: 256,
        )

    async def messages(self, room: UUID, *, before: int | None = None, limit: int = PAGE) -> bytes:
        """`RoomMessagesView`: the newest messages that are older than `before`."""
        live = await self._place_of(room)
        messages, has_more, total = await self._page(live, before, limit)
        return _messages_answer(live, messages, total, has_more=has_more)

    async def messages_after(
        self, room: UUID, after: int, *, before: int | None = None, limit: int = PAGE
    ) -> bytes:
        """The same of messages newer than `after`: the page that follows it, without `before`."""
        live = await self._place_of(room)
        if before is None:
            page = await self._history.after(room, after, limit)
            found, has_more = list(reversed(page.messages)), page.has_more
        else:
            page = await self._history.before(room, before, limit)
            found = [m for m in page.messages if m.seq > after]
            has_more = page.has_more and len(found) == len(page.messages)
        run = _run_of(found, page.total, has_more=has_more)
        messages = join_messages(run.pieces, await self._presences_of(run))
        return _messages_answer(live, messages, page.total, has_more=has_more)

    async def users(
        self, scope: Scope, room: UUID, *, page: int = 1, page_size: int = PEOPLE
    ) -> bytes:
        """`RoomUsersView`.

        Raises:
            ChatError: `not_found`, there is no such page.
        """
        live = await self._place_of(room)

        async def ask() -> _Roster:
            people, total = await self._presence.page(room, (page - 1) * page_size, page_size)
            return _Roster(people_pieces(people), total)

        found = await self._rosters.get((room, page, page_size), (live.epoch, live.rv), ask)
        links = NO_LINKS
        if page > 1 or found.total > page_size:
            origin = public_origin(scope, self._trusted_hops)
            links = numbered_links(scope, origin, page, page_size, found.total)
        people = join_people(found.pieces, self._clock.micros())
        tail = {"total_online": found.total, "next": links.next, "previous": links.previous}
        head = object_of({"room_id": str(room)}, "online_users", people)
        return head[:-1] + b"," + orjson.dumps(tail)[1:]

    async def stats(self, room: UUID) -> bytes:
        """`RoomStatsView`."""
        live = await self._place_of(room)
        settings = live.settings
        messages, _, total = await self._page(live, None, NEWEST_MESSAGES)
        fields: dict[str, Any] = {
            "room_id": str(room),
            "room_name": settings.name,
            "online_users": await self._online.get(
                room, (live.epoch, live.rv), lambda: self._count_online(room)
            ),
            "total_messages": total,
            "max_users": settings.max_users,
            "is_public": settings.is_public,
            "created_at": format_micros(settings.created_micros),
            "updated_at": format_micros(settings.updated_micros),
        }
        return object_of(fields, "recent_messages", messages)

    async def _place_of(self, room: UUID) -> LiveRoom:
        return await self._places.get(room, lambda: self._rooms.open(room))

    async def _page(
        self, live: LiveRoom, before: int | None, limit: int
    ) -> tuple[bytes, bool, int]:
        """Messages older than `before`, whether there are more, and how many the room has."""
        place = _place_for(live, before, limit)
        stamp = place.stamp(live)
        run = await self._runs.get(place, stamp, lambda: self._read_run(place))
        present = await self._seen.get(place, stamp, lambda: self._presences_of(run))
        pieces = run.pieces
        start = 0 if before is None else bisect_right(pieces, -before, key=lambda p: -p.seq)
        messages = join_messages(pieces[start : start + limit], present)
        has_more = run.has_more or len(pieces) > start + limit
        return messages, has_more, run.total if place.edge is None else live.total

    async def _read_run(self, place: _Place) -> _Run:
        page = await self._history.before(place.room, place.edge, place.size)
        return _run_of(page.messages, page.total, has_more=page.has_more)

    async def _presences_of(self, run: _Run) -> dict[str, bytes]:
        seen = await self._presence.last_seen(run.authors) if run.pieces else {}
        return presences(seen, self._clock.micros())

    async def _count_online(self, room: UUID) -> int:
        [(online, _)] = await self._live.online_counts([room])
        return online


def _run_of(messages: Sequence[StoredMessage], total: int, *, has_more: bool) -> _Run:
    return _Run(tuple(message_piece(message) for message in messages), has_more, total)


def _place_for(live: LiveRoom, before: int | None, limit: int) -> _Place:
    """Few places for all the cursors there are, so that many readers meet in one run.

    A run that ends at a multiple of the page's length has a page for each cursor within it.
    """
    room = live.settings.id
    if before is None:
        return _Place(room, None, next(size for size in _NEWEST_SIZES if size >= limit))
    edge = -(-before // PAGE) * PAGE
    return _Place(room, edge if edge <= live.seq + 1 else None, _RUN)


def _messages_answer(live: LiveRoom, messages: bytes, total: int, *, has_more: bool) -> bytes:
    head = {"room_id": str(live.settings.id), "room_name": live.settings.name}
    tail = {"total_messages": total, "has_more": has_more}
    return object_of(head, "messages", messages)[:-1] + b"," + orjson.dumps(tail)[1:]
