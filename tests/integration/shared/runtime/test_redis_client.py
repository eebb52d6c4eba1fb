from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import uvloop
from redis.exceptions import (
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from tests.integration.shared.conftest import IDS, make_settings, make_user
from tests.redis_nodes import clients_named

from local_stack.ports import free_ports
from local_stack.valkey import start_valkey
from shared.message_log.message_log import MessageLog
from shared.protocol.codec import MessageBody
from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.redis_client import open_redis, redis_outage_as_unavailable
from shared.runtime.redis_pool import COMMAND_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from uuid import UUID

    from redis.asyncio import Redis
    from tests.own_valkey import OwnValkey

PATIENCE_SECONDS = 5.0
"""What "fails fast" means, also on a busy machine."""


@asynccontextmanager
async def client_of(url: str, name: str = "test") -> AsyncIterator[Redis]:
    redis = open_redis(url, name)
    try:
        yield redis
    finally:
        await redis.aclose()


async def assert_away(redis: Redis) -> None:
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught, redis_outage_as_unavailable():
        await redis.get("x")
    assert time.monotonic() - start < PATIENCE_SECONDS
    assert (caught.value.code, caught.value.part) == (ErrorCode.UNAVAILABLE, "redis")
    assert caught.value.__cause__ is not None


async def test_a_socket_of_the_machine_leads_to_a_server_as_well(reachable_path: Path) -> None:
    place = reachable_path / "redis.sock"
    server = start_valkey(reachable_path / "valkey", more=(f"unixsocket {place}",))
    try:
        password = urlsplit(server.url).password
        async with client_of(f"unix://:{password}@{place}?db=2") as redis:
            await redis.set("x", "y")
            assert await redis.get("x") == b"y"
    finally:
        server.stop()


def body_of(room: UUID, text: str) -> MessageBody:
    user = make_user()
    ids = (str(user.id), user.username, user.color, str(IDS.new()), str(room))
    return MessageBody(text, *ids, None, "text", None, None)


async def test_an_address_where_nobody_listens_is_an_outage_at_once() -> None:
    async with client_of(f"redis://127.0.0.1:{free_ports(1)[0]}") as redis:
        await assert_away(redis)


async def test_a_name_that_does_not_exist_is_an_outage() -> None:
    async with client_of("redis://nowhere.invalid:6379") as redis:
        await assert_away(redis)


async def test_a_server_that_takes_connections_and_never_answers_is_an_outage_in_seconds() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, client_of(f"redis://127.0.0.1:{port}") as redis:
        await assert_away(redis)


async def test_a_server_that_stops_answering_is_an_outage_and_is_used_again_afterwards(
    own_valkey: OwnValkey,
) -> None:
    async with client_of(own_valkey.url) as redis:
        await redis.set("x", "1")
        own_valkey.pause()
        await assert_away(redis)
        own_valkey.go_on()
        assert await redis.get("x") == b"1"


async def test_what_timed_out_is_not_repeated_since_the_server_may_still_do_it(
    own_valkey: OwnValkey,
) -> None:
    async with client_of(own_valkey.url) as redis:
        await redis.set("n", "0")
        own_valkey.pause()
        wakes_up = asyncio.get_running_loop().call_later(COMMAND_SECONDS + 0.5, own_valkey.go_on)
        with pytest.raises(Unavailable), redis_outage_as_unavailable():
            await redis.incr("n")
        while not wakes_up.when() < asyncio.get_running_loop().time():
            await asyncio.sleep(0.1)
        assert await redis.get("n") == b"1"


async def test_a_restart_costs_no_command_afterwards(own_valkey: OwnValkey) -> None:
    async with client_of(own_valkey.url) as redis:
        await redis.set("x", "1")
        own_valkey.stop()
        own_valkey.start()
        assert await redis.get("x") == b"1"


async def test_a_line_that_was_cut_while_it_idled_is_an_outage_also_on_uvloop(
    redis_url: str,
) -> None:
    async def cut_and_send() -> None:
        async with client_of(redis_url) as redis:
            pool: Any = redis.connection_pool
            connection = await pool.get_connection()
            connection._writer.transport.abort()
            await asyncio.sleep(0.01)
            with pytest.raises(RedisConnectionError):
                await connection.send_command("PING")
            await pool.release(connection)
            assert await redis.ping()

    await asyncio.to_thread(uvloop.run, cut_and_send())


async def test_a_connection_that_another_task_has_ended_is_an_outage(redis_url: str) -> None:
    async with client_of(redis_url) as redis:
        pool: Any = redis.connection_pool
        connection = await pool.get_connection()
        await connection.disconnect()
        with pytest.raises(ConnectionResetError):
            await connection._send_packed_command([b"PING"])
        await pool.release(connection)


async def test_a_server_that_misses_its_replicas_is_an_outage_alone_and_in_a_pipeline(
    own_valkey: OwnValkey,
) -> None:
    async with client_of(own_valkey.url) as redis:
        await redis.config_set("min-replicas-to-write", "1")
        with pytest.raises(Unavailable), redis_outage_as_unavailable():
            await redis.set("x", 1)
        pipeline = redis.pipeline()
        pipeline.get("x")
        pipeline.set("x", 1)
        with pytest.raises(Unavailable), redis_outage_as_unavailable():
            await pipeline.execute()


async def test_a_full_server_is_overloaded_and_still_read(own_valkey: OwnValkey) -> None:
    async with client_of(own_valkey.url) as redis:
        scripts = Scripts(redis, Keys("t:", 1))
        log, room = MessageLog(redis, scripts), make_settings()
        await LiveRooms(redis, scripts).load(
            room, epoch=IDS.epoch(), last_seq=0, total=0, closed=False
        )
        await log.publish(body_of(room.id, "জায়গা আছে"))
        # Less than it uses: what it frees meanwhile makes no room.
        await redis.config_set("maxmemory", "500kb")
        with pytest.raises(Unavailable) as caught:
            await log.publish(body_of(room.id, "আর জায়গা নেই"))
        assert caught.value.code is ErrorCode.OVERLOADED
        with pytest.raises(Unavailable) as caught, redis_outage_as_unavailable():
            await redis.set("more", "x")
        assert caught.value.code is ErrorCode.OVERLOADED
        page = await log.before(room.id, None, 10)
        assert (page.seq, len(page.messages)) == (1, 1)


async def test_the_client_is_named_in_the_servers_list(redis_url: str) -> None:
    name = f"ws-{uuid.uuid4().hex}"
    async with client_of(redis_url, name) as redis:
        await redis.ping()
        assert await clients_named(redis, name)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RedisConnectionError("x"), ErrorCode.UNAVAILABLE),
        (BusyLoadingError("x"), ErrorCode.UNAVAILABLE),
        (ReadOnlyError("x"), ErrorCode.UNAVAILABLE),
        (ConnectionResetError("x"), ErrorCode.UNAVAILABLE),
        (TimeoutError("x"), ErrorCode.UNAVAILABLE),
        (OutOfMemoryError("x"), ErrorCode.OVERLOADED),
    ],
)
def test_every_kind_of_outage_may_be_retried(error: Exception, code: ErrorCode) -> None:
    with pytest.raises(Unavailable) as caught, redis_outage_as_unavailable():
        raise error
    assert caught.value.code is code
    assert caught.value.__cause__ is error
    assert caught.value.retry_after > 0


