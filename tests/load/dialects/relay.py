"""Bare relays: whatever text a client sends, all in its room get, and nothing else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.load.dialects.dialect import Dialect, Visit
from tests.load.dialects.event import event_json
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

_WELCOME: Final = b'{"type":"welcome"}'
_HEARTBEAT: Final = (b"ping", b"pong")


class RelayDialect(Dialect):
    """Servers of ours, which say in one frame that the connection hears the room; see Dialect."""

    @override
    def url(self, visit: Visit) -> str:
        return f"{visit.base}/rooms/{visit.room}"

    @override
    def is_welcome(self, payload: bytes) -> bool:
        return payload == _WELCOME

    @override
    def say(self, visit: Visit, text: str, number: int) -> bytes:
        return event_json(visit, text, number)


class NchanDialect(RelayDialect):
    """nchan greets nobody, but it answers heartbeats: those of clients that hear their channel.

    With Redis the first one in a room hears it some milliseconds later than that.
    """

    @override
    @override
    def greetings(self, visit: Visit) -> Sequence[bytes]:
        return _HEARTBEAT[:1]

    @override
    @override
    def is_welcome(self, payload: bytes) -> bool:
        return payload == _HEARTBEAT[1]
