"""The contract of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import orjson
from tests.load.dialects.dialect import Position, Visit

if TYPE_CHECKING:
    from collections.abc import Sequence

_WELCOME: Final = b'{"type":"welcome"'
_ACK: Final = b'{"type":"ack"'


class AddaDialect:
    """See Dialect."""

    subprotocols: Sequence[str] = ()

    def url(self, visit: Visit) -> str:
        """See Dialect."""
        query = {"username": visit.name, "color": "#3366cc"}
        if visit.session is not None:
            query["session_id"] = visit.session
        if visit.since is not None:
            query |= {"epoch": visit.since.epoch, "since": str(visit.since.seq)}
        return f"{visit.base}/ws/chat/{visit.room}/?{urlencode(query)}"

    def greetings(self, visit: Visit) -> Sequence[bytes]:
        """See Dialect."""
        return ()

    def is_welcome(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload.startswith(_WELCOME)

    def is_ack(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload.startswith(_ACK)

    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        """See Dialect."""
        return None

    def say(self, visit: Visit, text: str, number: int) -> bytes:
        """See Dialect."""
        return orjson.dumps({"type": "message", "content": text, "client_id": str(number)})


def place_of(message: bytes, epoch: str) -> Position:
    """The position behind a `message` event."""
    return Position(epoch, orjson.loads(message)["seq"])
