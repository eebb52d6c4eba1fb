"""The newest messages of all public rooms = PostgreSQL ∪ what is on its way there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.protocol.codec import decode_body
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from shared.message_log.unsaved_messages import UnsavedMessages
    from shared.message_store.message_reader import MessageReader
    from shared.protocol.codec import StoredMessage
    from shared.rooms.live_rooms import LiveRooms


@dataclass(frozen=True, slots=True)
class NewestPage:
    """Newest first; deleted messages are left out. `count` is a moment old."""

    messages: tuple[StoredMessage, ...]
    older_than: UUID | None
    """Place of the next page; None on the last one."""
    count: int


@dataclass(frozen=True, slots=True)
class NewestReader:
    """Raises Unavailable while Redis or PostgreSQL is away."""

    unsaved: UnsavedMessages
    store: MessageReader
    live: LiveRooms

    async def read(self, older_than: UUID | None, limit: int) -> NewestPage:
        """A page of messages with smaller ids than `older_than` (None: from the newest)."""
        # The queue before the table: what is on its way from one to the other is seen in one.
        waiting = await self.unsaved.newest(limit + 1, older_than, self._listed)
        with store_outage_as_unavailable():
            stored = await self.store.newest_public(limit + 1, older_than)
        found: dict[UUID, tuple[UUID, StoredMessage]] = {}
        for message in (*(message for _, message in waiting), *stored.messages):
            body = decode_body(message.body)
            message_id = UUID(body.message_id)
            if older_than is None or message_id < older_than:
                found[message_id] = (UUID(body.room_id), message)
        newest = sorted(found, reverse=True)
        page = newest[:limit]
        messages = await self._revised([found[message_id] for message_id in page])
        return NewestPage(
            tuple(message for message in messages if not message.deleted),
            page[-1] if len(newest) > limit else None,
            stored.count,
        )

    async def _listed(self, rooms: AbstractSet[UUID]) -> set[UUID]:
        found = await self.live.read_many(list(rooms))
        return {
            live.settings.id
            for live in found
            if live is not None and live.settings.is_public and not live.closed
        }

    async def _revised(self, places: list[tuple[UUID, StoredMessage]]) -> list[StoredMessage]:
        revisions = await self.unsaved.revisions([(room, m.seq) for room, m in places])
        return [m.revised_by(revisions.get((room, m.seq))) for room, m in places]
