"""From what is stored to what REST answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response

from shared.domain.ids import uuid7_micros
from shared.domain.times import format_micros
from shared.protocol.codec import MessageBody, StoredMessage, decode_body
from shared.protocol.views import MessageView, PublicRoomView, RoomView, UserView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api_service.wiring import Deps
    from shared.domain.entities import RoomSettings


def json_answer(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """What is JSON already."""
    return Response(body, media_type="application/json", headers=headers)


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """A room with its numbers of this moment."""

    settings: RoomSettings
    online: int
    total: int


def room_view(facts: RoomFacts) -> RoomView:
    """A room with the field names of `/rooms/`."""
    settings = facts.settings
    return RoomView(
        id=str(settings.id),
        name=settings.name,
        description=settings.description,
        is_public=settings.is_public,
        max_users=settings.max_users,
        online_users_count=facts.online,
        total_messages_count=facts.total,
        created_at=format_micros(settings.created_micros),
        updated_at=format_micros(settings.updated_micros),
        owner_id=None if settings.owner_id is None else str(settings.owner_id),
    )


def public_room_view(facts: RoomFacts) -> PublicRoomView:
    """A room with the field names of `/public-rooms/`."""
    settings = facts.settings
    return PublicRoomView(
        id=str(settings.id),
        name=settings.name,
        description=settings.description,
        online_users=facts.online,
        total_messages=facts.total,
        max_users=settings.max_users,
        created_at=format_micros(settings.created_micros),
        updated_at=format_micros(settings.updated_micros),
    )


def author_view(
    body: MessageBody, sent_micros: int, seen_ms: int | None, now_micros: int
) -> UserView:
    """The author of a message as they were when they wrote it.

    `seen_ms` is in the future while they are online, None when that is not known any more.
    """
    seen_micros = sent_micros if seen_ms is None else seen_ms * 1000
    return UserView(
        id=body.user_id,
        username=body.username,
        color=body.user_color,
        is_online=seen_micros > now_micros,
        last_seen=format_micros(min(seen_micros, now_micros)),
        created_at=format_micros(made_micros(UUID(body.user_id), sent_micros)),
    )


def made_micros(identifier: UUID, fallback: int) -> int:
    """When an id was made, µs; `fallback` for one that does not tell."""
    try:
        return uuid7_micros(identifier)
    except ValueError:
        return fallback


async def message_views(deps: Deps, messages: Sequence[StoredMessage]) -> list[MessageView]:
    """Views of messages with their authors, in one round trip.

    Raises:
        Unavailable: Redis is away.
    """
    bodies = [decode_body(message.body) for message in messages]
    authors = {UUID(body.user_id) for body in bodies}
    seen = await deps.presence.last_seen(list(authors)) if authors else {}
    now = deps.clock.micros()
    return [
        MessageView(
            id=body.message_id,
            room_id=body.room_id,
            user=author_view(body, message.micros, seen.get(UUID(body.user_id)), now),
            content=body.message,
            message_type=body.message_type,
            file_url=body.file_url,
            timestamp=format_micros(message.micros),
            seq=message.seq,
            client_id=body.client_id,
            reply_to=body.reply_to,
            edited_at=format_micros(message.revised_micros) if message.revision else None,
        )
        for message, body in zip(messages, bodies, strict=True)
    ]


async def message_view(deps: Deps, message: StoredMessage) -> MessageView:
    """View of one message."""
    return (await message_views(deps, [message]))[0]
