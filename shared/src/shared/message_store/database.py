"""The services' way to PostgreSQL for single reads and changes: bounded in number and in time.

While PostgreSQL is silent or away, callers are refused at once instead of each waiting for a
time-out: see `shared.domain.circuit_breaker`.
"""

from __future__ import annotations

import asyncio
import math
import random
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.circuit_breaker import BreakerLimits, CircuitBreaker
from shared.message_store.engine import COMMAND_SECONDS, CONNECT_SECONDS, create_engine
from shared.message_store.unavailable import (
    StoreUnavailable,
    is_contention,
    is_outage,
    outage_as_unavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    Lend = Callable[[], AbstractAsyncContextManager[AsyncConnection]]

log = structlog.stdlib.get_logger()

READ_SECONDS: Final = 3.0
SLOT_SECONDS: Final = 1.0
"""How long a call waits for others to finish; who waits longer comes too late for its client."""

LATELY_SECONDS: Final = 2.0
"""So old an answer tells that PostgreSQL is there, to who would have to wait for a connection."""


class Database:
    """Lends connections. Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        slots: int = 10,
        read_seconds: float = READ_SECONDS,
        change_seconds: float = COMMAND_SECONDS,
        limits: BreakerLimits | None = None,
    ) -> None:
        """`slots` is how many may work at once, at most as many as `engine` has connections."""
        self._engine = engine
        self._slots = asyncio.Semaphore(slots)
        self.limit = slots
        """Connections that may be lent out; of them"""
        self.in_use = 0
        """are so many, and"""
        self.waiting = 0
        """so many callers wait for one."""
        self._read_seconds = read_seconds
        self._change_seconds = change_seconds
        self._breaker = CircuitBreaker(limits or BreakerLimits(), random.random)
        self._answered_at = -math.inf

    @property
    def refuses(self) -> bool:
        """Is everybody refused at once, as it did not answer others?"""
        return not self._breaker.closed

    @property
    def is_busy(self) -> bool:
        """Are all connections lent out, and did it answer somebody lately?"""
        lately = _now() - self._answered_at < LATELY_SECONDS
        return lately and self._slots.locked()

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for one read, all of it within `read_seconds`."""
        return self._guarded(self._engine.connect, self._read_seconds)

    def changing(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction, committed at the end of the block, all of it within `change_seconds`.

        That the server is silent, is found sooner: a connection is lent within 3 s.
        """
        return self._guarded(self._engine.begin, self._change_seconds)

    @asynccontextmanager
    async def probing(self) -> AsyncIterator[AsyncConnection]:
        """A connection for readiness: it asks PostgreSQL even while everybody else is refused.

        An answer is the truth for all, so it ends the refusing.
        """
        with outage_as_unavailable():
            async with (
                self._slot(),
                asyncio.timeout(self._read_seconds),
                self._engine.connect() as connection,
            ):
                yield connection
        self._answered()

    async def dispose(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _guarded(self, lend: Lend, seconds: float) -> AsyncIterator[AsyncConnection]:
        ticket = self._breaker.admit(_now())
        if ticket is None:
            raise StoreUnavailable("refused: it did not answer others")
        with outage_as_unavailable():
            try:
                async with self._slot():
                    if not self._breaker.holds(ticket):
                        raise StoreUnavailable("refused: it did not answer others meanwhile")
                    began = _now()
                    async with (
                        self._judged(ticket),
                        asyncio.timeout(min(seconds, CONNECT_SECONDS)) as deadline,
                        lend() as connection,
                    ):
                        deadline.reschedule(began + seconds)
                        yield connection
            finally:
                self._breaker.abandoned(ticket)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """Waits for one. That none comes free tells of our own load, not of PostgreSQL."""
        self.waiting += 1
        try:
            async with asyncio.timeout(SLOT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise StoreUnavailable("refused: too many wait for it") from None
        finally:
            self.waiting -= 1
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1
            self._slots.release()

    @asynccontextmanager
    async def _judged(self, ticket: int) -> AsyncIterator[None]:
        """Tells the breaker how the block ended; a bug, or a caller who left, tells it nothing."""
        try:
            yield
        except Exception as error:
            if is_contention(error):
                self._answered()
            elif is_outage(error):
                await self._failed(ticket, error)
            raise
        self._answered()

    async def _failed(self, ticket: int, error: Exception) -> None:
        was_closed = self._breaker.closed
        if self._breaker.failed(ticket, _now()):
            if was_closed:
                log.warning("postgres_away", error=f"{type(error).__name__}: {error}")
            # Idle connections may be as dead; a trial must not be spent on them.
            await self._engine.dispose()

    def _answered(self) -> None:
        self._answered_at = _now()
        if self._breaker.succeeded():
            log.info("postgres_answers_again")


def open_database(
    url: str,
    application: str,
    *,
    pool_size: int,
    max_overflow: int,
    read_seconds: float,
    change_seconds: float = COMMAND_SECONDS,
) -> Database:
    """A database that connects on first use. The caller disposes of it."""
    engine = create_engine(
        url,
        application,
        pool_size=pool_size,
        max_overflow=max_overflow,
        command_seconds=change_seconds,
    )
    return Database(
        engine,
        slots=pool_size + max_overflow,
        read_seconds=read_seconds,
        change_seconds=change_seconds,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
