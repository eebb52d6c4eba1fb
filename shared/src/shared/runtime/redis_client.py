"""Opens Redis connections that fail fast: an outage is an error in seconds, never a hang."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)
from typing_extensions import override

from shared.protocol.errors import ErrorCode, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_SECONDS: Final = 2.0
COMMAND_SECONDS: Final = 3.0
POOL_CONNECTIONS: Final = 64

OUTAGES: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    TryAgainError,
    OutOfMemoryError,
    OSError,
)
"""What redis-py raises while a server is away, loading, demoted, moving a slot, or full."""

_PASSING_REPLIES: Final = frozenset(
    {"NOREPLICAS", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "LOADING", "UNBLOCKED", "BUSY"}
)
"""Error replies of a server that is there but must not serve just now."""


class _EndsWhenCancelled(AbstractConnection):
    """A connection whose sending does not swallow the cancellation of the task.

    redis-py sends within `asyncio.wait_for`, and that of Python 3.11 forgets a cancellation which
    arrives in the turn in which the sending has ended: a loop over Redis then never stops. May go
    when 3.12 is the oldest Python (https://github.com/python/cpython/issues/86296).
    """

    __slots__ = ()

    @override
    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - coroutines run in tasks
        before = task.cancelling()
        await super().send_packed_command(command, check_health)
        if task.cancelling() > before:
            # The answer would be read by the next user of this connection.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError


def open_redis(url: str, client_name: str, *, retries: int = 1) -> Redis:
    """A client with its own pool; connections carry `client_name` in CLIENT LIST.

    One retry, and only because a pooled connection may have died while it idled. A command that
    timed out is not repeated: the server may still carry it out, and would do so twice. A client
    that listens to pub/sub takes none: a link that was silently rebuilt has missed something.
    Who finds all connections lent out waits for one, within the time of a command.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        timeout=COMMAND_SECONDS,
        client_name=client_name,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=COMMAND_SECONDS,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), retries, (RedisConnectionError,)),
        max_connections=POOL_CONNECTIONS,
        protocol=3,
        legacy_responses=False,
    )
    plain = pool.connection_class  # by the URL's scheme: TCP, TLS or a Unix socket
    pool.connection_class = type(plain.__name__, (_EndsWhenCancelled, plain), {})
    return Redis.from_pool(pool)


@contextmanager
def redis_outage_as_unavailable() -> Iterator[None]:
    """Turns an outage of Redis into the error that clients may retry."""
    try:
        yield
    except (*OUTAGES, ResponseError) as error:
        if not is_outage(error):
            raise
        raise unavailable_for(error) from error


def is_outage(error: BaseException) -> bool:
    """Does `error` pass by itself? Also what redis-py has no class for, told by its first word."""
    return isinstance(error, OUTAGES) or (
        isinstance(error, ResponseError) and str(error).partition(" ")[0] in _PASSING_REPLIES
    )


def unavailable_for(error: Exception) -> Unavailable:
    """What a client is told of one of OUTAGES."""
    if isinstance(error, OutOfMemoryError):
        return Unavailable("redis", 5.0, ErrorCode.OVERLOADED)
    return Unavailable("redis")
