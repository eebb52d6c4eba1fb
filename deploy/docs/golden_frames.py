"""Frames as the server sends them and as the web client must send them, for the client's tests.

Events come out of the very functions that write to sockets; see `write_wire.py`.
"""

from __future__ import annotations

from typing import Final

import orjson

from shared.message_log.outcomes import Published
from shared.presence.presence import Present, RosterSnapshot
from shared.protocol.codec import MessageBody, Revision, StoredMessage, encode_body
from shared.protocol.envelopes import Person, RosterEnvelope, TypingEnvelope
from shared.protocol.errors import (
    ChatError,
    ErrorCode,
    ProofRequired,
    Unavailable,
    ValidationFailed,
)
from shared.protocol.events import (
    NO_RULES,
    PongEvent,
    RoomInfo,
    RoomRulesEvent,
    RulesInfo,
    SystemEvent,
    WelcomeEvent,
)
from shared.usecases.read_history import Recovery
from ws_service import wire
from ws_service.announcer import Announcer
from ws_service.roster import Roster

Frames = dict[str, str]
"""Name of a case → the text of its frame."""

_ROOM: Final = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"
_EPOCH: Final = "0199b6a1-0000-7000-8000-5f2a6c1e0d51"
_MICROS: Final = 1_795_437_000_000_250
_SECOND: Final = 1_000_000
_RAKIB: Final = Person("0199b6a2-6e10-7f2a-8c3d-5b1e9f7a2c02", "রাকিব", "#ff0000")
_MITA: Final = Person("0199b6a2-6e11-7f2a-8c3d-5b1e9f7a2c03", "মিতা চৌধুরী", "#007bff")
_TAREQ: Final = Person("0199b6a2-6e12-7f2a-8c3d-5b1e9f7a2c04", "Tareq 🏏", "#0a8f5b")

_TRICKY: Final = (
    'ক্ষ্ম্য, র‍্যাব, হাস‌ন্ত ও "উদ্ধৃতি" \\ <b onclick="x">নয়</b> &amp; 👩‍👩‍👧‍👦\nদ্বিতীয় লাইন\u2028তৃতীয়\tশেষ'
)
"""Conjuncts, joiners, quotes, a backslash, what looks like HTML, an emoji family, line ends."""


def event_frames() -> Frames:
    """At least one frame of every kind of event, with and without what may be missing."""
    return {
        **_welcomes(),
        **_recoveries(),
        **_messages(),
        **_changes(),
        **_roster_changes(),
        **_systems(),
        **_answers(),
        **_errors(),
    }


def command_frames() -> Frames:
    """Every kind of command, with and without what may be left out; compact, as JSON.stringify."""
    commands: dict[str, dict[str, object]] = {
        "message": {"type": "message", "content": "হ্যালো আড্ডা!", "client_id": "c-1"},
        "message_tricky": {"type": "message", "content": _TRICKY, "client_id": "c-2"},
        "message_reply": {
            "type": "message",
            "content": "ভালো আছি",
            "client_id": "c-3",
            "reply_to": _id(41),
        },
        "message_image": {
            "type": "message",
            "content": "আজকের ছবি",
            "client_id": "c-4",
            "message_type": "image",
            "file_url": "https://example.com/nodi.jpg",
        },
        "message_without_client_id": {"type": "message", "content": "যাই"},
        "typing": {"type": "typing", "typing": True},
        "typing_ended": {"type": "typing", "typing": False},
        "user_update": {"type": "user_update", "username": "রাকিব হাসান", "color": "#00aa55"},
        "user_update_name": {"type": "user_update", "username": "রাকিব হাসান"},
        "user_update_color": {"type": "user_update", "color": "#00aa55"},
        "history_before": {"type": "history", "before": 41, "limit": 50},
        "history_after": {"type": "history", "after": 41, "limit": 100},
        "ping": {"type": "ping", "t": 1_795_437_000_000},
    }
    return {name: orjson.dumps(command).decode() for name, command in commands.items()}


def _id(number: int) -> str:
    return f"0199b6a2-7f44-7a90-b1c2-{number:012d}"


