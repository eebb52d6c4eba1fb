"""A pipeline that costs little: one connection kept at hand, one deadline for all answers.

redis-py's own pipelines lend a connection for each, pack in Python, and set a deadline and make a
task for every answer; with a few calls in each, that is most of what a message costs. This one is
for a single server.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from hiredis import PushNotification
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.runtime.futures import settle
from shared.runtime.redis_pool import COMMAND_SECONDS, ServerPool
from shared.runtime.redis_wire import RedisWire, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

Told = list[Any] | Exception
"""The answers, in order; or why there are none."""


class RedisPipe:
    """One pipeline after another over one connection. Not for two callers at a time."""

    def __init__(self, redis: Redis) -> None:
        pool = redis.connection_pool
        assert isinstance(pool, ServerPool)  # noqa: S101 - a cluster has none of its own
        self._pool = pool
        self._connection: AbstractConnection | None = None
        self._wire: RedisWire | None = None
        self._tell: Callable[[Told], None] | None = None
        self._answers: list[Any] = []
        self._wanted = 0
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, commands: Sequence[Words], tell: Callable[[Told], None]) -> bool:
        """Sends at once and tells later, if a connection is at hand; otherwise only `run` can.

        `tell` is told what `run` returns or raises.
        """
        if self._wire is None or not self._wire.is_open or self._pool.must_be_asked:
            return False
        self._send(self._wire, commands, tell)
        return True

    async def run(self, commands: Sequence[Words]) -> list[Any]:
        """The answers, in order; an error reply is an exception in its place.

        Raises:
            redis.exceptions.ConnectionError: the connection is lost; what it carried may be done.
            redis.exceptions.TimeoutError: as above, after the time of a command.
        """
        wire = await self._open_wire()
        answered: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

        self._send(wire, commands, partial(settle, answered))
        try:
            return await answered
        except asyncio.CancelledError:
            # Its next answer would be one of those that nobody waits for any more.
            self._fail(RedisConnectionError("given up"))
            raise

    async def run_again_if_lost(self, commands: Sequence[Words]) -> list[Any]:
        """As `run`; once more when the connection was lost: it may have died while it idled."""
        try:
            return await self.run(commands)
        except RedisConnectionError:
            return await self.run(commands)

    async def _open_wire(self) -> RedisWire:
        connection, wire = self._connection, self._wire
        if connection is not None:
            if wire is not None and wire.is_open and await self._pool.still_serves(connection):
                return wire
            self._wire = self._connection = None
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)
        self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        self._wire = RedisWire(self._connection, hear=self._hear, ended=self._fail)
        return self._wire

    def _send(
        self, wire: RedisWire, commands: Sequence[Words], tell: Callable[[Told], None]
    ) -> None:
        wire.send(commands)
        loop = asyncio.get_running_loop()
        self._tell, self._answers, self._wanted = tell, [], len(commands)
        self._deadline = loop.time() + COMMAND_SECONDS
        if self._timer is None:
            self._timer = loop.call_at(self._deadline, self._look_at_clock)

    def _hear(self, told: Any) -> None:
        if isinstance(told, PushNotification):
            return  # of the server's own accord; nothing was asked for
        self._answers.append(told)
        if len(self._answers) == self._wanted and self._tell is not None:
            tell, self._tell = self._tell, None
            if any(isinstance(answer, ReadOnlyError) for answer in self._answers):
                self._drop()  # demoted: the next connection finds who is master
            tell(self._answers)

    def _look_at_clock(self) -> None:
        """One timer for many pipelines: nearly all are answered long before."""
        self._timer = None
        if self._tell is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._deadline:
            self._fail(RedisTimeoutError("no answer within the time of a command"))
        else:
            self._timer = loop.call_at(self._deadline, self._look_at_clock)

    def _fail(self, error: Exception) -> None:
        self._drop()
        if self._tell is not None:
            tell, self._tell = self._tell, None
            tell(error)

    def _drop(self) -> None:
        """The connection goes back to the pool when the next one is fetched."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
