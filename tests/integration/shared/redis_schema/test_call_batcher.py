from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from redis.exceptions import ResponseError
from tests.patience import PATIENCE_SECONDS
from tests.redis_nodes import evals_of, tell_all

from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema import call_batcher
from shared.redis_schema.call_batcher import MOST_IN_A_PIPELINE, MOST_WAITING, CallBatcher
from shared.redis_schema.pipelines import run_all
from shared.redis_schema.scripts import Call, Script, script
from shared.runtime.redis_client import nodes_of, open_redis
from shared.runtime.redis_wire import RedisWire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.runtime.redis_pipe import RedisPipe
    from shared.runtime.redis_wire import Words

BROKEN = Script("return redis.error_reply('ERR broken')", "0" * 40)


def echo(keys: Keys, text: str) -> Call:
    """A real script that answers with what it was given: members that are not there."""
    return Call(script("refresh"), [keys.conns(0)], [1000, text])


@pytest.fixture
def pipelines(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the pipelines that were sent, in order; they do reach the server."""
    sizes: list[int] = []

    send = RedisWire.send

    async def recording(
        redis: Redis, calls: Sequence[Call], *, pipe: RedisPipe | None, **options: Any
    ) -> list[Any]:
        if pipe is None:
            sizes.append(len(calls))
        return await run_all(redis, calls, pipe=pipe, **options)

    def recording_send(wire: RedisWire, commands: Sequence[Words]) -> None:
        sizes.append(len(commands))
        send(wire, commands)

    monkeypatch.setattr(call_batcher, "run_all", recording)
    monkeypatch.setattr(RedisWire, "send", recording_send)
    return sizes


async def test_all_calls_of_one_tick_share_one_pipeline(
    redis: Redis, keys: Keys, pipelines: list[int]
) -> None:
    batcher = CallBatcher(redis)
    await batcher.submit(echo(keys, "warm"))  # the server knows the script from now on
    pipelines.clear()
    before = await evals_of(redis)
    answers = await asyncio.gather(*(batcher.submit(echo(keys, f"{n}")) for n in range(100)))
    assert answers == [[b"%d" % n] for n in range(100)]
    assert pipelines == [100]
    assert await evals_of(redis) - before == 100


async def test_what_arrives_meanwhile_goes_with_the_next_pipeline(
    redis: Redis, keys: Keys, pipelines: list[int]
) -> None:
    batcher = CallBatcher(redis)
    first = batcher.submit(echo(keys, "first"))
    while not pipelines:
        await asyncio.sleep(0)
    later = [batcher.submit(echo(keys, f"{n}")) for n in range(5)]
    await asyncio.gather(first, *later)
    assert pipelines == [1, 5]


async def test_a_pipeline_has_a_bound(redis: Redis, keys: Keys, pipelines: list[int]) -> None:
    batcher = CallBatcher(redis)
    await asyncio.gather(
        *(batcher.submit(echo(keys, f"{n}")) for n in range(2 * MOST_IN_A_PIPELINE + 1))
    )
    assert pipelines == [MOST_IN_A_PIPELINE, MOST_IN_A_PIPELINE, 1]


async def test_the_order_of_submission_is_kept(redis: Redis, keys: Keys) -> None:
    name = keys.prefix + "order"
    push = "redis.call('RPUSH', KEYS[1], ARGV[1]) return 0"
    batcher = CallBatcher(redis)
    pushing = Script(push, hashlib.sha1(push.encode(), usedforsecurity=False).hexdigest())
    await tell_all(redis, "SCRIPT", "LOAD", push)
    calls = [Call(pushing, [name], [n]) for n in range(300)]
    await asyncio.gather(*(batcher.submit(call) for call in calls))
    written: Any = await redis.lrange(name, 0, -1)
    assert [int(n) for n in written] == list(range(300))


async def test_more_than_can_wait_is_refused_and_the_rest_is_answered(
    redis: Redis, keys: Keys
) -> None:
    batcher = CallBatcher(redis)
    waiting = [batcher.submit(echo(keys, f"{n}")) for n in range(MOST_WAITING)]
    with pytest.raises(Unavailable) as caught:
        batcher.submit(echo(keys, "one too many"))
    assert caught.value.code is ErrorCode.OVERLOADED
    answers = await asyncio.gather(*waiting)
    assert answers[-1] == [b"%d" % (MOST_WAITING - 1)]
    assert await batcher.submit(echo(keys, "room again")) == [b"room again"]


async def test_an_outage_reaches_each_waiter(keys: Keys) -> None:
    nowhere = open_redis("redis://127.0.0.1:1", "test")
    batcher = CallBatcher(nowhere)
    results = await asyncio.gather(
        *(batcher.submit(echo(keys, f"{n}")) for n in range(2 * MOST_IN_A_PIPELINE)),
        return_exceptions=True,
    )
    assert len(results) == 2 * MOST_IN_A_PIPELINE
    assert {type(result) for result in results} == {Unavailable}
    await nowhere.aclose()


async def test_the_error_of_one_call_is_not_that_of_the_others(redis: Redis, keys: Keys) -> None:
    batcher = CallBatcher(redis)
    calls = [echo(keys, "first"), Call(BROKEN, [keys.conns(0)], []), echo(keys, "last")]
    first, broken, last = [batcher.submit(call) for call in calls]
    assert await first == [b"first"]
    with pytest.raises(ResponseError, match="broken"):
        await broken
    assert await last == [b"last"]


async def test_a_call_that_cannot_be_packed_does_not_end_the_lane(redis: Redis, keys: Keys) -> None:
    batcher = CallBatcher(redis)
    await batcher.submit(echo(keys, "warm"))
    unpackable: Any = object()
    with pytest.raises(Exception, match=r"must be str|Invalid input"):  # hiredis, redis-py
        await asyncio.wait_for(batcher.submit(Call(BROKEN, [keys.conns(0)], [unpackable])), 5)
    answer = await asyncio.wait_for(batcher.submit(echo(keys, "after")), 5)
    assert answer == [b"after"]


async def test_a_cancelled_waiter_harms_nobody(redis: Redis, keys: Keys) -> None:
    batcher = CallBatcher(redis)

    async def submit(text: str) -> Any:
        return await batcher.submit(echo(keys, text))

    tasks = [asyncio.create_task(submit(f"{n}")) for n in range(10)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results[::2])
    assert results[1::2] == [[b"%d" % n] for n in range(1, 10, 2)]


async def test_a_server_that_forgot_its_scripts_is_taught_again(redis: Redis, keys: Keys) -> None:
    batcher = CallBatcher(redis)
    await batcher.submit(echo(keys, "warm"))
    await tell_all(redis, "SCRIPT", "FLUSH")
    answers = await asyncio.gather(*(batcher.submit(echo(keys, f"{n}")) for n in range(9)))
    assert answers == [[b"%d" % n] for n in range(9)]


async def test_draining_waits_until_everything_was_answered(redis: Redis, keys: Keys) -> None:
    batcher = CallBatcher(redis)
    await batcher.drain()  # nothing to wait for
    futures = [batcher.submit(echo(keys, f"{n}")) for n in range(300)]
    await batcher.drain()
    assert all(future.done() for future in futures)


async def test_what_is_under_way_when_all_ends_is_told_and_leaves_no_connection(
    redis_url: str, redis: Redis, keys: Keys
) -> None:
    name = f"ends-{uuid4().hex}"
    client = open_redis(redis_url, name)
    batcher = CallBatcher(client)
    await batcher.submit(echo(keys, "warm"))
    waiting = batcher.submit(echo(keys, "late"))
    await asyncio.sleep(0)
    await client.aclose()
    told: Any
    async with asyncio.timeout(PATIENCE_SECONDS):
        [told] = await asyncio.gather(waiting, return_exceptions=True)
    assert told == [b"late"] or isinstance(told, Unavailable)
    there = [client for node in await nodes_of(redis) for client in await node.client_list()]
    assert name not in {each["name"] for each in there}
