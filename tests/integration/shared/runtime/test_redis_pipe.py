"""Whatever happens to a pipeline, the answers of the next are its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.runtime.redis_client import open_redis
from shared.runtime.redis_pipe import RedisPipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from tests.own_valkey import OwnValkey

    from shared.runtime.redis_pipe import Told


@asynccontextmanager
async def piped(url: str) -> AsyncIterator[tuple[RedisPipe, Redis]]:
    redis = open_redis(url, "test")
    yield RedisPipe(redis), redis
    await redis.aclose()


def lent(redis: Redis) -> int:
    pool: Any = redis.connection_pool
    return len(pool._in_use_connections)


async def begun(pipe: RedisPipe, *words: str) -> Told:
    """What is told of one command that is sent at once."""
    told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
    assert pipe.begin([words], told.set_result)
    return await asyncio.wait_for(told, 5)


async def test_answers_come_in_order_and_an_error_is_one_of_them(own_valkey: OwnValkey) -> None:
    async with piped(own_valkey.url) as (pipe, _):
        first, error, last = await pipe.run([("ECHO", "১"), ("NO_SUCH",), ("ECHO", "২")])
        assert (first, last) == ("১".encode(), "২".encode())
        assert isinstance(error, ResponseError)


async def test_only_with_a_connection_at_hand_something_is_sent_at_once(
    own_valkey: OwnValkey,
) -> None:
    async with piped(own_valkey.url) as (pipe, redis):
        assert not pipe.begin([("PING",)], print)
        await pipe.run([("PING",)])
        assert await begun(pipe, "ECHO", "x") == [b"x"]
        assert lent(redis) == 1


async def test_a_connection_that_is_lost_is_told_and_the_next_takes_another(
    own_valkey: OwnValkey,
) -> None:
    async with piped(own_valkey.url) as (pipe, redis):
        await pipe.run([("PING",)])
        own_valkey.pause()
        told = asyncio.create_task(begun(pipe, "INCR", "n"))
        await asyncio.sleep(0)
        own_valkey.kill()
        assert isinstance(await told, RedisConnectionError)
        assert not pipe.begin([("PING",)], print)
        own_valkey.start()
        assert await pipe.run_again_if_lost([("ECHO", "x")]) == [b"x"]
        assert lent(redis) == 1


async def test_one_that_died_while_it_idled_is_not_noticed_by_who_runs_the_next(
    own_valkey: OwnValkey,
) -> None:
    async with piped(own_valkey.url) as (pipe, _):
        await pipe.run([("PING",)])
        own_valkey.stop()
        own_valkey.start()
        assert await pipe.run_again_if_lost([("ECHO", "x")]) == [b"x"]


async def test_a_server_that_does_not_answer_is_given_up_in_time_and_answers_nobody_else(
    own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.redis_pipe.COMMAND_SECONDS", 0.3)
    async with piped(own_valkey.url) as (pipe, redis):
        await pipe.run([("PING",)])
        own_valkey.pause()
        with pytest.raises(RedisTimeoutError):
            await pipe.run([("ECHO", "late")])
        own_valkey.go_on()
        assert await pipe.run([("ECHO", "new")]) == [b"new"]
        # One deadline after the other, though there is only one timer.
        for n in range(8):
            assert await begun(pipe, "ECHO", str(n)) == [b"%d" % n]
            await asyncio.sleep(0.05)
        assert lent(redis) == 1


async def test_who_gives_up_leaves_no_answer_to_the_next(own_valkey: OwnValkey) -> None:
    async with piped(own_valkey.url) as (pipe, redis):
        await pipe.run([("PING",)])
        own_valkey.pause()
        waiting = asyncio.create_task(pipe.run([("ECHO", "old")]))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        own_valkey.go_on()
        assert await pipe.run([("ECHO", "new")]) == [b"new"]
        assert lent(redis) == 1


async def test_pushes_are_no_answers(own_valkey: OwnValkey) -> None:
    async with piped(own_valkey.url) as (pipe, _):
        await pipe.run([("CLIENT", "TRACKING", "ON", "BCAST")])
        answers = await pipe.run([("SET", "a", "1"), ("SET", "b", "2"), ("GET", "a")])
        assert answers == [b"OK", b"OK", b"1"]
