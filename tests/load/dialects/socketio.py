"""Socket.IO, protocol 5 over Engine.IO, protocol 4, by WebSocket alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from tests.load.dialects.dialect import Dialect, Visit
from tests.load.dialects.event import event_json
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONNECT: Final = b"40"
"""Sent by the client, and answered with more behind it: who hears that has joined."""
_EVENT: Final = b"42"
_ACK: Final = b"43"
_PING: Final = b"2"
_PONG: Final = b"3"


class SocketioDialect(Dialect):
    """Messages are events that ask for an acknowledgement, as clients of a chat do; see Dialect."""

    acks = True

    @override
    def url(self, visit: Visit) -> str:
        query = {"EIO": "4", "transport": "websocket", "room": visit.room}
        return f"{visit.base}/socket.io/?{urlencode(query)}"

    @override
    def greetings(self, visit: Visit) -> Sequence[bytes]:
        return (_CONNECT,)

    @override
    def is_welcome(self, payload: bytes) -> bool:
        return payload.startswith(_CONNECT)

    @override
    def is_ack(self, payload: bytes) -> bool:
        return payload.startswith(_ACK)

    @override
    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        return _PONG if payload == _PING else None

    @override
    def say(self, visit: Visit, text: str, number: int) -> bytes:
        return b'%b%d["message",%b]' % (_EVENT, number, event_json(visit, text, number))
