"""When PostgreSQL cannot answer now: one exception, told apart from bugs and from refused data.

    StoreUnavailable    away, starting, full, too slow, read-only: the same call may succeed later
    DataRefused         it answered, and will never take this data

Everything else is a bug and passes through unchanged.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import asyncpg
from sqlalchemy import exc as sqlalchemy_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRY_SQLSTATES: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same transaction, run again at once, can succeed."""

_CONTENTION_SQLSTATES: Final = RETRY_SQLSTATES | {"55P03"}
"""The last: a lock was not to be had in time."""

_UNAVAILABLE_CLASSES: Final = frozenset({"08", "28", "3D", "53", "57", "58"})
"""Connection trouble; log-in refused, no such database (the operator mends it, and the same call
succeeds); out of memory, disk or connections; shutdown or timeout; system errors."""

_UNAVAILABLE_SQLSTATES: Final = frozenset(
    {
        "25006",  # read-only: a fail-over made this server a replica
        *_CONTENTION_SQLSTATES,
    }
)

_REFUSED_CLASSES: Final = frozenset({"22", "23", "54"})
"""Data exceptions, broken constraints, limits of a row or an index entry."""


class StoreUnavailable(Exception):
    """PostgreSQL cannot answer now. The cause is chained."""


class DataRefused(Exception):
    """PostgreSQL refused the data itself; trying again is of no use. The cause is chained."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """Short text for operators: SQLSTATE and message, without the data."""


def is_outage(error: BaseException) -> bool:
    """Whether `error`, or what it wraps, says that PostgreSQL cannot answer now."""
    if isinstance(error, sqlalchemy_errors.TimeoutError):
        return True  # no connection of the pool came free
    if isinstance(error, sqlalchemy_errors.DBAPIError):
        if error.connection_invalidated:
            return True
        cause = error.orig.__cause__ if error.orig is not None else None
        return cause is not None and is_outage(cause)
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return _died_before_use(error)
    sqlstate = sqlstate_of(error)
    if sqlstate is not None:
        return sqlstate[:2] in _UNAVAILABLE_CLASSES or sqlstate in _UNAVAILABLE_SQLSTATES
    return isinstance(error, OSError | TimeoutError)


def _died_before_use(error: Exception) -> bool:
    """Of a connection that was lent and is dead, asyncpg speaks in words alone, not in classes."""
    if isinstance(error, asyncpg.InternalClientError):
        # The server's last words on it were still unread.
        return "cannot switch to state" in str(error)
    # Its errors about arguments quote them, and so may contain any word.
    return "closed" in str(error) and not isinstance(error, ValueError)


def is_contention(error: BaseException) -> bool:
    """Whether PostgreSQL did answer, and only other transactions were in the way."""
    if isinstance(error, sqlalchemy_errors.DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return cause is not None and is_contention(cause)
    return sqlstate_of(error) in _CONTENTION_SQLSTATES


def sqlstate_of(error: BaseException) -> str | None:
    """The server's five characters for an error of asyncpg; None if it did not come from there."""
    return error.sqlstate if isinstance(error, asyncpg.PostgresError) else None


def is_refusal(error: BaseException) -> bool:
    """Whether `error` says that the data can never be stored."""
    sqlstate = sqlstate_of(error)
    if sqlstate is not None:
        return sqlstate[:2] in _REFUSED_CLASSES
    # asyncpg checks arguments before it sends them: a number out of range, a text with a surrogate.
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


@contextmanager
def outage_as_unavailable() -> Iterator[None]:
    """Turns outages into StoreUnavailable; lets everything else through.

    Raises:
        StoreUnavailable: PostgreSQL cannot answer now.
    """
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
        raise
