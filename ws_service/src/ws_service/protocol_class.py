"""uvicorn's WebSocket protocol with a raw door: bytes that are framed already go straight out.

Accepting, pings, odd frames and the closing handshake stay uvicorn's. What is added here: one write
per connection and tick instead of one awaited `send` per event, texts handed over as they come
instead of through a queue and a pause each, the size of the transport's buffer, a close that works
while the buffer is full, and this project's close code for a missing pong.
"""

from __future__ import annotations

import os
from asyncio import BaseTransport
from typing import TYPE_CHECKING, Any, Final, Protocol

from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from shared.domain.token_bucket import TokenBucket
from shared.protocol.close_codes import CLOSES, CloseCode
from ws_service.frames import FrameCutter
from ws_service.turns import AT_ONCE, IN_TURN

if TYPE_CHECKING:
    from collections.abc import Callable

    from ws_service.turns import Turns

DOOR: Final = "adda.door"
"""Name of the extension in the ASGI scope that holds the protocol object."""

_UNREADABLE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)

CLOSE_SECONDS: Final = 5.0
"""How long a peer may take to answer a close before the connection is cut."""

MOST_UNREAD_PONG_BYTES: Final = 64 * 1024
"""Beyond so many unread bytes pings are not answered: their number is not ours to bound."""

MOST_END_BYTES: Final = 64 * 1024
"""Behind a close of ours: what was under way, and the answer."""

ODD_FRAMES_BURST: Final = 500
ODD_FRAMES_PER_SECOND: Final = 100
"""Pings, pongs and pieces of messages; more are a flood, as no limit of commands counts them."""

TOO_BIG: Final = 1009
"""The library's own word for messages that are too long."""

MOST_PIECES: Final = 256
"""Of one message: their sizes are bounded together, but empty ones would have no end."""


class Ear(Protocol):
    """Whoever hears what a client sends. Called in the event loop; must not wait or raise."""

    def hear(self, text: str) -> None:
        """A text."""

    def hear_binary(self) -> None:
        """Bytes, which are not spoken here."""


