"""Changing and deleting a message, wherever it is by now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain.ids import uuid7_micros
from shared.message_log.message_log import MessageLog
from shared.message_log.outcomes import RoomNotLoaded
from shared.protocol.codec import MessageBody, StoredMessage, decode_body
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from shared.message_store.message_reader import MessageReader
    from shared.usecases.open_room import RoomOpener
    from shared.usecases.post_message import CheckedDraft


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message with its body read."""

    room: UUID
    message: StoredMessage
    body: MessageBody


@dataclass(frozen=True, slots=True)
class MessageEditor:
    """Raises Unavailable while a server that is needed is away."""

    log: MessageLog
    store: MessageReader
    rooms: RoomOpener

    async def find(self, message_id: UUID) -> FoundMessage:
        """The newest state of a message.

        Raises:
            ChatError: `message_not_found`; also when it, or its room, was deleted.
        """
        found = await self._find_anywhere(message_id)
        if found is None or found.message.deleted:
            raise ChatError(ErrorCode.MESSAGE_NOT_FOUND, message_id=str(message_id))
        return found

    async def change(self, found: FoundMessage, draft: CheckedDraft) -> FoundMessage:
        """Gives a message another content.

        Raises:
            ChatError: `conflict`, somebody changed it meanwhile; or `message_not_found`.
        """
        body = found.body._replace(
            message=draft.content,
            message_type=draft.message_type,
            file_url=draft.file_url,
        )
        return await self._revise(found, body, delete=False)

    async def delete(self, found: FoundMessage) -> None:
        """Empties a message and hides it.

        Raises:
            ChatError: `message_not_found`, it was deleted already.
        """
        body = found.body._replace(message="", file_url=None)
        await self._revise(found, body, delete=True)

    async def _revise(
        self, found: FoundMessage, body: MessageBody, *, delete: bool
    ) -> FoundMessage:
        async def revise() -> StoredMessage:
            return await self.log.revise(found.room, found.message, body, delete=delete)

        try:
            message = await revise()
        except RoomNotLoaded:
            await self.rooms.open(found.room)
            message = await revise()
        return FoundMessage(found.room, message, body)

    async def _find_anywhere(self, message_id: UUID) -> FoundMessage | None:
        try:
            found = await self._find_stored(message_id)
        except Unavailable:
            # Without PostgreSQL, what is still on its way to it can be found.
            found = await self._find_unsaved(message_id)
            if found is None:
                raise
            return found
        # Not there yet: in the queue, or by now, having left that, in the table.
        return found or await self._find_unsaved(message_id) or await self._find_stored(message_id)

    async def _find_unsaved(self, message_id: UUID) -> FoundMessage | None:
        try:
            made_ms = uuid7_micros(message_id) // 1000
        except ValueError:
            return None  # not an id of ours, so nowhere in the queue
        place = await self.log.find_unsaved(message_id, made_ms)
        if place is None:
            return None
        room, seq = place
        live = await self.rooms.live.read(room)
        if live is None or live.closed:
            return None  # PostgreSQL decides; it drops what arrives for a deleted room
        try:
            page = await self.log.after(room, seq - 1, 1)
        except RoomNotLoaded:
            return None
        if not page.messages or page.messages[0].seq != seq:
            return None
        message = page.messages[0]
        body = decode_body(message.body)
        return FoundMessage(room, message, body) if body.message_id == str(message_id) else None

    async def _find_stored(self, message_id: UUID) -> FoundMessage | None:
        with store_outage_as_unavailable():
            message = await self.store.message_by_id(message_id)
        if message is None:
            return None
        body = decode_body(message.body)
        room = UUID(body.room_id)
        revision = (await self.log.revisions(room, [message.seq])).get(message.seq)
        message = message.revised_by(revision)
        return FoundMessage(room, message, decode_body(message.body))
