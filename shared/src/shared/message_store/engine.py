"""Opens connections to PostgreSQL that fail fast and heal by themselves after it was away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg
from asyncpg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typing_extensions import override

if TYPE_CHECKING:
    from asyncpg import Pool

CONNECT_SECONDS: Final = 3.0
POOL_WAIT_SECONDS: Final = 3.0
COMMAND_SECONDS: Final = 10.0
BULK_COMMAND_SECONDS: Final = 60.0
IDLE_CONNECTION_SECONDS: Final = 300.0
FAREWELL_SECONDS: Final = 0.3


class _QuicklyClosed(Connection):
    """A connection whose farewell is short.

    Who gives a statement up tells PostgreSQL so and closes; asyncpg waits for both answers as long
    as for a statement, and of a server that is silent none comes.
    """

    __slots__ = ()

    @override
    async def close(self, *, timeout: float | None = None) -> None:
        if timeout is None:  # SQLAlchemy closes an idle connection: there is nothing to give up
            self.terminate()
        else:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await super().close(timeout=timeout)


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where PostgreSQL is, and who asks: `application` is shown in pg_stat_activity."""

    url: str
    """`postgresql://user:password@host:port/database`; asyncpg's parameters may follow."""
    application: str

    async def connect(
        self,
        command_seconds: float = COMMAND_SECONDS,
        connection_class: type[Connection[Any]] = Connection,
    ) -> Connection[Any]:
        """One connection of the caller's own.

        Raises:
            OSError, TimeoutError, asyncpg.PostgresError: as asyncpg.connect; see `unavailable`.
        """
        return await asyncpg.connect(
            self.url,
            timeout=CONNECT_SECONDS,
            command_timeout=command_seconds,
            connection_class=connection_class,
            server_settings={"application_name": self.application},
        )


def create_engine(
    url: str,
    application: str,
    *,
    pool_size: int = 5,
    max_overflow: int = 5,
    command_seconds: float = COMMAND_SECONDS,
) -> AsyncEngine:
    """An engine for single reads and writes; connects on first use. The caller disposes of it.

    A connection is tested before it is lent, so a restart of PostgreSQL costs no failed request.
    """
    address = DatabaseAddress(url, application)

    async def connect() -> Connection[Any]:
        return await address.connect(command_seconds, _QuicklyClosed)

    return create_async_engine(
        # asyncpg reads the URL itself: it knows sslmode, sockets and lists of hosts.
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=int(IDLE_CONNECTION_SECONDS),
        hide_parameters=True,  # an error's text reaches the logs; sessions and messages do not
    )


def create_bulk_pool(url: str, application: str, *, size: int = 2) -> Pool[Any]:
    """A pool of plain asyncpg connections for bulk writing; connects on first use.

    Enter it (`async with`) before use. Dead connections are replaced when they are next lent. What
    is committed there is taken off the queue, so it must survive a crash of the server, even of one
    that is set up otherwise.
    """
    return asyncpg.create_pool(
        url,
        min_size=0,
        max_size=size,
        timeout=CONNECT_SECONDS,
        command_timeout=BULK_COMMAND_SECONDS,
        max_inactive_connection_lifetime=IDLE_CONNECTION_SECONDS,
        server_settings={"application_name": application, "synchronous_commit": "on"},
    )
