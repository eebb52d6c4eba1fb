"""Bare relays: whatever text a client sends, all in its room get, and nothing else is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.load.dialects.event import event_json
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.load.dialects.dialect import Visit

_WELCOME: Final = b'{"type":"welcome"}'
_HEARTBEAT: Final = (b"ping", b"pong")


class RelayDialect:
    """Servers of ours, which say in one frame that the connection hears the room; see Dialect."""

    subprotocols: Sequence[str] = ()

    def url(self, visit: Visit) -> str:
        """See Dialect."""
        return f"{visit.base}/rooms/{visit.room}"

    def greetings(self, visit: Visit) -> Sequence[bytes]:
        """See Dialect."""
        return ()

    def is_welcome(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload == _WELCOME

    def is_ack(self, payload: bytes) -> bool:
        """Nobody is told: see Dialect."""
        return False

    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        """See Dialect."""
        return None

    def say(self, visit: Visit, text: str, number: int) -> bytes:
        """See Dialect."""
        return event_json(visit, text, number)


class NchanDialect(RelayDialect):
    """nchan greets nobody, but it answers heartbeats: those of clients that hear their channel.

    With Redis the first one in a room hears it some milliseconds later than that.
    """

    @override
    def greetings(self, visit: Visit) -> Sequence[bytes]:
        """See Dialect."""
        return _HEARTBEAT[:1]

    @override
    def is_welcome(self, payload: bytes) -> bool:
        """See Dialect."""
        return payload == _HEARTBEAT[1]
