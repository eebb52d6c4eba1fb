"""A connection to one server, heard as its bytes come: no stream, no task and no turn in between.

redis-py connects, logs in, speaks TLS and finds masters; hiredis packs and parses. What is left out
are asyncio's streams between the two, which cost a lone message more than Redis does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

from hiredis import Reader, pack_command
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio.connection import AbstractConnection

Words = tuple[str | bytes | int, ...]
"""A command with its arguments."""

_NOTHING: Final = object()


class RedisWire(asyncio.Protocol):
    """For the event loop's thread alone. It lives once: its first error ends it."""

    def __init__(
        self,
        connection: AbstractConnection,
        *,
        hear: Callable[[Any], None],
        ended: Callable[[Exception], None],
    ) -> None:
        """Takes over a connection that redis-py has just made, and that nobody else uses.

        `hear` is told each answer and each push, as hiredis makes them: an error reply is an
        exception. What it raises ends the wire, as losing the connection does; `ended` is then
        told why, once.
        """
        made: Any = connection  # redis-py has no other way to its transport
        self._hear = hear
        self._ended: Callable[[Exception], None] | None = ended
        # By its types, redis-py's errors are no exceptions.
        replies: Any = {"protocolError": InvalidResponse, "replyError": made._parser.parse_error}  # noqa: SLF001
        self._reader = Reader(**replies, notEnoughData=_NOTHING)
        self._transport: asyncio.Transport = made._writer.transport  # noqa: SLF001
        self._streams = self._transport.get_protocol()
        self._transport.set_protocol(self)
        if made._reader.at_eof():  # noqa: SLF001 - it ended before anybody could be told
            asyncio.get_running_loop().call_soon(self._end, RedisConnectionError("closed at once"))

    @property
    def is_open(self) -> bool:
        """May commands be sent?"""
        return self._ended is not None and not self._transport.is_closing()

    def send(self, commands: Sequence[Words]) -> None:
        """Never waits.

        Raises:
            redis.exceptions.ConnectionError: the connection is lost.
        """
        if not self.is_open:
            raise RedisConnectionError("the connection was lost")
        self._transport.write(b"".join([pack_command(cast("Any", words)) for words in commands]))

    def close(self) -> None:
        """Ends it; nothing is told any more."""
        self._ended = None
        self._transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        """Tells all that is whole."""
        try:
            self._reader.feed(data)
            while self._ended is not None:
                told = self._reader.gets()
                if told is _NOTHING:
                    return
                self._hear(told)
        except Exception as error:  # noqa: BLE001 - handed to the owner, whatever it is
            self._end(error)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The server, or the network, has ended it."""
        self._streams.connection_lost(exc)  # redis-py waits for this when it disconnects
        self._end(RedisConnectionError(f"the connection was lost: {exc or 'closed'}"))

    def _end(self, error: Exception) -> None:
        ended = self._ended
        if ended is not None:
            self.close()
            ended(error)
