"""Everything as whole processes, behind Sentinel and on a Cluster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
from tests.chat_client import chat
from tests.patience import PATIENCE_SECONDS

from local_stack.cluster import ValkeyCluster, start_cluster
from local_stack.ports import free_ports
from local_stack.sentinel import SentinelGroup, start_sentinel
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOMS = 6
"""Enough that a cluster has them on several nodes."""


@pytest.fixture(params=["sentinel", "cluster"])
def redis_servers(
    request: pytest.FixtureRequest, reachable_path: Path
) -> Iterator[SentinelGroup | ValkeyCluster]:
    start = start_sentinel if request.param == "sentinel" else start_cluster
    servers: SentinelGroup | ValkeyCluster = start(reachable_path / "redis")
    yield servers
    servers.stop()


async def test_people_talk_and_their_words_are_stored(
    redis_servers: SentinelGroup | ValkeyCluster, reachable_path: Path
) -> None:
    options = StackOptions(
        directory=reachable_path / "own",
        port=free_ports(1)[0],
        durable=False,
        redis_url=redis_servers.url,
    )
    with Stack(options) as stack:
        for _ in range(ROOMS):
            room = uuid4()
            async with (
                chat(stack.service_url("ws-1").replace("http", "ws"), room) as writer,
                chat(stack.service_url("ws-2").replace("http", "ws"), room) as reader,
            ):
                await writer.say("কেমন আছেন?", client_id="1")
                await writer.wait_for("ack")
                await reader.wait_for("message", lambda event: event["seq"] == 1)
        connection = await asyncpg.connect(stack.database_url)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await connection.fetchval("SELECT count(*) FROM messages") < ROOMS:
                    await asyncio.sleep(0.1)
        finally:
            await connection.close()
