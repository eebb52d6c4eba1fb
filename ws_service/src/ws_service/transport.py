"""The one way from a session to its socket; the rest of the service knows no WebSocket library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shared.protocol.close_codes import CloseCode
from ws_service.protocol_class import door_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Disconnected(Exception):
    """The peer is gone, or the connection was closed from this side."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class BinaryFrame(Exception):
    """The peer sent bytes where text is spoken."""


class Transport(Protocol):
    """A socket that was accepted."""

    async def receive(self) -> str:
        """The next text frame.

        Raises:
            Disconnected: there will be none.
            BinaryFrame: it was not text; the next call goes on.
        """

    def write(self, frames: bytes) -> int:
        """Hands whole text frames over; never waits, and drops them once closing.

        Returns how many bytes the peer has not taken yet.
        """

    def close(self, code: CloseCode, reason: str) -> None:
        """Starts to close; `receive` raises from now on. Never waits."""


class SocketTransport:
    """Transport over an ASGI connection that `DoorProtocol` serves."""

    def __init__(self, scope: Any, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._door = door_of(scope)
        self.write = self._door.push  # the hot path: no call in between

    async def receive(self) -> str:
        """See Transport."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise Disconnected(int(message.get("code") or 1005))
        text = message.get("text")
        if text is None:
            raise BinaryFrame
        return str(text)

    def close(self, code: CloseCode, reason: str) -> None:
        """See Transport."""
        self._door.close_soon(int(code), reason)
