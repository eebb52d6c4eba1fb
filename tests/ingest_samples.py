"""Sample rows of the ingest streams, and the entries that would carry them."""

from __future__ import annotations

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson

from shared.domain.entities import RoomSettings, User
from shared.domain.ids import uuid7
from shared.domain.times import micros_of
from shared.message_store.records import MessageRow, RevisionRow, RoomSnapshot, UserSnapshot
from shared.protocol.codec import MessageBody, encode_body

if TYPE_CHECKING:
    from collections.abc import Mapping

START = datetime(2026, 11, 23, 12, 0, 0, 250, tzinfo=UTC)


def new_id() -> UUID:
    """A UUIDv7 of now."""
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))


def at(seconds: float) -> datetime:
    """A moment on the test's own time line."""
    return START + timedelta(seconds=seconds)


def message_row(room: UUID, seq: int, **changes: Any) -> MessageRow:
    """A text message of somebody new."""
    row = MessageRow(
        room_id=room,
        seq=seq,
        id=new_id(),
        user_id=uuid4(),
        username="রাকিব",
        color="#ff0000",
        content=f"হ্যালো {seq}",
        message_type="text",
        file_url=None,
        reply_to=None,
        client_id=None,
        created_at=at(seq),
    )
    return row._replace(**changes)


def revision_row(
    message: MessageRow, revision: int, content: str = "", *, deleted: bool = False
) -> RevisionRow:
    """`message` after a change; a deleted one has no content."""
    changed = message._replace(content="" if deleted else content, file_url=None)
    return RevisionRow(changed, revision, at(10_000 + revision), deleted)


def user_snapshot(**changes: Any) -> UserSnapshot:
    """Somebody new, online in a new room."""
    snapshot = UserSnapshot(
        id=new_id(),
        session_hash=secrets.token_bytes(32),
        username="রাকিব",
        color="#ff0000",
        created_at=at(0),
        current_room=uuid4(),
        is_online=True,
        taken_at=at(1),
    )
    return snapshot._replace(**changes)


def room_snapshot(**changes: Any) -> RoomSnapshot:
    """A new public room."""
    snapshot = RoomSnapshot(
        id=new_id(),
        name="সাধারণ আলোচনা",
        description=None,
        is_public=True,
        max_users=100,
        owner_id=None,
        created_at=at(0),
        updated_at=at(0),
    )
    return snapshot._replace(**changes)


def room_settings(**changes: Any) -> RoomSettings:
    """A new public room, as the API has it."""
    values: dict[str, Any] = {
        "id": new_id(),
        "name": "টেকনোলজি",
        "description": "প্রোগ্রামিং নিয়ে আলোচনা",
        "is_public": True,
        "max_users": 150,
        "owner_id": None,
        "created_micros": micros_of(at(0)),
        "updated_micros": micros_of(at(0)),
    }
    return RoomSettings(**{**values, **changes})


def user(**changes: Any) -> User:
    """Somebody new, as the API has them."""
    values: dict[str, Any] = {
        "id": new_id(),
        "session_hash": hashlib.sha256(secrets.token_bytes(16)).digest(),
        "username": "মিতা",
        "color": "#00ff00",
        "created_micros": micros_of(at(0)),
    }
    return User(**{**values, **changes})


def entry_of(row: MessageRow | RevisionRow | UserSnapshot | RoomSnapshot) -> dict[bytes, bytes]:
    """The fields of the stream entry that carries `row`."""
    match row:
        case MessageRow():
            return _message_entry(row)
        case RevisionRow():
            return {
                **_message_entry(row.message),
                b"k": b"e",
                b"n": b"%d" % row.revision,
                b"u": b"%d" % micros_of(row.changed_at),
                b"d": b"%d" % row.deleted,
            }
        case UserSnapshot():
            body = {**row._asdict(), "session_hash": row.session_hash.hex()}
            return _snapshot_entry(b"u", body, row.taken_at)
        case RoomSnapshot():
            return _snapshot_entry(b"r", row._asdict(), row.created_at)


def _message_entry(row: MessageRow) -> dict[bytes, bytes]:
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
    return {
        b"k": b"m",
        b"v": b"1",
        b"r": str(row.room_id).encode(),
        b"s": b"%d" % row.seq,
        b"t": b"%d" % micros_of(row.created_at),
        b"e": b"0123456789abcdef",
        b"b": encode_body(body),
    }


def _snapshot_entry(kind: bytes, body: Mapping[str, Any], moment: datetime) -> dict[bytes, bytes]:
    plain = {
        name: micros_of(value) if isinstance(value, datetime) else value
        for name, value in body.items()
    }
    return {
        b"k": kind,
        b"v": b"1",
        b"u": b"%d" % micros_of(moment),
        b"b": orjson.dumps(plain),
    }
