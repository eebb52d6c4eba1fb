"""Connections to one Redis server that fail fast: an outage is an error in seconds, never a hang.

Whatever the servers' layout is, each connection comes from such a pool.
"""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any, ClassVar, Final

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONNECT_SECONDS: Final = 2.0
COMMAND_SECONDS: Final = 3.0
POOL_CONNECTIONS: Final = 64


class _CarefulConnection(AbstractConnection):
    """A connection whose sending tells its caller what happened, and that can be ended for good."""

    is_ended = False
    """For good. redis-py connects what it finds closed, to send what was under way once more."""

    @override
    async def connect_check_health(self, *args: Any, **options: Any) -> None:
        if not self.is_ended:
            await super().connect_check_health(*args, **options)
        if self.is_ended:  # perhaps meanwhile
            await self.disconnect(nowait=True)
            raise RedisConnectionError("closed: nothing goes to this server any more")

    @override
    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Does not swallow the cancellation of the task.

        redis-py sends within `asyncio.wait_for`, and that of Python 3.11 forgets a cancellation
        which arrives in the turn in which the sending has ended: a loop over Redis then never
        stops. May go when 3.12 is the oldest Python
        (https://github.com/python/cpython/issues/86296).
        """
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - coroutines run in tasks
        before = task.cancelling()
        await super().send_packed_command(command, check_health)
        if task.cancelling() > before:
            # The answer would be read by the next user of this connection.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError

    @override
    async def _send_packed_command(self, command: Iterable[bytes]) -> None:
        """Takes a line that was cut meanwhile for an outage, as redis-py does on asyncio.

        There it is a ConnectionError; uvloop's transport raises RuntimeError, "the handler is
        closed", which nobody would take for something that passes. Nor would they an
        AttributeError: two tasks share a pub/sub connection, and the other may have ended it.
        """
        writer = self._writer
        if writer is None:
            raise ConnectionResetError(errno.ECONNRESET, "the connection was ended meanwhile")
        try:
            await super()._send_packed_command(command)
        except RuntimeError as error:
            if not writer.is_closing():
                raise
            raise ConnectionResetError(errno.ECONNRESET, str(error)) from error


def pool_options(
    options: Mapping[str, Any],
    client_name: str,
    *,
    retries: int,
    connections: int = POOL_CONNECTIONS,
    mixins: tuple[type[AbstractConnection], ...] = (),
) -> dict[str, Any]:
    """Arguments of a BlockingConnectionPool; `options` come from the URL, and win.

    One retry, and only because a pooled connection may have died while it idled. A command that
    timed out is not repeated: the server may still carry it out, and would do so twice.
    Who finds all connections lent out waits for one, within the time of a command.
    """
    plain = options.get("connection_class", Connection)  # by the scheme: TCP, TLS or a Unix socket
    bases = (*mixins, _CarefulConnection, plain)
    of_networks = (
        {} if issubclass(plain, UnixDomainSocketConnection) else {"socket_keepalive": True}
    )
    return {
        "timeout": COMMAND_SECONDS,
        "client_name": client_name,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": COMMAND_SECONDS,
        **of_networks,
        "health_check_interval": 15,
        "retry": Retry(NoBackoff(), retries, (RedisConnectionError,)),
        "max_connections": connections,
        "protocol": 3,
        "legacy_responses": False,
        **options,
        "connection_class": type(plain.__name__, bases, {}),
    }


class ServerPool(BlockingConnectionPool):
    """Lends connections to one server, until it is closed."""

    must_be_asked: ClassVar[bool] = False
    """Must `still_serves` be asked before each use of a connection that is kept?"""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._is_closed = False

    @override
    def make_connection(self) -> AbstractConnection:
        connection: _CarefulConnection = super().make_connection()  # type: ignore[no-untyped-call]
        connection.is_ended = self._is_closed
        return connection

    @override
    async def aclose(self) -> None:
        """Ends all connections, those that are lent out too: what waits there is an outage."""
        self._is_closed = True
        lent: set[Any] = self._in_use_connections
        for connection in (*lent, *self._available_connections):
            connection.is_ended = True
        await super().aclose()

    async def still_serves(self, connection: AbstractConnection) -> bool:  # noqa: ARG002
        """Does `connection` go where a new one would?"""
        return True


def open_pool(options: Mapping[str, Any]) -> ServerPool:
    """A pool of connections to one server; see `pool_options`."""
    return ServerPool(**options)