class DoorProtocol(WebSocketsSansIOProtocol):
    """One connection. The extra methods are for the event loop's thread alone and never wait."""

    def __init__(self, *args: Any, turns: Turns, floods: Turns, **kwargs: Any) -> None:
        """`turns`, and those of `floods`, are shared by all connections of the process."""
        super().__init__(*args, **kwargs)
        self._turns = turns
        self._floods = floods
        self._is_waiting = False
        """For a turn, with what was read and not heard; meanwhile nothing more is read."""
        self._stopped = False
        """Whoever listens does not want more now."""
        self._end_bytes = MOST_END_BYTES
        self._held_up = False
        """Since the last ping, what came was let wait for a while: the pong may be behind it."""
        self._deaf = False
        """It was sent a close, and went on and on; until it is cut off nothing is read."""
        self._cutter = FrameCutter(self.config.ws_max_size)
        self._fd = -1
        """Of the socket, unless bytes must not go to it directly: behind TLS."""
        self.open_fd = -1
        """The same while nothing waits in the transport and the connection is not closing."""
        self.open_fd_changed: Callable[[], None] | None = None
        self.closed_with: int | None = None
        """The code with which this side has closed, if it was this side."""
        self._ear: Ear | None = None
        self._early: list[str | None] = []
        """What came before somebody listened; None stands for bytes."""
        self._odd_frames = TokenBucket(ODD_FRAMES_BURST, ODD_FRAMES_PER_SECOND, self.loop.time())

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        """Looks for the socket."""
        super().connection_made(transport)
        if transport.get_extra_info("ssl_object") is None:
            self._fd = transport.get_extra_info("socket").fileno()
            self._let(self._fd)
            # So that each byte that waits is told by `pause_writing`, and the last one's going.
            self.transport.set_write_buffer_limits(high=0)

    @override
    def pause_writing(self) -> None:
        """Something waits: what follows must wait behind it."""
        self._let(-1)
        super().pause_writing()

    @override
    def resume_writing(self) -> None:
        """Nothing waits any more."""
        if not (self.close_sent or self.transport.is_closing()):
            self._let(self._fd)
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The number may soon be another socket's."""
        self._fd = -1
        self._let(-1)
        self._cutter.take_rest()
        super().connection_lost(exc)
        self._let_go()

    def _let_go(self) -> None:
        """Parts from what knows this object, so that all of it is freed at once.

        What is left in circles waits for a full collection, and that one stands still for the
        longer the more is in memory: a tenth of a second, and more often, while many come and go.
        """
        self.open_fd_changed = None
        self._ear = None
        self.conn.parser.close()

    def _let(self, fd: int) -> None:
        self.open_fd = fd
        if self.open_fd_changed is not None:
            self.open_fd_changed()

    # Nothing is sent behind a close (RFC 6455 §5.5.1), whoever begins it.

    @override
    def handle_close(self, event: Frame) -> None:
        """The client closes."""
        self._let(-1)
        super().handle_close(event)

    @override
    def handle_parser_exception(self) -> None:
        """The client broke the rules of the protocol.

        It is told so, and this side ends; what comes still is read and thrown away. A socket that
        is closed before its last byte was read resets the connection (RFC 2525 §2.17), and then
        the reason may never be read at the other end.
        """
        self._let(-1)
        if self.close_sent:  # what came behind it is no better
            self.transport.abort()
            return
        closed = self.conn.close_sent
        assert closed is not None  # noqa: S101 - that is how the library tells of it
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        if self.transport.can_write_eof():  # not behind TLS
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    @override
    def shutdown(self) -> None:
        """The server stops without a drain."""
        self._let(-1)
        super().shutdown()

    @override
    async def run_asgi(self) -> None:
        """Shows the door to the application."""
        extensions: Any = self.scope["extensions"]
        extensions[DOOR] = self
        await super().run_asgi()

    def push(self, frames: bytes) -> int:
        """Hands whole frames over; drops them once the connection is closing.

        Returns how many bytes the peer has not taken yet. Called once per delivery. Nearly always
        nothing waits, and then the kernel is asked at once, past the transport's own bookkeeping;
        what the kernel does not take goes behind whatever the transport holds.
        """
        if self.open_fd >= 0:
            try:
                taken = os.write(self.open_fd, frames)
            except OSError:  # full, or gone: the transport finds out, and tells in its way
                taken = 0
            if taken == len(frames):
                return 0
            frames = frames[taken:]
        transport = self.transport
        if self.close_sent or transport.is_closing():
            return 0
        transport.write(frames)
        return transport.get_write_buffer_size()

    @property
    def unread_bytes(self) -> int:
        """What waits here, and so at the client's."""
        if self.open_fd >= 0 or self.transport.is_closing():
            return 0
        return self.transport.get_write_buffer_size()

    def listen(self, ear: Ear) -> None:
        """From now on `ear` hears what comes; first what has come already."""
        early, self._early = self._early, []
        self._ear = ear
        for text in early:
            self._hand_over(text)
        if early:
            self.go_on_reading()

    def stop_reading(self) -> None:
        """Lets the client wait: what it sends stays where it is."""
        self._stopped = True
        self._read_or_not()

    def go_on_reading(self) -> None:
        """Ends `stop_reading`."""
        self._stopped = False
        self._ask_for_turn()
        self._read_or_not()

    def _read_or_not(self) -> None:
        if self.transport.is_closing():
            return
        pause = self._deaf or (not self.close_sent and (self._stopped or self._is_waiting))
        if pause and not self.read_paused:
            self.read_paused = self._held_up = True
            self.transport.pause_reading()
        elif self.read_paused and not pause:
            self.read_paused = False
            self.transport.resume_reading()

    def _ask_for_turn(self) -> None:
        if not (self._is_waiting or self._stopped or self.close_sent) and self._cutter.has_piece:
            self._is_waiting = True
            self._turns.wait(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Texts go straight to whoever listens, the rest to the library."""
        if not self.handshake_initiated:
            super().data_received(data)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                # The library has no answer for a request that it cannot even read.
                self.transport.write(_UNREADABLE)
                self.transport.close()
            return
        self._cutter.feed(data)
        if self.close_sent:
            self._hear_the_end()
            return
        # A thousand whose first ones are heard at once are a long time for who sends one.
        if not (self._is_waiting or self._cutter.holds_more_than(AT_ONCE)):
            self._hear_some(AT_ONCE)
        self._ask_for_turn()
        self._read_or_not()

    def slow_down(self) -> None:
        """It sends more than it may: from now on it waits among the floods."""
        self._turns = self._floods

    def take_turn(self) -> bool:
        """See Waiting."""
        turns = self._turns
        self._hear_some(IN_TURN)
        more = not (self._stopped or self.close_sent) and self._cutter.has_piece
        self._is_waiting = more
        self._read_or_not()
        if more and self._turns is not turns:
            self._turns.wait(self)
            return False
        return more

    def give_up(self) -> None:
        """See Waiting."""
        self.transport.abort()

    def _hear_some(self, count: int) -> None:
        turns = self._turns
        for _ in range(count):
            if self._stopped or self.close_sent or self._turns is not turns:
                return
            if (piece := self._cutter.cut()) is None:
                return
            self._hear(piece)

    def _hear_the_end(self) -> None:
        """Looks for the client's answer to a close; who goes on for long is not listened to."""
        data = self._cutter.take_rest()
        self._end_bytes -= len(data)
        if self._end_bytes < 0:
            self._deaf = True
            self._read_or_not()
        elif self.conn.parser_exc is None:  # else the library understands nothing any more
            super().data_received(data)

    def _hear(self, piece: str | bytes) -> None:
        if isinstance(piece, str):
            self._hand_over(piece)
        elif self._odd_frames.take(self.loop.time()) > 0:
            self.close_soon(CloseCode.FLOOD, CLOSES[CloseCode.FLOOD].bn)
        else:
            super().data_received(piece)

    @override
    def handle_cont(self, event: Frame) -> None:
        """A piece of a message."""
        if len(self.frames) >= MOST_PIECES:
            self.frames = []
            self.close_soon(TOO_BIG, "too many pieces")
            return
        super().handle_cont(event)

    @override
    def send_receive_event_to_app(self) -> None:
        """A message that the library has put together."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type != "text":
            self._hand_over(None)
            return
        try:
            self._hand_over(data.decode())
        except UnicodeDecodeError:  # RFC 6455 §8.1
            self.conn.send_close(1007)
            self.handle_parser_exception()

    def _hand_over(self, text: str | None) -> None:
        if self.close_sent:
            return
        if self._ear is None:
            self._early.append(text)
            self.stop_reading()
        elif text is None:
            self._ear.hear_binary()
        else:
            self._ear.hear(text)

    def close_soon(self, code: int, reason: str) -> None:
        """Starts the closing handshake, even while the buffer is full; cuts after 5 s."""
        if self.close_sent or self.transport.is_closing():
            return
        if not self.handshake_complete:  # no frame may be sent yet
            self.transport.abort()
            return
        self._let(-1)
        self.closed_with = code
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self._read_or_not()  # on, for the client's answer
        self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    @override
    def handle_ping(self) -> None:
        """Answers a ping, unless the peer reads no answers (RFC 6455 §5.5.3 lets us skip some)."""
        pong = b"".join(self.conn.data_to_send())
        if self.transport.get_write_buffer_size() <= MOST_UNREAD_PONG_BYTES:
            self.transport.write(pong)

    @override
    def send_keepalive_ping(self) -> None:
        """Asks for a pong."""
        self._held_up = self.read_paused
        super().send_keepalive_ping()

    @override
    def keepalive_timeout(self) -> None:
        """A pong is missing: the peer is told so, in case it can still hear."""
        self.pong_timer = None
        self.pending_ping_payload = None
        if self._held_up:
            self.schedule_ping()
            return
        self.close_soon(CloseCode.NO_PONG, CLOSES[CloseCode.NO_PONG].bn)


def door_of(scope: Any) -> DoorProtocol:
    """Takes the door of a connection that this protocol class serves, once."""
    door = scope["extensions"].pop(DOOR)  # a circle otherwise
    assert isinstance(door, DoorProtocol)  # noqa: S101 - a wrong server class is a bug in wiring
    return door
