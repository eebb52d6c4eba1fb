"""uvicorn's HTTP protocol with a look at who wants a socket, before anything is made for them.

A handshake costs as much as a hundred messages: it is not worth it for who is to be refused anyway.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from shared.runtime.clock import chance
from shared.runtime.http_protocol import BoundedHttpProtocol
from ws_service.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ws_service.turns import Waiting
    from ws_service.visitors import Reception

    Receive = Callable[[Iterable[tuple[bytes, bytes]], tuple[str, int] | None], Reception]

_REFUSAL: Final = (
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: {seconds}\r\n"
    "content-length: 0\r\nconnection: close\r\n\r\n"
)


NEWCOMERS_REST_SECONDS: Final = 0.001
"""After each handshake. How many come in, the door of the replica decides: see Admission."""
SUSPECTS_REST_SECONDS: Final = 0.05
"""The same where floods came from lately;"""
MOST_SUSPECTS: Final = 100
"""so many wait for that, who comes then is told to come again."""


class Lanes:
    """Where those of a process wait who want a socket.

    They come in one by one, so that who is in has turns between them.
    """

    def __init__(self) -> None:
        self._newcomers = Turns(0.0, NEWCOMERS_REST_SECONDS)
        self._suspects = Turns(0.0, SUSPECTS_REST_SECONDS)

    def wait(self, connection: Waiting, *, suspect: bool) -> float:
        """Puts a connection into its lane: 0.0; seconds to come again after where that is full."""
        lane = self._suspects if suspect else self._newcomers
        if suspect and len(lane) >= MOST_SUSPECTS:
            return len(lane) * SUSPECTS_REST_SECONDS
        lane.wait(connection)
        return 0.0


class UpgradeProtocol(BoundedHttpProtocol):
    """One connection."""

    def __init__(self, *args: Any, receive: Receive, lanes: Lanes, **kwargs: Any) -> None:
        """`receive` says who is suspect, and who is to stay away."""
        super().__init__(*args, **kwargs)
        self._receive = receive
        self._lanes = lanes

    @override
    def handle_websocket_upgrade(self) -> None:
        """Answers 429, or waits for a turn: a storm of newcomers is not to hold up who is in."""
        reception = self._receive(self.scope["headers"], self.client)
        wait = reception.wait or self._lanes.wait(self, suspect=reception.suspect)
        if wait <= 0:
            self.transport.pause_reading()
            return
        # Who is refused together comes back spread.
        seconds = math.ceil(wait * (1 + chance()))
        self.transport.write(_REFUSAL.format(seconds=seconds).encode())
        self.transport.close()

    def take_turn(self) -> bool:
        """See Waiting."""
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()
            self.transport.resume_reading()
        del self.parser  # which knows this object: a circle for the garbage collector
        return False

    def give_up(self) -> None:
        """See Waiting."""
        self.transport.abort()
