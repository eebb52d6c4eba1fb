from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.message_store.unavailable import (
    StoreUnavailable,
    is_contention,
    is_outage,
    is_refusal,
    outage_as_unavailable,
)


def wrapped(cause: Exception) -> DBAPIError:
    """As SQLAlchemy hands an error of asyncpg on."""
    adapted = Exception("adapted")
    adapted.__cause__ = cause
    return DBAPIError("SELECT 1", {}, adapted)


OUTAGES = [
    ConnectionRefusedError(),
    TimeoutError(),
    PoolTimeoutError("no connection came free"),
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.TooManyConnectionsError("too many"),
    asyncpg.DiskFullError("full"),
    asyncpg.AdminShutdownError("shutdown"),
    asyncpg.ConnectionDoesNotExistError("closed in the middle"),
    asyncpg.ReadOnlySQLTransactionError("a replica"),
    asyncpg.QueryCanceledError("timeout"),
    asyncpg.DeadlockDetectedError("deadlock"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    asyncpg.InvalidPasswordError("password"),
    asyncpg.InvalidCatalogNameError("no such database"),
]
BUGS = [
    asyncpg.UndefinedTableError("no such table"),
    asyncpg.PostgresSyntaxError("syntax"),
    asyncpg.InterfaceError("another operation is in progress"),
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    ValueError("closed"),
    KeyError("x"),
]


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_an_outage_is_told_as_unavailable_with_its_cause(error: Exception) -> None:
    with pytest.raises(StoreUnavailable) as caught, outage_as_unavailable():
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
def test_an_outage_is_recognised_through_sqlalchemy(error: Exception) -> None:
    assert is_outage(wrapped(error))


CONTENTION = {
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.SerializationError,
}


@pytest.mark.parametrize("error", [*OUTAGES, *BUGS, *(kind("x") for kind in CONTENTION)], ids=repr)
def test_contention_is_told_from_silence(error: Exception) -> None:
    expected = type(error) in CONTENTION
    assert is_contention(error) is is_contention(wrapped(error)) is expected


@pytest.mark.parametrize("error", BUGS, ids=repr)
def test_a_bug_is_not_masked(error: Exception) -> None:
    with pytest.raises(type(error)), outage_as_unavailable():
        raise error
    assert not is_outage(wrapped(error))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CharacterNotInRepertoireError("NUL"),
        asyncpg.CheckViolationError("check"),
        asyncpg.NotNullViolationError("null"),
        asyncpg.ProgramLimitExceededError("index row size"),
    ],
    ids=repr,
)
def test_refused_data_is_neither_an_outage_nor_a_bug(error: Exception) -> None:
    assert is_refusal(error)
    assert not is_outage(error)


@pytest.mark.parametrize("error", [*OUTAGES, *BUGS], ids=repr)
def test_nothing_else_counts_as_refused(error: Exception) -> None:
    assert not is_refusal(error)
