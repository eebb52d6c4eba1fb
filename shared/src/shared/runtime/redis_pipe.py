"""A pipeline that costs little: one connection kept at hand, packing in C, one deadline for all.

redis-py's own pipelines lend a connection for each, pack in Python and set a deadline for every
answer; with a few calls in each, that is most of what a message costs. This one is for a single
server. Connecting, logging in, TLS, and finding a master behind sentinels stay redis-py's.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, cast

from hiredis import pack_command
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from shared.runtime.redis_pool import COMMAND_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

Words = tuple[str | bytes | int, ...]
"""A command with its arguments."""


class RedisPipe:
    """One pipeline after another over one connection. Not for two callers at a time."""

    def __init__(self, redis: Redis) -> None:
        self._pool: Any = redis.connection_pool  # its methods have no types
        self._connection: AbstractConnection | None = None

    async def run(self, commands: Sequence[Words]) -> list[Any]:
        """The answers, in order; an error reply is an exception in its place.

        Raises:
            redis.exceptions.ConnectionError: the connection is lost; what it carried may be done.
            TimeoutError: as above, after the time of a command.
        """
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._pool.get_connection()
        try:
            # As if it were lent anew: it may have died while it idled, or its master been replaced.
            await self._pool.ensure_connection(connection)
            async with asyncio.timeout(COMMAND_SECONDS):
                packed = b"".join([pack_command(cast("Any", command)) for command in commands])
                await connection.send_packed_command([packed], check_health=False)
                return [await _answer(connection) for _ in commands]
        except BaseException:
            # Its next answer would be one of those that nobody waits for any more.
            self._connection = None
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)
            raise

    async def run_again_if_lost(self, commands: Sequence[Words]) -> list[Any]:
        """As `run`; once more when the connection was lost: it may have died while it idled."""
        try:
            return await self.run(commands)
        except RedisConnectionError:
            return await self.run(commands)


async def _answer(connection: AbstractConnection) -> Any:
    try:
        # Without a deadline of its own: `run` has one.
        return await connection.read_response(timeout=math.inf)
    except ResponseError as error:
        return error
