"""The one way from a session to its socket; the rest of the service knows no WebSocket library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from shared.protocol.close_codes import CloseCode
from ws_service.protocol_class import Ear, door_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Transport(Protocol):
    """A socket that was accepted."""

    @property
    def open_fd(self) -> int:
        """A socket to which whole text frames may be written past `write`; -1: not now."""

    @property
    def unread_bytes(self) -> int:
        """What the peer has not taken yet."""

    def watch(self, changed: Callable[[], None]) -> None:
        """Calls `changed` whenever `open_fd` is another."""

    def listen(self, ear: Ear) -> None:
        """From now on `ear` hears what the client sends; first what has come already."""

    async def wait_ended(self) -> int:
        """Returns when nothing will come any more, with the close code."""

    def stop_reading(self) -> None:
        """Lets the client wait with what it sends."""

    def go_on_reading(self) -> None:
        """Ends `stop_reading`."""

    def slow_down(self) -> None:
        """What the client sends beyond a little at once waits among that of all who flood."""

    def write(self, frames: bytes) -> int:
        """Hands whole text frames over; never waits, and drops them once closing.

        Returns how many bytes the peer has not taken yet.
        """

    def close(self, code: CloseCode, reason: str) -> None:
        """Starts to close; `wait_ended` returns. Never waits."""


class SocketTransport:
    """Transport over an ASGI connection that `DoorProtocol` serves."""

    def __init__(self, scope: Any, receive: Callable[[], Awaitable[Any]]) -> None:
        self._receive = receive
        self._door = door_of(scope)
        # The hot path: no call in between.
        self.write = self._door.push
        self.listen = self._door.listen
        self.stop_reading = self._door.stop_reading
        self.go_on_reading = self._door.go_on_reading
        self.slow_down = self._door.slow_down

    @property
    def closed_with(self) -> int | None:
        """The code with which this side has closed, if it was this side."""
        return self._door.closed_with

    @property
    def open_fd(self) -> int:
        """See Transport."""
        return self._door.open_fd

    @property
    def unread_bytes(self) -> int:
        """See Transport."""
        return self._door.unread_bytes

    def watch(self, changed: Callable[[], None]) -> None:
        """See Transport."""
        self._door.open_fd_changed = changed

    async def wait_ended(self) -> int:
        """See Transport."""
        message = await self._receive()
        assert message["type"] == "websocket.disconnect"  # noqa: S101 - texts go another way
        return int(message.get("code") or 1005)

    def close(self, code: CloseCode, reason: str) -> None:
        """See Transport."""
        self._door.close_soon(int(code), reason)
