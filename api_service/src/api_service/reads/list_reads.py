"""Lists of rooms and the sums over everything, as the bytes of answers.

They change with every join and message anywhere, so there is no place to ask for; all who ask
within half a second share an answer instead. What is changed through this process is in the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from api_service.pagination import NO_LINKS, decode_cursor, encode_cursor, numbered_links
from api_service.presenting import public_room_view, room_view
from api_service.public_url import public_origin
from api_service.ranking import facts_of, ranked_rooms
from api_service.reads.kept_answers import KeptAnswers
from shared.domain.times import format_micros
from shared.protocol.codec import encode
from shared.protocol.views import (
    PopularRoomsView,
    PublicRoomsView,
    Statistics,
    SystemStatusView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

    from starlette.types import Scope

    from shared.message_store.room_directory import RoomDirectory
    from shared.rooms.live_rooms import LiveRooms
    from shared.runtime.clock import Clock

SHARED_SECONDS: Final = 0.5
MOST_LISTS: Final = 1000
LIST_BYTES: Final = 8 * 1024 * 1024
PAGE: Final = 100
MOST_POPULAR: Final = 10


@dataclass(frozen=True, slots=True)
class _Listed:
    body: bytes
    count: int = 0


class ListReads:
    """Every method raises Unavailable or StoreUnavailable while a server is away."""

    def __init__(
        self, live: LiveRooms, directory: RoomDirectory, clock: Clock, trusted_hops: int
    ) -> None:
        self._live = live
        self._directory = directory
        self._clock = clock
        self._trusted_hops = trusted_hops
        self._changes = 0
        self._lists = KeptAnswers[_Listed](
            "list",
            clock,
            seconds=SHARED_SECONDS,
            most_bytes=LIST_BYTES,
            most_entries=MOST_LISTS,
            size_of=lambda listed: 512 + len(listed.body),
        )

    def forget(self) -> None:
        """Something was changed through this process; who asks now sees it."""
        self._changes += 1

    async def rooms(
        self, scope: Scope, *, page: int = 1, page_size: int = PAGE, search: str | None = None
    ) -> bytes:
        """`RoomPageView`.

        Raises:
            ChatError: `not_found`, there is no such page.
        """

        async def ask() -> _Listed:
            found = await self._directory.list_rooms(page, page_size, search)
            facts = await facts_of(self._live, found.rooms)
            return _Listed(b",".join(encode(room_view(room)) for room in facts), found.count)

        found = await self._shared(("rooms", page, page_size, search), ask)
        links = NO_LINKS
        if page > 1 or found.count > page_size:
            origin = public_origin(scope, self._trusted_hops)
            links = numbered_links(scope, origin, page, page_size, found.count)
        head = {"count": found.count, "next": links.next, "previous": links.previous}
        return orjson.dumps(head)[:-1] + b',"results":[' + found.body + b"]}"

    async def popular(self) -> bytes:
        """`PopularRoomsView`."""

        async def ask() -> _Listed:
            facts, _ = await ranked_rooms(self._live, self._directory, None, MOST_POPULAR)
            rooms = [room_view(room) for room in facts]
            return _Listed(encode(PopularRoomsView(count=len(rooms), rooms=rooms)))

        return (await self._shared("popular", ask)).body

    async def public(self, *, cursor: str | None = None, limit: int = PAGE) -> bytes:
        """`PublicRoomsView`.

        Raises:
            RuleViolation: cursor, malformed: not one of ours.
        """
        place = None if not cursor else decode_cursor(cursor)

        async def ask() -> _Listed:
            facts, following = await ranked_rooms(self._live, self._directory, place, limit)
            view = PublicRoomsView(
                count=await self._directory.count_public(),
                rooms=[public_room_view(room) for room in facts],
                next_cursor=None if following is None else encode_cursor(following),
            )
            return _Listed(encode(view))

        return (await self._shared(("public", place, limit), ask)).body

    async def status(self) -> bytes:
        """`SystemStatusView`."""

        async def ask() -> _Listed:
            now = self._clock.micros()
            stored = await self._directory.totals()
            online = await self._live.totals(now // 1000)
            view = SystemStatusView(
                server_time="",
                statistics=Statistics(
                    total_rooms=stored.rooms,
                    total_users=stored.users,
                    total_messages=stored.messages,
                    online_users=online.users,
                    active_rooms=online.rooms,
                ),
            )
            return _Listed(encode(view))

        found = await self._shared("status", ask)
        now = format_micros(self._clock.micros()).encode()
        return found.body.replace(b'"server_time":""', b'"server_time":"' + now + b'"', 1)

    async def _shared(
        self, key: Hashable, ask: Callable[[], Coroutine[None, None, _Listed]]
    ) -> _Listed:
        return await self._lists.get(key, self._changes, ask)
