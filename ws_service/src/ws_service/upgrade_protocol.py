"""uvicorn's HTTP protocol with a look at who wants a socket, before anything is made for them.

A handshake costs as much as a hundred messages: it is not worth it for who is to be refused anyway.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from shared.runtime.clock import chance
from shared.runtime.http_protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ws_service.turns import Turns

    Asked = Callable[[Iterable[tuple[bytes, bytes]], tuple[str, int] | None], float]

_REFUSAL: Final = (
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: {seconds}\r\n"
    "content-length: 0\r\nconnection: close\r\n\r\n"
)


class UpgradeProtocol(BoundedHttpProtocol):
    """One connection."""

    def __init__(self, *args: Any, wait_of: Asked, turns: Turns, **kwargs: Any) -> None:
        """`wait_of` says for how many seconds the sender of these headers is to stay away."""
        super().__init__(*args, **kwargs)
        self._wait_of = wait_of
        self._turns = turns

    @override
    def handle_websocket_upgrade(self) -> None:
        """Answers 429, or waits for a turn: a storm of newcomers is not to hold up who is in."""
        wait = self._wait_of(self.scope["headers"], self.client)
        if wait <= 0:
            self.transport.pause_reading()
            self._turns.wait(self)
            return
        seconds = math.ceil(wait * (1 + chance()))  # who is refused together comes back spread
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
