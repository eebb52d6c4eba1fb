"""The only place where JSON meets the wire. Bytes in, bytes out; UTF-8, Bangla unescaped.

A message travels as its *body*, a JSON object of all that its author's replica knew; the place in
the room (seq, time, revision) is put behind the body's last field where it is read. So a message is
encoded once, by its author's replica, and nobody parses it on the way to a thousand readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel


class MessageBody(NamedTuple):
    """What a message's author's replica knows of it. Ids are canonical UUID strings."""

    message: str
    user_id: str
    username: str
    user_color: str
    message_id: str
    room_id: str
    client_id: str | None
    message_type: str
    file_url: str | None
    reply_to: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """The newest change of a message; `micros` is its time, µs since 1970 UTC."""

    number: int
    micros: int
    deleted: bool
    body: bytes


class StoredMessage(NamedTuple):  # made once for each message, so it must cost little
    """A message with its place. `body` is the newest one; `micros` the time of sending."""

    seq: int
    micros: int
    body: bytes
    revision: int = 0
    revised_micros: int = 0
    deleted: bool = False

    def revised_by(self, revision: Revision | None) -> StoredMessage:
        """This message under a revision, if that is newer than the one it has."""
        if revision is None or revision.number <= self.revision:
            return self
        return StoredMessage(
            self.seq,
            self.micros,
            revision.body,
            revision.number,
            revision.micros,
            revision.deleted,
        )


def encode(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """JSON of an event, a view or plain data."""
    if isinstance(value, dict | list):
        return orjson.dumps(value)
    return value.__pydantic_serializer__.to_json(value)


def encode_ack(client_id: str, message_id: str, seq: int, timestamp: str) -> bytes:
    """The `ack` event, as `encode` would write it, in a third of the time."""
    return orjson.dumps(
        {
            "type": "ack",
            "client_id": client_id,
            "message_id": message_id,
            "seq": seq,
            "timestamp": timestamp,
        }
    )


def encode_body(body: MessageBody) -> bytes:
    """The body of a message that is to be sent."""
    return orjson.dumps(
        {
            "type": "message",
            "message": body.message,
            "user_id": body.user_id,
            "username": body.username,
            "user_color": body.user_color,
            "message_id": body.message_id,
            "room_id": body.room_id,
            "client_id": body.client_id,
            "message_type": body.message_type,
            "file_url": body.file_url,
            "reply_to": body.reply_to,
        }
    )


def decode_body(body: bytes) -> MessageBody:
    """The fields of a body; unknown ones of a newer version are passed over.

    Raises:
        ValueError: not a body.
    """
    try:
        data = orjson.loads(body)
        return MessageBody(*(data[name] for name in MessageBody._fields))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a message body: {error!r}") from error


def finish_message(message: StoredMessage, timestamp: str, edited_at: str | None = None) -> bytes:
    """The `message` event: the body with its place behind it. No parsing.

    `timestamp` and `edited_at` are ISO texts of the message's times.
    """
    tail = f',"seq":{message.seq},"timestamp":"{timestamp}"'
    if message.revision:
        tail += f',"revision":{message.revision},"edited_at":"{edited_at}"'
        if message.deleted:
            tail += ',"deleted":true'
    return message.body[:-1] + tail.encode() + b"}"


def finish_update(message: StoredMessage, timestamp: str, edited_at: str) -> bytes:
    """The `message_updated` event of a revised message."""
    finished = finish_message(message, timestamp, edited_at)
    return finished.replace(b'"type":"message"', b'"type":"message_updated"', 1)


def encode_list(
    head: dict[str, Any], name: str, items: Sequence[bytes], tail: dict[str, Any] | None = None
) -> bytes:
    """An object with a list of parts that are JSON already: `{head…, name: [items], tail…}`."""
    joined = orjson.dumps(head)[:-1] + b',"' + name.encode() + b'":[' + b",".join(items) + b"]"
    return joined + (b"," + orjson.dumps(tail)[1:] if tail else b"}")