def _stored(seq: int, message: str, who: Person, **more: str | None) -> StoredMessage:
    fields: dict[str, str | None] = {
        "client_id": None,
        "message_type": "text",
        "file_url": None,
        "reply_to": None,
        **more,
    }
    body = MessageBody(
        message=message,
        user_id=who.id,
        username=who.username,
        user_color=who.color,
        message_id=_id(seq),
        room_id=_ROOM,
        client_id=fields["client_id"],
        message_type=fields["message_type"] or "text",
        file_url=fields["file_url"],
        reply_to=fields["reply_to"],
    )
    return StoredMessage(seq, _MICROS + seq * _SECOND, encode_body(body))


_HELLO: Final = _stored(41, "হ্যালো সবাই!", _RAKIB, client_id="c-1")
_BLANKED: Final = _stored(40, "", _MITA)
_EDITED: Final = _HELLO.revised_by(
    Revision(2, _MICROS + 90 * _SECOND, deleted=False, body=_stored(41, "হ্যালো!", _RAKIB).body)
)
_DELETED: Final = _BLANKED.revised_by(
    Revision(1, _MICROS + 95 * _SECOND, deleted=True, body=_BLANKED.body)
)


def _welcomes() -> Frames:
    room = RoomInfo(
        id=_ROOM,
        name="সাধারণ আলোচনা",
        description="সব বিষয় নিয়ে মুক্ত আলোচনা",
        is_public=True,
        max_users=200,
        online_users=3,
        total_messages=41,
    )
    welcome = WelcomeEvent(
        connection_id="0199b6a2-8a00-7a90-b1c2-3d4e5f607104",
        user_id=_RAKIB.id,
        username=_RAKIB.username,
        color=_RAKIB.color,
        session_id="Zk1vQ2JtX3l0c2Vzc2lvbl9leGFtcGxl",
        room=room,
        epoch=_EPOCH,
        seq=41,
        limits=wire.LIMITS,
        timestamp="2026-11-23T18:30:00.000250+06:00",
    )
    unlisted = room.model_copy(update={"description": None, "is_public": False})
    again = welcome.model_copy(update={"session_id": None, "room": unlisted})
    slow = RulesInfo(locked=True, slow_seconds=30, notice="খেলা চলছে, ভদ্র থাকুন")
    staff = welcome.model_copy(update={"rules": slow, "role": "moderator"})
    changed = RoomRulesEvent(rules=slow, timestamp=welcome.timestamp)
    opened = RoomRulesEvent(rules=NO_RULES, timestamp=welcome.timestamp)
    return {
        "welcome": _text(wire.event_frame(welcome)),
        "welcome_of_staff": _text(wire.event_frame(staff)),
        "room_rules": _text(wire.event_frame(changed)),
        "room_rules_none": _text(wire.event_frame(opened)),
        "welcome_with_a_session": _text(wire.event_frame(again)),
    }


def _recoveries() -> Frames:
    missed = (_stored(42, "কেমন আছেন?", _MITA), _stored(43, _TRICKY, _TAREQ))
    changed = (_DELETED, _EDITED)
    recoveries = {
        "recovered": Recovery(
            complete=True, epoch=_EPOCH, seq=43, messages=missed, revisions=changed
        ),
        "recovered_nothing": Recovery(complete=True, epoch=_EPOCH, seq=43, messages=()),
        "recovered_incomplete": Recovery(
            complete=False, epoch=_EPOCH, seq=1043, messages=(*changed, *missed)
        ),
    }
    return {name: _text(wire.recovered_frame(each)) for name, each in recoveries.items()}


def _messages() -> Frames:
    image = {"message_type": "image", "file_url": "https://example.com/nodi.jpg"}
    file = {"message_type": "file", "file_url": "https://example.com/%E0%A6%AC%E0%A6%87.pdf"}
    messages = {
        "message": _HELLO,
        "message_without_client_id": _stored(42, "কেমন আছেন?", _MITA),
        "message_tricky": _stored(43, _TRICKY, _TAREQ, client_id="c-2"),
        "message_reply": _stored(44, "ভালো আছি", _RAKIB, client_id="c-3", reply_to=_id(42)),
        "message_image": _stored(45, "আজকের ছবি", _MITA, client_id="c-4", **image),
        "message_file": _stored(46, "বইটি", _MITA, **file),
        "message_system": _stored(47, "রুমের নিয়ম বদলেছে", _TAREQ, message_type="system"),
        "message_edited": _EDITED,
        "message_deleted_in_history": _DELETED,
    }
    return {name: _text(wire.stored_message_frame(each)) for name, each in messages.items()}