def test_a_bug_is_not_taken_for_an_outage() -> None:
    with pytest.raises(ResponseError), redis_outage_as_unavailable():
        raise ResponseError("WRONGTYPE")


TICKS_OF_A_COMMAND = 40
"""At least as many turns of the event loop as one command takes, twice."""


async def test_a_cancelled_task_ends_whatever_it_was_doing_with_redis(redis: Redis) -> None:
    async def work() -> None:
        while True:
            await redis.ping()

    await redis.ping()
    for ticks in range(TICKS_OF_A_COMMAND):
        task = asyncio.create_task(work())
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        ended, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        survived = not ended
        while not task.done():  # leaves nothing behind, whatever the verdict
            task.cancel()
            await asyncio.wait([task], timeout=0.01)
        assert not survived, f"cancelled after {ticks} turns, and went on"


async def test_what_is_under_way_when_its_client_is_closed_is_not_sent_again(
    redis_url: str, redis: Redis
) -> None:
    name = f"closed-{uuid.uuid4().hex}"
    async with client_of(redis_url, name) as client:
        waiting = asyncio.ensure_future(client.blpop([name], timeout=60))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await clients_named(redis, name):
                await asyncio.sleep(0.01)
    with pytest.raises(RedisConnectionError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await waiting
    assert await clients_named(redis, name) == []
