from __future__ import annotations

from uuid import UUID, uuid4

from api_service.presenting import RoomFacts, author_view, made_micros, public_room_view, room_view
from shared.domain.entities import RoomSettings
from shared.domain.ids import uuid7
from shared.domain.times import format_micros
from shared.protocol.codec import MessageBody

SENT = 1_795_000_000_000_000
NOW = SENT + 60_000_000
MADE = SENT - 3_600_000_000


def body_by(user: UUID) -> MessageBody:
    return MessageBody("হ্যালো", str(user), "রাকিব", "#ff0000", "m", "r", None, "text", None, None)


def test_an_author_is_online_while_their_time_lies_ahead() -> None:
    user = uuid7(MADE // 1000, 1)
    view = author_view(body_by(user), SENT, NOW // 1000 + 9000, NOW)
    assert view.is_online
    assert view.last_seen == format_micros(NOW)
    assert view.created_at == format_micros(MADE)


def test_an_author_who_left_was_last_seen_then() -> None:
    view = author_view(body_by(uuid4()), SENT, NOW // 1000 - 5000, NOW)
    assert not view.is_online
    assert view.last_seen == format_micros(NOW - 5_000_000)


def test_an_author_who_is_long_gone_was_last_seen_when_they_wrote() -> None:
    view = author_view(body_by(uuid4()), SENT, None, NOW)
    assert not view.is_online
    assert view.last_seen == view.created_at == format_micros(SENT)


def test_ids_of_other_versions_do_not_tell_their_time() -> None:
    assert made_micros(uuid4(), 7) == 7
    assert made_micros(uuid7(5, 0), 7) == 5000


def test_both_lists_of_rooms_show_the_same_numbers() -> None:
    settings = RoomSettings(uuid4(), "আড্ডা", None, True, 50, uuid4(), SENT, NOW)
    facts = RoomFacts(settings, online=3, total=9)
    one, other = room_view(facts), public_room_view(facts)
    assert (one.online_users_count, one.total_messages_count) == (3, 9)
    assert (other.online_users, other.total_messages) == (3, 9)
    assert one.owner_id == str(settings.owner_id)
    assert one.updated_at == other.updated_at == format_micros(NOW)
