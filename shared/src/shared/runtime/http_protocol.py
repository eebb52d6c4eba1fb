"""uvicorn's HTTP protocol with an end to its patience; for the times when no gateway stands before.

uvicorn waits for ever for a request that does not end, and keeps whatever stands in its head. Here
a head has a time and a size, and so has what follows it in time; an answer ends both.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 10.0
"""From the first moment of a connection, or first byte of a further request, to its head's end."""

BODY_SECONDS: Final = 60.0
"""From there to the end of the request."""

MOST_HEAD_BYTES: Final = 64 * 1024
"""Of one head, and of the trailers of one request; twice what the gateway lets through."""

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._request_ended = True

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for a head."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._wait(None)
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        """Counts what may still be of the head."""
        super().data_received(data)
        if self._in_head:
            self._count_head(len(data))

    @override
    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._in_head, self._head_bytes, self._request_ended = True, 0, False
        self._wait(HEAD_SECONDS)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        """Of the head, or of the trailers, which count anew."""
        super().on_header(name, value)
        if not self._in_head:
            self._count_head(len(name) + len(value))

    @override
    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head, self._head_bytes = False, 0
        self._wait(BODY_SECONDS)
        super().on_headers_complete()

    @override
    def on_message_complete(self) -> None:
        """The request is whole."""
        self._request_ended = True
        self._wait(None)
        super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        """Who was answered before the end of the request need not send the rest."""
        super().on_response_complete()
        if not self._request_ended:
            self.transport.close()

    @override
    def handle_websocket_upgrade(self) -> None:
        """From here on the protocol of sockets is patient."""
        self._wait(None)
        super().handle_websocket_upgrade()

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            if self._in_head:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _wait(self, seconds: float | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = (
            None if seconds is None else self.loop.call_later(seconds, self.transport.close)
        )
