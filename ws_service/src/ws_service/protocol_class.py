"""uvicorn's WebSocket protocol with a raw door: bytes that are framed already go straight out.

Accepting, receiving, pings and the closing handshake stay uvicorn's. What is added here: one write
per connection and tick instead of one awaited `send` per event, the size of the transport's buffer,
a close that works while the buffer is full, and this project's close code for a missing pong.
"""

from __future__ import annotations

from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.protocol.close_codes import CLOSES, CloseCode

DOOR: Final = "adda.door"
"""Name of the extension in the ASGI scope that holds the protocol object."""

CLOSE_SECONDS: Final = 5.0
"""How long a peer may take to answer a close before the connection is cut."""

MOST_UNREAD_PONG_BYTES: Final = 64 * 1024
"""Beyond so many unread bytes pings are not answered: their number is not ours to bound."""

_TEXT: Final = 0x81
_ONE_BYTE: Final = 126
_TWO_BYTES: Final = 1 << 16


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame (RFC 6455 §5.2). `payload` is UTF-8."""
    size = len(payload)
    if size < _ONE_BYTE:
        return bytes((_TEXT, size)) + payload
    if size < _TWO_BYTES:
        return bytes((_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_TEXT, 127)) + size.to_bytes(8, "big") + payload


class DoorProtocol(WebSocketsSansIOProtocol):
    """One connection. The extra methods are for the event loop's thread alone and never wait."""

    @override
    async def run_asgi(self) -> None:
        """Shows the door to the application."""
        extensions: Any = self.scope["extensions"]
        extensions[DOOR] = self
        await super().run_asgi()

    def push(self, frames: bytes) -> int:
        """Hands whole frames to the transport; drops them once the connection is closing.

        Returns how many bytes the peer has not taken yet. Called once per delivery: one look at
        each of two flags, no property.
        """
        transport = self.transport
        if self.close_sent or transport.is_closing():
            return 0
        transport.write(frames)
        return transport.get_write_buffer_size()

    def close_soon(self, code: int, reason: str) -> None:
        """Starts the closing handshake, even while the buffer is full; cuts after 5 s."""
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    @override
    def handle_ping(self) -> None:
        """Answers a ping, unless the peer reads no answers (RFC 6455 §5.5.3 lets us skip some)."""
        pong = b"".join(self.conn.data_to_send())
        if self.transport.get_write_buffer_size() <= MOST_UNREAD_PONG_BYTES:
            self.transport.write(pong)

    @override
    def keepalive_timeout(self) -> None:
        """A pong is missing: the peer is told so, in case it can still hear."""
        self.pong_timer = None
        self.pending_ping_payload = None
        self.close_soon(CloseCode.NO_PONG, CLOSES[CloseCode.NO_PONG].bn)


def door_of(scope: Any) -> DoorProtocol:
    """The door of a connection that this protocol class serves."""
    door = scope["extensions"][DOOR]
    assert isinstance(door, DoorProtocol)  # noqa: S101 - a wrong server class is a bug in wiring
    return door
