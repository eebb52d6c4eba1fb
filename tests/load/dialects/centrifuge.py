"""The JSON protocol of Centrifugo and of the library below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from tests.load.dialects.dialect import Dialect, Visit
from tests.load.dialects.event import event_json
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONNECT_ID: Final = 1
_SUBSCRIBE_ID: Final = 2
_FIRST_PUBLISH_ID: Final = 3
_WELCOME: Final = b'{"id":%d,"subscribe":' % _SUBSCRIBE_ID
_PUBLISHED: Final = b'"publish":{'
_PING: Final = b"{}"


class CentrifugeDialect(Dialect):
    """A room is a channel; the server may put several lines of JSON into one frame; see Dialect."""

    acks = True

    @override
    def url(self, visit: Visit) -> str:
        return f"{visit.base}/connection/websocket"

    @override
    def greetings(self, visit: Visit) -> Sequence[bytes]:
        connect = {"id": _CONNECT_ID, "connect": {}}
        subscribe = {"id": _SUBSCRIBE_ID, "subscribe": {"channel": visit.room}}
        return orjson.dumps(connect), orjson.dumps(subscribe)

    @override
    def is_welcome(self, payload: bytes) -> bool:
        return _WELCOME in payload

    @override
    def is_ack(self, payload: bytes) -> bool:
        return _PUBLISHED in payload

    @override
    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        return _PING if payload == _PING else None

    @override
    def say(self, visit: Visit, text: str, number: int) -> bytes:
        event = event_json(visit, text, number)
        publish = b'{"id":%d,"publish":{"channel":"%b","data":%b}}'
        return publish % (number + _FIRST_PUBLISH_ID, visit.room.encode(), event)
