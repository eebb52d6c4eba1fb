"""Everything that is stored about one person, in parts of a size that does not grow with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shared.domain.times import format_micros
from shared.protocol.codec import decode_body, encode
from shared.protocol.own_views import (
    OwnHeldMessageView,
    OwnMessageView,
    OwnProfileView,
    OwnReportView,
    OwnRoomView,
    OwnView,
)
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from shared.domain.entities import RoomSettings, User
    from shared.message_log.unsaved_messages import UnsavedMessages
    from shared.message_store.own_data import OwnData
    from shared.message_store.room_directory import RoomDirectory
    from shared.message_store.user_directory import UserDirectory
    from shared.protocol.codec import StoredMessage
    from shared.runtime.clock import Clock

MESSAGES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class UserExporter:
    """Raises Unavailable while Redis or PostgreSQL is away."""

    unsaved: UnsavedMessages
    data: OwnData
    rooms: RoomDirectory
    users: UserDirectory
    clock: Clock

    async def parts(self, user: User) -> AsyncIterator[bytes]:
        """The parts of an `ExportView` as JSON, one after the other."""
        # The queue before the table: what is on its way from one to the other is seen in one.
        waiting = await self.unsaved.all_of(user.id)
        yield await self._head(user)
        separator = b""
        last: UUID | None = None
        while True:
            with store_outage_as_unavailable():
                found = await self.data.messages(user.id, last, MESSAGES_AT_ONCE)
            for message_id, _ in found:
                waiting.pop(message_id, None)
            if not found:
                break
            yield separator + await self._joined([message for _, message in found])
            separator, last = b",", found[-1][0]
        rest = list(waiting.values())
        for at in range(0, len(rest), MESSAGES_AT_ONCE):
            yield separator + await self._joined(rest[at : at + MESSAGES_AT_ONCE])
            separator = b","
        yield b"]}"

    async def _head(self, user: User) -> bytes:
        """All but the messages, whose list it begins."""
        with store_outage_as_unavailable():
            record = (await self.users.users_by_ids([user.id])).get(user.id)
            owned = await self.rooms.rooms_owned_by(user.id)
            reports = await self.data.reports(user.id)
            held = await self.data.held_messages(user.id)
        profile = OwnProfileView(
            id=str(user.id),
            username=user.username,
            color=user.color,
            created_at=format_micros(user.created_micros),
            last_seen=None if record is None else format_micros(record.last_seen_micros),
        )
        head: dict[str, Any] = {
            "exported_at": format_micros(self.clock.micros()),
            "user": profile.model_dump(),
            "rooms": _dumped(_room_view(room.settings) for room in owned),
            "reports": _dumped(
                OwnReportView(
                    message_id=str(each.message_id),
                    room_id=str(each.room_id),
                    reason=each.reason,
                    created_at=format_micros(each.created_micros),
                )
                for each in reports
            ),
            "held_messages": _dumped(
                OwnHeldMessageView(
                    id=str(each.id),
                    room_id=str(each.room_id),
                    content=each.content,
                    message_type=each.message_type,
                    file_url=each.file_url,
                    created_at=format_micros(each.created_micros),
                )
                for each in held
            ),
        }
        return encode(head)[:-1] + b',"messages":['

    async def _joined(self, messages: Sequence[StoredMessage]) -> bytes:
        """Messages as they are now, with commas between them."""
        places = [(UUID(decode_body(m.body).room_id), m.seq) for m in messages]
        revisions = await self.unsaved.revisions(places)
        newest = [
            m.revised_by(revisions.get(place)) for m, place in zip(messages, places, strict=True)
        ]
        return b",".join(encode(_message_view(message)) for message in newest)


def _dumped(views: Iterable[OwnView]) -> list[dict[str, Any]]:
    return [view.model_dump() for view in views]


def _room_view(settings: RoomSettings) -> OwnRoomView:
    return OwnRoomView(
        id=str(settings.id),
        name=settings.name,
        description=settings.description,
        is_public=settings.is_public,
        max_users=settings.max_users,
        created_at=format_micros(settings.created_micros),
        updated_at=format_micros(settings.updated_micros),
    )


def _message_view(message: StoredMessage) -> OwnMessageView:
    body = decode_body(message.body)
    return OwnMessageView(
        id=body.message_id,
        room_id=body.room_id,
        seq=message.seq,
        timestamp=format_micros(message.micros),
        username=body.username,
        color=body.user_color,
        content=body.message,
        message_type=body.message_type,
        file_url=body.file_url,
        reply_to=body.reply_to,
        client_id=body.client_id,
        edited_at=format_micros(message.revised_micros) if message.revision else None,
        deleted=message.deleted,
    )
