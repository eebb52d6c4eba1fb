"""Opens Redis, whatever the servers' layout, and tells outages from bugs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
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

from shared.protocol.errors import ErrorCode, Unavailable
from shared.runtime.redis_cluster import ClusterClient
from shared.runtime.redis_pool import POOL_CONNECTIONS, open_pool, pool_options
from shared.runtime.redis_sentinel import open_master_pool
from shared.runtime.redis_topology import Topology
from shared.runtime.redis_url import Layout, parse_redis_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.runtime.redis_url import Address

OUTAGES: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    ClusterDownError,
    MovedError,
    AskError,
    TryAgainError,
    OutOfMemoryError,
    OSError,
)
"""What redis-py raises while a server is away, loading, demoted, moving a slot, or full.

Also while no sentinel knows a master and while a pool has no connection left: ConnectionErrors.
"""

_PASSING_REPLIES: Final = frozenset({"NOREPLICAS", "MISCONF", "UNBLOCKED", "BUSY"})
"""Error replies of a server that is there but must not serve just now."""

_REPLY = re.compile(r"(?:Command # .* of pipeline caused error: \(['\"])?([A-Z]+)", re.DOTALL)
"""First word of an error reply; redis-py puts the command before it when it was in a pipeline."""


def open_redis(
    url: str, client_name: str, *, retries: int = 1, connections: int = POOL_CONNECTIONS
) -> Redis:
    """A client with its own pool (in a cluster, one per node); see `redis_url` for `url`.

    Connections carry `client_name` in CLIENT LIST. `retries` is for connections that died while
    they idled, see `redis_pool`. A client that listens to pub/sub takes none: a link that was
    silently rebuilt has missed something.

    Raises:
        ValueError: the URL is not usable.
    """
    parsed = parse_redis_url(url)
    if parsed.layout is Layout.SENTINEL:
        return Redis.from_pool(
            open_master_pool(parsed, client_name, retries=retries, connections=connections)
        )
    options = pool_options(parsed.options, client_name, retries=retries, connections=connections)
    if parsed.layout is Layout.CLUSTER:

        def open_node(address: Address) -> Redis:
            return Redis.from_pool(open_pool({**options, "host": address[0], "port": address[1]}))

        return ClusterClient(Topology(parsed.addresses, open_node))
    return Redis.from_pool(open_pool(options))


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
    if isinstance(error, OUTAGES):
        return True
    reply = _REPLY.match(str(error)) if isinstance(error, ResponseError) else None
    return reply is not None and reply[1] in _PASSING_REPLIES


def unavailable_for(error: Exception) -> Unavailable:
    """What a client is told of one of OUTAGES."""
    if isinstance(error, OutOfMemoryError):
        return Unavailable("redis", 5.0, ErrorCode.OVERLOADED)
    return Unavailable("redis")


def is_cluster(redis: Redis) -> bool:
    """Must keys of one call share a slot?"""
    return isinstance(redis, ClusterClient)


async def nodes_of(redis: Redis) -> list[Redis]:
    """A client for each server that holds data: those of a cluster, or `redis` itself."""
    return await redis.topology.primaries() if isinstance(redis, ClusterClient) else [redis]


async def node_for(redis: Redis, key: str) -> Redis:
    """A client for the server that serves `key` now; raises one of OUTAGES if nobody does."""
    if not isinstance(redis, ClusterClient):
        return redis
    return redis.topology.client(await redis.topology.address_of(key_slot(key.encode())))


def home_of(redis: Redis, key: str) -> object:
    """What tells the server that serves `key` from the others, as far as that is known."""
    if not isinstance(redis, ClusterClient):
        return None
    return redis.topology.known_address_of(key_slot(key.encode()))


async def look_around(redis: Redis) -> None:
    """Asks a cluster anew who serves what; raises one of OUTAGES when no node answers."""
    if isinstance(redis, ClusterClient):
        await redis.topology.refresh()
