"""Removes the messages of deleted rooms.

Every worker looks for such rooms; the oldest comes first, and of several workers who come to it at
once one goes on. A room goes in small transactions with pauses between, so that whoever stores new
messages is not held up, and one that a dead worker left is simply found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from shared.runtime.lifecycle import wait_for_event

if TYPE_CHECKING:
    import asyncio
    from uuid import UUID

    from shared.message_store.deleted_rooms import DeletedRooms

log = structlog.stdlib.get_logger()

MESSAGES_AT_ONCE: Final = 1000
PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Emptier:
    """Empties deleted rooms, one after the other."""

    rooms: DeletedRooms

    async def work(self, stop: asyncio.Event) -> None:
        """All rooms that are deleted now, until `stop` is set or another worker is at them."""
        while not stop.is_set():
            room = await self.rooms.next_room()
            if room is None or not await self._empty(room, stop):
                return

    async def _empty(self, room: UUID, stop: asyncio.Event) -> bool:
        """True when nothing is left, and it was this worker that removed the last of it."""
        total = after = 0
        while not stop.is_set():
            piece = await self.rooms.remove_messages(room, after, MESSAGES_AT_ONCE)
            if piece is None:
                return False
            total, after = total + piece.count, piece.upto
            if piece.is_last:
                log.info("room_emptied", room=str(room), count=total)
                return True
            await wait_for_event(stop, PAUSE_SECONDS)
        return False
