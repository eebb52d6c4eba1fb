"""What a server tells over a wire is told on at once; how a wire ends is told once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hiredis import PushNotification
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from tests.patience import eventually

from shared.runtime.redis_client import node_for, open_redis
from shared.runtime.redis_wire import RedisWire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Ear:
    """Notes what a wire tells."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.ends: list[Exception] = []

    async def heard(self, count: int) -> list[Any]:
        await eventually(lambda: len(self.told) >= count)
        return self.told

    async def ended(self) -> Exception:
        await eventually(lambda: self.ends)
        await asyncio.sleep(0.05)  # it would be told again by now
        [error] = self.ends
        return error


@asynccontextmanager
async def connected(redis_url: str) -> AsyncIterator[Any]:
    """A connection as redis-py makes it."""
    redis = open_redis(redis_url, "test", retries=0)
    node = await node_for(redis, "x")
    pool: Any = node.connection_pool
    connection = await pool.get_connection()
    yield connection
    await connection.disconnect(nowait=True)
    await pool.release(connection)
    await redis.aclose()


@asynccontextmanager
async def wired(redis_url: str, ear: Ear) -> AsyncIterator[RedisWire]:
    async with connected(redis_url) as connection:
        wire = RedisWire(connection, hear=ear.told.append, ended=ear.ends.append)
        yield wire
        wire.close()


async def test_answers_errors_and_pushes_are_told_in_order(redis_url: str) -> None:
    ear = Ear()
    async with wired(redis_url, ear) as wire:
        wire.send([("PING",), ("NO_SUCH_COMMAND",), ("SSUBSCRIBE", "x"), ("ECHO", "শেষ")])
        pong, error, push, echo = await ear.heard(4)
    assert pong == b"PONG"
    assert isinstance(error, ResponseError)
    assert isinstance(push, PushNotification)
    assert list(push)[:2] == [b"ssubscribe", b"x"]
    assert echo == "শেষ".encode()
    assert ear.ends == []


async def test_what_comes_in_many_pieces_is_told_whole(redis_url: str) -> None:
    ear = Ear()
    async with wired(redis_url, ear) as wire:
        text = "ক" * 400_000
        wire.send([("ECHO", text)])
        assert await ear.heard(1) == [text.encode()]


async def test_a_connection_that_the_server_ends_is_told_once_and_takes_no_more(
    redis_url: str,
) -> None:
    ear = Ear()
    async with wired(redis_url, ear) as wire:
        wire.send([("QUIT",)])
        assert isinstance(await ear.ended(), RedisConnectionError)
        assert not wire.is_open
        with pytest.raises(RedisConnectionError):
            wire.send([("PING",)])


async def test_a_connection_that_ended_before_it_was_taken_over_is_told(redis_url: str) -> None:
    ear = Ear()
    async with connected(redis_url) as connection:
        connection._reader.feed_eof()
        RedisWire(connection, hear=ear.told.append, ended=ear.ends.append)
        assert isinstance(await ear.ended(), RedisConnectionError)


async def test_a_fault_of_who_hears_ends_the_wire_and_is_told(redis_url: str) -> None:
    ear = Ear()

    def fail(_told: Any) -> None:
        raise LookupError("a fault")

    async with connected(redis_url) as connection:
        wire = RedisWire(connection, hear=fail, ended=ear.ends.append)
        wire.send([("PING",), ("PING",)])
        assert isinstance(await ear.ended(), LookupError)


async def test_after_its_end_nothing_is_told(redis_url: str) -> None:
    ear = Ear()
    async with wired(redis_url, ear) as wire:
        wire.send([("PING",)])
        wire.close()
        await asyncio.sleep(0.05)
    assert (ear.told, ear.ends) == ([], [])
