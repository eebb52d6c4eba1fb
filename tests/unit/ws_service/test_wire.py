from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from shared.domain.entities import RoomSettings, User
from shared.domain.moderation import Role
from shared.domain.times import format_micros
from shared.presence.presence import Called, Joined
from shared.protocol.codec import MessageBody, Revision, StoredMessage, encode_body
from shared.protocol.envelopes import Person
from shared.protocol.errors import ChatError, ErrorCode, Unavailable, ValidationFailed
from shared.protocol.events import (
    ErrorEvent,
    HistoryEvent,
    MessageDeletedEvent,
    MessageEvent,
    MessageUpdatedEvent,
    RecoveredEvent,
    RulesInfo,
    WelcomeEvent,
)
from shared.rooms.live_rooms import LiveRoom
from shared.usecases.read_history import Recovery
from ws_service import wire

ROOM = UUID("123e4567-e89b-12d3-a456-426614174000")
BODY = encode_body(
    MessageBody(
        message="হ্যালো",
        user_id=str(ROOM),
        username="রাকিব",
        user_color="#ff0000",
        message_id=str(ROOM),
        room_id=str(ROOM),
        client_id="c",
        message_type="text",
        file_url=None,
        reply_to=None,
    )
)
MESSAGE = StoredMessage(7, 1_700_000_000_000_001, BODY)


def payload(frame: bytes) -> dict[str, Any]:
    """The JSON of one unmasked text frame of up to 64 KiB."""
    assert frame[0] == 0x81
    size, start = (frame[1], 2) if frame[1] < 126 else (int.from_bytes(frame[2:4], "big"), 4)
    assert len(frame) == start + size
    loaded = json.loads(frame[start:])
    assert isinstance(loaded, dict)
    return loaded


def test_a_message_has_the_fields_of_the_original_and_its_place() -> None:
    event = MessageEvent.model_validate(payload(wire.message_frame(MESSAGE)))
    assert (event.message, event.username, event.user_color) == ("হ্যালো", "রাকিব", "#ff0000")
    assert (event.seq, event.timestamp) == (7, format_micros(MESSAGE.micros))


def test_a_change_carries_the_whole_message_and_a_deletion_nothing_of_it() -> None:
    changed = MESSAGE.revised_by(Revision(1, MESSAGE.micros + 1, False, BODY))
    update = MessageUpdatedEvent.model_validate(payload(wire.revision_frame(changed)))
    assert (update.seq, update.revision) == (7, 1)
    deleted = MESSAGE.revised_by(Revision(1, MESSAGE.micros + 1, True, BODY))
    event = MessageDeletedEvent.model_validate(payload(wire.revision_frame(deleted)))
    assert (event.seq, event.message_id) == (7, str(ROOM))


def test_history_and_recovery_are_lists_of_messages() -> None:
    history = payload(wire.history_frame([MESSAGE], has_more=True))
    assert HistoryEvent.model_validate(history).messages[0].seq == 7
    recovery = Recovery(complete=True, epoch="e", seq=7, messages=(MESSAGE,))
    recovered = RecoveredEvent.model_validate(payload(wire.recovered_frame(recovery)))
    assert (recovered.complete, recovered.messages[0].seq) == (True, 7)


def test_an_error_says_when_to_retry_and_which_message_it_means() -> None:
    refused = payload(wire.error_frame(Unavailable("redis", 2.5), "bn", 0, 0.5, "m1"))
    event = ErrorEvent.model_validate(refused)
    assert (event.code, event.retry_after, event.client_id) == ("unavailable", 3.75, "m1")
    invalid = payload(wire.error_frame(ValidationFailed.of("content", "too_long"), "en", 0, 0.5))
    assert ErrorEvent.model_validate(invalid).errors == {"content": ["Too long"]}


def test_an_error_tells_nothing_of_its_cause() -> None:
    error = ChatError(ErrorCode.INTERNAL, secret="session-12345")
    assert "12345" not in json.dumps(payload(wire.error_frame(error, "bn", 0, 0.5)))


def test_a_welcome_names_the_room_the_place_and_the_limits() -> None:
    settings = RoomSettings(ROOM, "আড্ডা", None, True, 100, None, 0, 0)
    called = Called(Person(str(ROOM), "রাকিব", "#ff0000"), "e", 1)
    joined = Joined(LiveRoom(settings, "e", 9, 1, 5, closed=False), 3, "joined", called)
    user = User(ROOM, b"", "রাকিব", "#ff0000", 0)
    frame = wire.welcome_frame(
        joined=joined,
        user=user,
        connection=ROOM,
        new_session_id=None,
        epoch="e",
        seq=9,
        rules=RulesInfo(locked=True, slow_seconds=5, notice="ভদ্র থাকুন"),
        role=Role.MODERATOR,
        micros=0,
    )
    event = WelcomeEvent.model_validate(payload(frame))
    assert (event.room.online_users, event.room.total_messages, event.seq) == (3, 5, 9)
    assert (event.rules.slow_seconds, event.role) == (5, "moderator")
    assert (event.limits.content_bytes, event.limits.user_list) == (16_384, 200)
