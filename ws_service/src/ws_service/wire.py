"""Turns what happened into frames; every event is encoded and framed once, whoever receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.domain.messages import (
    MAX_CLIENT_ID_CHARACTERS,
    MAX_CONTENT_BYTES,
    MAX_CONTENT_GRAPHEMES,
)
from shared.domain.names import MAX_NAME_GRAPHEMES
from shared.domain.times import format_micros
from shared.protocol.codec import (
    StoredMessage,
    decode_body,
    encode,
    encode_ack,
    encode_list,
    finish_message,
    finish_update,
)
from shared.protocol.commands import MAX_FRAME_BYTES, PAGE_LIMIT
from shared.protocol.errors import (
    ChatError,
    Forbidden,
    Language,
    ProofRequired,
    Unavailable,
    ValidationFailed,
)
from shared.protocol.events import (
    ErrorEvent,
    Event,
    JoinedEvent,
    LeftEvent,
    Limits,
    MessageDeletedEvent,
    RoomInfo,
    RosterUser,
    RulesInfo,
    SystemEvent,
    TypingEvent,
    WelcomeEvent,
)
from ws_service.frames import text_frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.domain.entities import User
    from shared.domain.moderation import Role
    from shared.message_log.outcomes import Published
    from shared.presence.presence import Joined
    from shared.protocol.envelopes import RosterEnvelope, TypingEnvelope
    from shared.usecases.read_history import Recovery

USER_LIST_LIMIT: Final = 200
ROOM_CLOSED_TEXT: Final = "🚪 রুমটি মুছে ফেলা হয়েছে"

LIMITS: Final = Limits(
    content_graphemes=MAX_CONTENT_GRAPHEMES,
    content_bytes=MAX_CONTENT_BYTES,
    name_graphemes=MAX_NAME_GRAPHEMES,
    client_id_length=MAX_CLIENT_ID_CHARACTERS,
    frame_bytes=MAX_FRAME_BYTES,
    history_page=PAGE_LIMIT,
    user_list=USER_LIST_LIMIT,
)


def event_frame(event: Event) -> bytes:
    """The frame of any event."""
    return text_frame(encode(event))


def ack_frame(client_id: str, published: Published) -> bytes:
    """The frame that tells a sender the place of its message."""
    return text_frame(
        encode_ack(client_id, published.message_id, published.seq, format_micros(published.micros))
    )


def _finished(message: StoredMessage) -> bytes:
    edited = format_micros(message.revised_micros) if message.revision else None
    return finish_message(message, format_micros(message.micros), edited)


def stored_message_frame(message: StoredMessage) -> bytes:
    """The frame of a message from the log, which may have been revised."""
    return text_frame(_finished(message))


def message_frame(message: StoredMessage) -> bytes:
    """The frame of a new message. The hot path: nothing is parsed."""
    return text_frame(finish_message(message, format_micros(message.micros)))


def revision_frame(message: StoredMessage) -> bytes:
    """The frame that tells of a changed or deleted message."""
    return text_frame(_revision(message))


def _revision(message: StoredMessage) -> bytes:
    changed = format_micros(message.revised_micros)
    if not message.deleted:
        return finish_update(message, format_micros(message.micros), changed)
    body = decode_body(message.body)
    return encode(
        MessageDeletedEvent(
            room_id=body.room_id, message_id=body.message_id, seq=message.seq, timestamp=changed
        )
    )


def typing_frame(notice: TypingEnvelope) -> bytes:
    """The frame that tells who types, or stopped."""
    return event_frame(
        TypingEvent(
            user_id=notice.person.id,
            username=notice.person.username,
            typing=notice.typing,
            timestamp=format_micros(notice.micros),
        )
    )


def roster_frame(change: RosterEnvelope, micros: int, *, total: int) -> bytes:
    """The frame of one change of the roster, for connections with `roster=delta`.

    A new name or colour is a `joined` again: clients put people in by their id.
    """
    timestamp, person = format_micros(micros), change.person
    if change.op == "l":
        return event_frame(LeftEvent(user_id=person.id, timestamp=timestamp, total=total))
    user = RosterUser(
        id=person.id,
        username=person.username,
        color=person.color,
        joined_at=format_micros(change.joined_micros),
    )
    return event_frame(JoinedEvent(user=user, timestamp=timestamp, total=total))


def room_closed_frame(micros: int) -> bytes:
    """The frame that tells everybody that the room was deleted."""
    return event_frame(
        SystemEvent(
            message=ROOM_CLOSED_TEXT,
            user_id=None,
            username=None,
            timestamp=format_micros(micros),
            event="room_closed",
        )
    )


def recovered_frame(recovery: Recovery) -> bytes:
    """The frame that answers a reconnect."""
    head = {
        "type": "recovered",
        "complete": recovery.complete,
        "epoch": recovery.epoch,
        "seq": recovery.seq,
    }
    revisions = b",".join(_revision(m) for m in recovery.revisions)
    messages = encode_list(head, "messages", [_finished(m) for m in recovery.messages])
    return text_frame(messages[:-1] + b',"revisions":[' + revisions + b"]}")


def history_frame(messages: Sequence[StoredMessage], *, has_more: bool) -> bytes:
    """The frame that answers `history`; `messages` oldest first."""
    finished = [_finished(m) for m in messages]
    return text_frame(
        encode_list({"type": "history"}, "messages", finished, {"has_more": has_more})
    )


def error_frame(
    error: ChatError,
    language: Language,
    micros: int,
    chance: float,
    client_id: str | None = None,
) -> bytes:
    """The frame that tells of a refused command; `chance` in [0, 1) spreads the retries."""
    retry_after = None
    if isinstance(error, Unavailable):
        retry_after = error.spread_retry_after(chance)
    elif isinstance(error, Forbidden):
        retry_after = error.retry_after
    return event_frame(
        ErrorEvent(
            message=error.text(language),
            timestamp=format_micros(micros),
            code=error.code.value,
            retry_after=retry_after,
            client_id=client_id,
            errors=error.field_texts(language) if isinstance(error, ValidationFailed) else None,
            challenge=error.challenge if isinstance(error, ProofRequired) else None,
        )
    )


def welcome_frame(  # noqa: PLR0913 - the fields of one event
    *,
    joined: Joined,
    user: User,
    connection: UUID,
    new_session_id: str | None,
    epoch: str,
    seq: int,
    rules: RulesInfo,
    role: Role,
    micros: int,
) -> bytes:
    """The first frame on every connection."""
    settings = joined.room.settings
    return event_frame(
        WelcomeEvent(
            connection_id=str(connection),
            user_id=str(user.id),
            username=user.username,
            color=user.color,
            session_id=new_session_id,
            room=RoomInfo(
                id=str(settings.id),
                name=settings.name,
                description=settings.description,
                is_public=settings.is_public,
                max_users=settings.max_users,
                online_users=joined.online,
                total_messages=joined.room.total,
            ),
            epoch=epoch,
            seq=seq,
            limits=LIMITS,
            rules=rules,
            role=role.value,
            timestamp=format_micros(micros),
        )
    )
