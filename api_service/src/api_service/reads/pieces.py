"""JSON of messages and people in pieces: what does not change, open where the moment stands. Pure.

A page is joined from pieces that were encoded once. They have the fields of `MessageView` and
`UserView`, in their order; a test holds them against these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from api_service.presenting import made_micros
from shared.domain.times import format_micros
from shared.protocol.codec import StoredMessage, decode_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.presence.presence import Present

OBJECT_BYTES: Final = 400
"""About what Python needs for a piece besides its text."""


@dataclass(frozen=True, slots=True)
class MessagePiece:
    """A message without the presence of its author, which stands between `head` and `tail`."""

    seq: int
    author: str
    head: bytes
    unseen: bytes
    """What stands there for an author of whom nothing is known: last seen when they wrote."""
    tail: bytes

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return OBJECT_BYTES + len(self.head) + len(self.tail)


def message_piece(message: StoredMessage) -> MessagePiece:
    """The piece of a message."""
    body = decode_body(message.body)
    head = {
        "id": body.message_id,
        "room_id": body.room_id,
        "user": {"id": body.user_id, "username": body.username, "color": body.user_color},
    }
    tail = {
        "content": body.message,
        "message_type": body.message_type,
        "file_url": body.file_url,
        "timestamp": format_micros(message.micros),
        "seq": message.seq,
        "client_id": body.client_id,
        "reply_to": body.reply_to,
        "edited_at": format_micros(message.revised_micros) if message.revision else None,
    }
    made = format_micros(made_micros(UUID(body.user_id), message.micros))
    return MessagePiece(
        seq=message.seq,
        author=body.user_id,
        head=b"," + orjson.dumps(head)[:-2] + b',"is_online":',
        unseen=_presence(message.micros, online=False),
        tail=f',"created_at":"{made}"}},'.encode() + orjson.dumps(tail)[1:],
    )


def presences(seen: Mapping[UUID, int], now_micros: int) -> dict[str, bytes]:
    """What stands in pieces for authors who were `seen` (ms; in the future while online)."""
    here = _presence(now_micros, online=True)
    return {
        str(user): here if ms * 1000 > now_micros else _presence(ms * 1000, online=False)
        for user, ms in seen.items()
    }


def _presence(seen_micros: int, *, online: bool) -> bytes:
    return f'{"true" if online else "false"},"last_seen":"{format_micros(seen_micros)}"'.encode()


def join_messages(pieces: Iterable[MessagePiece], present: Mapping[str, bytes]) -> bytes:
    """The JSON list of messages."""
    parts: list[bytes] = []
    for piece in pieces:
        parts += (piece.head, present.get(piece.author, piece.unseen), piece.tail)
    return b"[" + b"".join(parts)[1:] + b"]"


def people_pieces(people: Sequence[Present]) -> tuple[bytes, ...]:
    """The JSON list of people who are here, cut where the present time stands."""
    pieces = [b"["]
    for present in people:
        person = present.person
        made = format_micros(made_micros(UUID(person.id), present.joined_micros))
        head = {
            "id": person.id,
            "username": person.username,
            "color": person.color,
            "is_online": True,
        }
        pieces[-1] += orjson.dumps(head)[:-1] + b',"last_seen":"'
        pieces.append(f'","created_at":"{made}"}},'.encode())
    pieces[-1] = pieces[-1].removesuffix(b",") + b"]"
    return tuple(pieces)


def join_people(pieces: Sequence[bytes], now_micros: int) -> bytes:
    """The JSON list of people, all of them seen now."""
    return format_micros(now_micros).encode().join(pieces)


def object_of(fields: Mapping[str, Any], name: str, value: bytes) -> bytes:
    """A JSON object of `fields`, with `value`, which is JSON already, as its last field `name`."""
    return orjson.dumps(fields)[:-1] + b',"' + name.encode() + b'":' + value + b"}"
