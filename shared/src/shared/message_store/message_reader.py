"""Messages in PostgreSQL, read back into the form in which they travel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, Select, desc, exists, select

from shared.domain.times import micros_of
from shared.message_store.tables import Message, Room
from shared.message_store.totals import read_counters
from shared.protocol.codec import MessageBody, StoredMessage, encode_body

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from shared.message_store.database import Database

_MAX_SEQ: Final = 2**63 - 1

MESSAGE_COLUMNS: Final = (
    Message.room_id,
    Message.seq,
    Message.id,
    Message.user_id,
    Message.username,
    Message.color,
    Message.content,
    Message.message_type,
    Message.file_url,
    Message.reply_to,
    Message.client_id,
    Message.created_at,
    Message.revision,
    Message.edited_at,
    Message.deleted_at,
)
"""What `stored_message` needs of a row."""

IN_A_ROOM: Final = Message.room_id.not_in(
    select(Room.id).where(Room.deleted_at.is_not(None), Room.emptied_at.is_(None))
)
"""Of messages: their room was not deleted. A worker removes those of a deleted one by and by, and
nobody is to read them until then. A room that is not stored yet is none that was deleted.

Asked once for a whole statement, by an index of those few. As a join PostgreSQL would take it for
so rare that it reads all messages there are and sorts them, for a page of fifty."""


@dataclass(frozen=True, slots=True)
class NewestMessages:
    """One page over all public rooms, newest first."""

    messages: tuple[StoredMessage, ...]
    count: int
    """Messages of all rooms, unlisted ones too: a bound for paging, kept without counting."""


class MessageReader:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer.

    Where deleted messages are returned, they are flagged and have no content. Those of a deleted
    room are never returned.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages_before(
        self, room_id: UUID, before_seq: int | None, limit: int, *, deleted: bool = True
    ) -> list[StoredMessage]:
        """Newest first, older than `before_seq` (None: from the newest).

        With `deleted` also those; without, PostgreSQL steps over them, however many they are.
        """
        statement = select(*MESSAGE_COLUMNS).where(Message.room_id == room_id, _is_there(room_id))
        if not deleted:
            statement = statement.where(Message.deleted_at.is_(None))
        if before_seq is not None:
            statement = statement.where(Message.seq < min(before_seq, _MAX_SEQ))
        return await self._read(statement.order_by(desc(Message.seq)).limit(limit))

    async def messages_after(
        self, room_id: UUID, after_seq: int, limit: int, *, deleted: bool = True
    ) -> list[StoredMessage]:
        """Oldest first, newer than `after_seq`; `deleted` as in `messages_before`."""
        statement = select(*MESSAGE_COLUMNS).where(
            Message.room_id == room_id, Message.seq > min(after_seq, _MAX_SEQ), _is_there(room_id)
        )
        if not deleted:
            statement = statement.where(Message.deleted_at.is_(None))
        return await self._read(statement.order_by(Message.seq).limit(limit))

    async def message_by_id(self, message_id: UUID) -> StoredMessage | None:
        """The message, deleted or not; None if it is not stored."""
        # An id is unique within a room only, though a UUID is meant to be so everywhere.
        found = await self._read(
            select(*MESSAGE_COLUMNS)
            .where(Message.id == message_id, IN_A_ROOM)
            .order_by(Message.room_id)
            .limit(1)
        )
        return found[0] if found else None

    async def newest_public(self, limit: int, older_than: UUID | None = None) -> NewestMessages:
        """Messages of public rooms, newest first; deleted ones are left out.

        Only those with ids smaller than `older_than`; None: from the newest.
        """
        statement = (
            select(*MESSAGE_COLUMNS)
            .join(Room, Room.id == Message.room_id)
            .where(Room.is_public, Room.deleted_at.is_(None), Message.deleted_at.is_(None))
            .order_by(desc(Message.id))  # ids are UUIDv7: their order is that of sending
            .limit(limit)
        )
        if older_than is not None:
            statement = statement.where(Message.id < older_than)
        async with self._database.reading() as connection:
            messages = tuple(stored_message(row) for row in await connection.execute(statement))
            count = (await read_counters(connection, "messages"))["messages"]
        return NewestMessages(messages, count)

    async def _read(self, statement: Select[*tuple[Any, ...]]) -> list[StoredMessage]:
        async with self._database.reading() as connection:
            return [stored_message(row) for row in await connection.execute(statement)]


def _is_there(room_id: UUID) -> ColumnElement[bool]:
    """As IN_A_ROOM, where the room is known."""
    return ~exists().where(Room.id == room_id, Room.deleted_at.is_not(None))


def stored_message(row: Row[*tuple[Any, ...]]) -> StoredMessage:
    """A row of MESSAGE_COLUMNS in the form in which messages travel."""
    body = MessageBody(
        message=row.content,
        user_id=str(row.user_id),
        username=row.username,
        user_color=row.color,
        message_id=str(row.id),
        room_id=str(row.room_id),
        client_id=row.client_id,
        message_type=row.message_type,
        file_url=row.file_url,
        reply_to=None if row.reply_to is None else str(row.reply_to),
    )
    return StoredMessage(
        seq=row.seq,
        micros=micros_of(row.created_at),
        body=encode_body(body),
        revision=row.revision,
        revised_micros=0 if row.edited_at is None else micros_of(row.edited_at),
        deleted=row.deleted_at is not None,
    )
