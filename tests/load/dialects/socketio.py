"""Socket.IO, protocol 5 over Engine.IO, protocol 4, by WebSocket alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from tests.load.dialects.event import event_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.load.dialects.dialect import Visit

_CONNECT: Final = b"40"
"""Sent by the client, and answered with more behind it: who hears that has joined."""
_EVENT: Final = b"42"
_ACK: Final = b"43"
_PING: Final = b"2"
_PONG: Final = b"3"


class SocketioDialect:
    """Messages are events that ask for an acknowledgement, as clients of a chat do; see Dialect."""

    subprotocols: Sequence[str] = ()

    def url(self, visit: Visit) -> str:
        """See Dialect."""
        query = {"EIO": "4", "transport": "websocket", "room": visit.room}
        return f"{visit.base}/socket.io/?{urlencode(query)}"

    def greetings(self, visit: Visit) -> Sequence[bytes]:
        """See Dialect."""
        return (_CONNECT,)

    def is_welcome(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload.startswith(_CONNECT)

    def is_ack(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload.startswith(_ACK)

    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        """See Dialect."""
        return _PONG if payload == _PING else None

    def say(self, visit: Visit, text: str, number: int) -> bytes:
        """See Dialect."""
        return b'%b%d["message",%b]' % (_EVENT, number, event_json(visit, text, number))