def _changes() -> Frames:
    return {
        "message_updated": _text(wire.revision_frame(_EDITED)),
        "message_deleted": _text(wire.revision_frame(_DELETED)),
        "typing": _text(wire.typing_frame(TypingEnvelope(_MITA, typing=True, micros=_MICROS))),
        "typing_ended": _text(
            wire.typing_frame(TypingEnvelope(_MITA, typing=False, micros=_MICROS))
        ),
    }


def _roster_changes() -> Frames:
    roster = Roster()
    nobody = roster.user_list(_MICROS, wire.USER_LIST_LIMIT).decode()
    since = (_RAKIB, _MICROS - 60 * _SECOND), (_MITA, _MICROS), (_TAREQ, _MICROS + 1)
    roster.load(RosterSnapshot(_EPOCH, 3, tuple(Present(*each) for each in since)))
    came = RosterEnvelope(_EPOCH, 4, "j", _MICROS, _MITA, None)
    left = RosterEnvelope(_EPOCH, 5, "l", _MICROS, _MITA, None)
    return {
        "user_list": roster.user_list(_MICROS, wire.USER_LIST_LIMIT).decode(),
        "user_list_cut": roster.user_list(_MICROS, 2).decode(),
        "user_list_empty": nobody,
        "joined": _text(wire.roster_frame(came, _MICROS, total=3)),
        "left": _text(wire.roster_frame(left, _MICROS, total=2)),
    }


def _systems() -> Frames:
    def told(*changes: RosterEnvelope) -> str:
        announcer = Announcer()
        for change in changes:
            announcer.note(change)
        event: SystemEvent = announcer.take(_MICROS)[0]
        return _text(wire.event_frame(event))

    people = (_RAKIB, _MITA, _TAREQ)
    came = [RosterEnvelope(_EPOCH, 1, "j", _MICROS, person, None) for person in people]
    renamed = Person(_RAKIB.id, "রাকিব হাসান", _RAKIB.color)
    return {
        "system_joined": told(came[0]),
        "system_joined_together": told(*came),
        "system_left": told(RosterEnvelope(_EPOCH, 2, "l", _MICROS, _MITA, None)),
        "system_renamed": told(RosterEnvelope(_EPOCH, 3, "n", _MICROS, renamed, _RAKIB)),
        "system_room_closed": _text(wire.room_closed_frame(_MICROS)),
    }


def _answers() -> Frames:
    marks = {"": 1_795_437_000_000, "_fraction": 12.5, "_text": "এখন", "_null": None}
    pongs = {
        f"pong{kind}": _text(
            wire.event_frame(PongEvent(t=t, server_time="2026-11-23T18:30:00.000250+06:00"))
        )
        for kind, t in marks.items()
    }
    older = (_DELETED, _EDITED, _stored(42, "কেমন আছেন?", _MITA))
    return {
        "ack": _text(wire.ack_frame("c-1", Published(_id(41), 41, _MICROS, again=False))),
        "history": _text(wire.history_frame(older, has_more=True)),
        "history_end": _text(wire.history_frame((), has_more=False)),
        **pongs,
    }


def _errors() -> Frames:
    away = Unavailable("redis")
    busy = Unavailable("queue", 5.0, ErrorCode.OVERLOADED)
    hot = ProofRequired("address", 4.0, 5000, f"/api/challenge/?for=join&room={_ROOM}")
    bad = ValidationFailed({"content": ["too_long"], "file_url": ["not_a_url", "required"]})
    errors = {
        "error": wire.error_frame(ChatError(ErrorCode.RATE_LIMITED), "bn", _MICROS, 0.5, "c-1"),
        "error_english": wire.error_frame(ChatError(ErrorCode.BAD_JSON), "en", _MICROS, 0.5),
        "error_room_full": wire.error_frame(ChatError(ErrorCode.ROOM_FULL), "bn", _MICROS, 0.5),
        "error_unavailable": wire.error_frame(away, "bn", _MICROS, 0.25, "c-2"),
        "error_overloaded": wire.error_frame(busy, "bn", _MICROS, 0.25),
        "error_proof_required": wire.error_frame(hot, "bn", _MICROS, 0.25),
        "error_of_fields": wire.error_frame(bad, "bn", _MICROS, 0.5, "c-3"),
    }
    return {name: _text(frame) for name, frame in errors.items()}


def _text(frame: bytes) -> str:
    """The payload of an unmasked text frame of less than 64 KiB."""
    short = 126
    return frame[2 if frame[1] < short else 4 :].decode()
