"""History = PostgreSQL ∪ the log in Redis, merged by seq.

What PostgreSQL does not have yet is never trimmed from the log, so reading the log first and the
rest from PostgreSQL leaves no hole: whatever left the log before it was read is committed.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.message_log.message_log import HotPage, MessageLog
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.errors import Unavailable
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.domain.position import Position
    from shared.message_store.message_reader import MessageReader
    from shared.protocol.codec import StoredMessage
    from shared.usecases.open_room import RoomOpener

RECOVERY_LIMIT: Final = 1000
"""Who missed more reloads: the cost of a reconnect is bounded."""

RECOVERY_BYTES: Final = 512 * 1024
PAGE_BYTES: Final = 128 * 1024
"""Of a page for a socket, where nothing else is heard while it comes: at 20 KB/s it takes less than
the eight seconds after which a silent line counts as dead. A page of chat is a tenth of it.
"""
FALLBACK_MESSAGES: Final = 50

CHANGES_OVERLAP_MICROS: Final = 60_000_000
"""Changes from so long before the newest message that a client has are told again: its replica may
have missed one, and the client may have left before the replica noticed.
"""


def within_bytes(messages: Sequence[StoredMessage], most_bytes: int) -> list[StoredMessage]:
    """The first of `messages` whose bodies together have at most `most_bytes`."""
    kept: list[StoredMessage] = []
    for message in messages:
        most_bytes -= len(message.body)
        if most_bytes < 0:
            break
        kept.append(message)
    return kept


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a room's history; deleted messages are left out. `total` counts the whole room."""

    messages: tuple[StoredMessage, ...]
    has_more: bool
    total: int
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a client missed, oldest first; `complete` says whether that is all of it."""

    complete: bool
    epoch: str
    seq: int
    messages: tuple[StoredMessage, ...]
    revisions: tuple[StoredMessage, ...] = ()
    """Changes, since the position, of messages before it; the oldest change first."""


@dataclass(frozen=True, slots=True)
class HistoryReader:
    """Reads parts of a room's history.

    Raises Unavailable while Redis is away, or PostgreSQL where older messages need it; ChatError
    `room_not_found`.
    """

    log: MessageLog
    store: MessageReader
    rooms: RoomOpener

    async def before(self, room: UUID, seq: int | None, limit: int) -> Page:
        """Newest first, older than `seq` (None: from the newest)."""
        page = hot = await self._hot(room, "before", seq, limit + 1)
        found = [m for m in hot.messages if not m.deleted]
        edge = hot.messages[-1].seq if hot.messages else seq
        # What the log still has may be nowhere else, so it is read to its end first.
        while len(found) <= limit < len(page.messages):
            page = await self._hot(room, "before", edge, limit + 1)
            found += [m for m in page.messages if not m.deleted]
            edge = page.messages[-1].seq if page.messages else edge
        # The log may end before the page does; PostgreSQL has all that is older.
        while len(found) <= limit and (edge is None or edge > 1):
            rows = await self._stored_before(room, hot, edge, limit + 1)
            found += [m for m in rows if not m.deleted]
            if len(rows) <= limit:
                break
            edge = rows[-1].seq
        return Page(tuple(found[:limit]), len(found) > limit, hot.total, hot.epoch, hot.seq)

    async def after(self, room: UUID, seq: int, limit: int) -> Page:
        """Oldest first, newer than `seq`."""
        head = await self._hot(room, "after", seq, limit + 1)
        page, edge = head, seq
        found: list[StoredMessage] = []
        while True:
            first_hot = page.messages[0].seq if page.messages else page.seq + 1
            older = await self._stored_between(
                room, page, edge, first_hot, limit + 1, deleted=False
            )
            found += [m for m in older if not m.deleted]
            rest = page.messages if len(older) <= limit else ()
            found += [m for m in rest if not m.deleted]
            if len(found) > limit or (len(older) <= limit and len(rest) <= limit):
                break
            # Deleted ones left the page short. The log may have been trimmed meanwhile.
            edge = (*older, *rest)[-1].seq
            page = await self._hot(room, "after", edge, limit + 1)
        return Page(tuple(found[:limit]), len(found) > limit, head.total, head.epoch, head.seq)

    async def recover(
        self, room: UUID, position: Position, upto: Position, most_bytes: int = RECOVERY_BYTES
    ) -> Recovery:
        """All between `position` and `upto` (inclusive), or the newest if that cannot be had.

        Never more than `most_bytes` of messages: what does not fit counts as not to be had, and so
        does what only PostgreSQL knows while it is away.
        """
        page = await self._hot(room, "after", position.seq, RECOVERY_LIMIT)
        missing = upto.seq - position.seq
        if page.epoch == position.epoch == upto.epoch and 0 <= missing <= RECOVERY_LIMIT:
            found = [m for m in page.messages if m.seq <= upto.seq]
            first = found[0].seq if found else upto.seq + 1
            with suppress(Unavailable):  # PostgreSQL's: the log was just read
                older = await self._stored_between(room, page, position.seq, first, RECOVERY_LIMIT)
                found = older + found
            whole = [m.seq for m in found] == list(range(position.seq + 1, upto.seq + 1))
            fits = len(within_bytes(found, most_bytes)) == len(found)
            changes = await self._changes_before(room, page, position) if whole and fits else None
            if changes is not None:
                return Recovery(
                    complete=True,
                    epoch=page.epoch,
                    seq=upto.seq,
                    messages=tuple(found),
                    revisions=changes,
                )
        return await self.newest(room, upto, most_bytes)

    async def newest(
        self, room: UUID, upto: Position | None = None, most_bytes: int = RECOVERY_BYTES
    ) -> Recovery:
        """The newest messages: 50, or fewer if they do not fit or cannot be had now.

        Up to `upto`, if its epoch still holds: the numbers of another one say nothing of it.

        Raises:
            Unavailable: Redis is away; PostgreSQL is not needed.
        """
        found = await self._newest_page(room, upto)
        if upto is not None and found.epoch != upto.epoch:
            upto, found = None, await self._newest_page(room, None)
        living = [m for m in found.messages if not m.deleted]
        kept = within_bytes(living, min(most_bytes, PAGE_BYTES))
        return Recovery(
            complete=False,
            epoch=found.epoch,
            seq=found.seq if upto is None else upto.seq,
            messages=tuple(reversed(kept)),
        )

    async def _newest_page(self, room: UUID, upto: Position | None) -> Page | HotPage:
        before = None if upto is None else upto.seq + 1
        try:
            return await self.before(room, before, FALLBACK_MESSAGES)
        except Unavailable:
            return await self._hot(room, "before", before, FALLBACK_MESSAGES)

    async def _changes_before(
        self, room: UUID, page: HotPage, position: Position
    ) -> tuple[StoredMessage, ...] | None:
        """What changed, while the client was away, of what it has; None if not all is known."""
        if not (page.revised or page.changed_micros):
            return ()
        newest = await self._time_of(room, position.seq)
        if newest is None:
            return ()
        changes = await self.log.changes(room, newest - CHANGES_OVERLAP_MICROS, RECOVERY_LIMIT)
        if not changes.whole:
            return None
        return tuple(message for message in changes.messages if message.seq <= position.seq)

    async def _time_of(self, room: UUID, seq: int) -> int | None:
        """When the newest message up to `seq` was sent, µs; None if there is none any more.

        0 where that cannot be told, since PostgreSQL is away.
        """
        messages: Sequence[StoredMessage]
        messages = (await self._hot(room, "before", seq + 1, 1)).messages
        if not messages:
            try:
                with store_outage_as_unavailable():
                    messages = await self.store.messages_before(room, seq + 1, 1)
            except Unavailable:
                return 0
        return messages[0].micros if messages else None

    async def _hot(self, room: UUID, mode: str, seq: int | None, limit: int) -> HotPage:
        async def read() -> HotPage:
            if mode == "before":
                return await self.log.before(room, seq, limit)
            return await self.log.after(room, seq or 0, limit)

        try:
            return await read()
        except RoomNotLoaded:
            await self.rooms.open(room)
            return await read()

    async def _stored_before(
        self, room: UUID, hot: HotPage, seq: int | None, limit: int
    ) -> list[StoredMessage]:
        with store_outage_as_unavailable():
            rows = await self.store.messages_before(room, seq, limit, deleted=False)
        return await self._revised(room, hot, rows)

    async def _stored_between(
        self,
        room: UUID,
        hot: HotPage,
        after: int,
        before: int,
        limit: int,
        *,
        deleted: bool = True,
    ) -> list[StoredMessage]:
        """Stored messages between two seqs, both exclusive, oldest first."""
        if after + 1 >= before:
            return []
        with store_outage_as_unavailable():
            rows = await self.store.messages_after(room, after, limit, deleted=deleted)
        return await self._revised(room, hot, [m for m in rows if m.seq < before])

    async def _revised(
        self, room: UUID, hot: HotPage, rows: Sequence[StoredMessage]
    ) -> list[StoredMessage]:
        if not hot.revised:
            return list(rows)
        revisions = await self.log.revisions(room, [m.seq for m in rows])
        return [m.revised_by(revisions.get(m.seq)) for m in rows]
