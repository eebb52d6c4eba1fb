"""What stands in an ingest stream, read into rows. Pure: no I/O, no clock.

Entries were written by replicas of any version: unknown fields are passed over, a newer `v` and
everything that PostgreSQL would refuse is poison, told apart by its reason. Ids are of asyncpg's
own class: a uuid.UUID to everybody, and made in an eighth of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from asyncpg.pgproto import pgproto

from shared.domain.times import datetime_of
from shared.message_store.records import (
    IngestRow,
    MessageRow,
    RevisionRow,
    RoomSnapshot,
    UserSnapshot,
)
from shared.message_store.tables import MAX_CLIENT_ID_CHARACTERS, MESSAGE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from shared.domain.entities import RoomSettings, User

VERSION: Final = 1
_MAX_BIGINT: Final = 2**63 - 1
_MAX_INT: Final = 2**31 - 1
_HASH_HEX_CHARACTERS: Final = 64


class PoisonEntry(Exception):
    """An entry that can never become a row. `reason` is a stable word, `detail` is for people."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def decode_entry(entry_id: str, fields: Mapping[bytes, bytes]) -> IngestRow:
    """The row of one stream entry.

    Raises:
        PoisonEntry: `newer_version`, `unknown_kind`, `missing_field` or `malformed`.
    """
    try:
        version = int(fields[b"v"])
        if version > VERSION:
            raise PoisonEntry("newer_version", str(version))
        decode = _DECODERS.get(fields[b"k"])
        if decode is None:
            raise PoisonEntry("unknown_kind", repr(fields[b"k"][:20]))
        return decode(fields)
    except KeyError as error:
        raise PoisonEntry("missing_field", f"{error} in {entry_id}") from error
    except (ValueError, OverflowError, TypeError) as error:
        raise PoisonEntry("malformed", f"{error} in {entry_id}") from error


def place_of(fields: Mapping[bytes, bytes]) -> tuple[UUID, int] | None:
    """Room and seq of a message's entry, poison or not; None where it has none."""
    try:
        return pgproto.UUID(fields[b"r"].decode("ascii")), int(fields[b"s"])
    except (KeyError, ValueError):
        return None


def encode_user(user: User, room: UUID | None, micros: int) -> dict[str, bytes]:
    """Entry of a user as of `micros` (µs); `room` is where they are, None when nowhere."""
    return _entry("u", user.snapshot(room), micros)


def encode_room(settings: RoomSettings, micros: int) -> dict[str, bytes]:
    """Entry of a room that was created at `micros` (µs) by other ways than the API."""
    body = {
        "id": str(settings.id),
        "name": settings.name,
        "description": settings.description,
        "is_public": settings.is_public,
        "max_users": settings.max_users,
        "owner_id": None if settings.owner_id is None else str(settings.owner_id),
        "created_at": settings.created_micros,
        "updated_at": settings.updated_micros,
    }
    return _entry("r", body, micros)


def _entry(kind: str, body: dict[str, Any], micros: int) -> dict[str, bytes]:
    return {
        "k": kind.encode(),
        "v": b"%d" % VERSION,
        "u": b"%d" % micros,
        "b": orjson.dumps(body),
    }


def _message(fields: Mapping[bytes, bytes]) -> MessageRow:
    body = _body(fields)
    room = pgproto.UUID(fields[b"r"].decode("ascii"))
    if pgproto.UUID(body["room_id"]) != room:
        raise ValueError("body of another room")
    message_type = _text(body["message_type"])
    if message_type not in MESSAGE_TYPES:
        raise ValueError("unknown message_type")
    client_id = _optional_text(body["client_id"])
    if client_id is not None and len(client_id) > MAX_CLIENT_ID_CHARACTERS:
        raise ValueError("client_id too long")
    return MessageRow(
        room_id=room,
        seq=_whole(int(fields[b"s"]), 1, _MAX_BIGINT),
        id=pgproto.UUID(body["message_id"]),
        user_id=pgproto.UUID(body["user_id"]),
        username=_text(body["username"]),
        color=_text(body["user_color"]),
        content=_text(body["message"]),
        message_type=message_type,
        file_url=_optional_text(body["file_url"]),
        reply_to=_optional_uuid(body["reply_to"]),
        client_id=client_id,
        created_at=_moment(int(fields[b"t"])),
    )


def _revision(fields: Mapping[bytes, bytes]) -> RevisionRow:
    deleted = fields[b"d"]
    if deleted not in (b"0", b"1"):
        raise ValueError("d is neither 0 nor 1")
    message = _message(fields)
    if deleted == b"1":
        message = message._replace(content="", file_url=None)
    return RevisionRow(
        message=message,
        revision=_whole(int(fields[b"n"]), 1, _MAX_INT),
        changed_at=_moment(int(fields[b"u"])),
        deleted=deleted == b"1",
    )


def _user(fields: Mapping[bytes, bytes]) -> UserSnapshot:
    body = _body(fields)
    session_hash = _text(body["session_hash"])
    if len(session_hash) != _HASH_HEX_CHARACTERS:
        raise ValueError("session_hash is no SHA-256")
    return UserSnapshot(
        id=pgproto.UUID(body["id"]),
        session_hash=bytes.fromhex(session_hash),
        username=_text(body["username"]),
        color=_text(body["color"]),
        created_at=_moment(body["created_at"]),
        current_room=_optional_uuid(body["current_room"]),
        is_online=_flag(body["is_online"]),
        taken_at=_moment(int(fields[b"u"])),
    )


def _room(fields: Mapping[bytes, bytes]) -> RoomSnapshot:
    body = _body(fields)
    return RoomSnapshot(
        id=pgproto.UUID(body["id"]),
        name=_text(body["name"]),
        description=_optional_text(body["description"]),
        is_public=_flag(body["is_public"]),
        max_users=_whole(body["max_users"], 1, _MAX_INT),
        owner_id=_optional_uuid(body["owner_id"]),
        created_at=_moment(body["created_at"]),
        updated_at=_moment(body["updated_at"]),
    )


_DECODERS: Final[dict[bytes, Callable[[Mapping[bytes, bytes]], IngestRow]]] = {
    b"m": _message,
    b"e": _revision,
    b"u": _user,
    b"r": _room,
}


def _body(fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    body = orjson.loads(fields[b"b"])  # refuses lone surrogates, as PostgreSQL would
    if not isinstance(body, dict):
        raise TypeError("body is not an object")
    return body


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    if "\0" in value:
        raise ValueError("NUL character, which PostgreSQL cannot hold")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _optional_uuid(value: object) -> UUID | None:
    return None if value is None else pgproto.UUID(_text(value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _whole(value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    if not least <= value <= most:
        raise ValueError("number out of range")
    return value


def _moment(micros: object) -> datetime:
    # Far below datetime's end, and above PostgreSQL's beginning.
    return datetime_of(_whole(micros, 0, 250_000_000_000_000_000))
