"""Redis with replicas: a master that sentinels keep, and a Cluster, both in containers."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Final
from uuid import uuid4

import pytest
from tests.chat_client import chat
from tests.containers.compose import ComposeStack, compose_stack
from websockets.exceptions import WebSocketException

FILES: Final = "docker compose --file docker-compose.yml --file deploy/compose"
SENTINEL: Final = f"{FILES}/sentinel.yml up --detach --wait"
CLUSTER: Final = f"{FILES}/cluster.yml up --detach --wait"
MASTER: Final = "redis-cli -p 26379 sentinel get-master-addr-by-name adda"
NETWORK: Final = os.environ.get("ADDA_DATA_NET", "172.30.77")
FIRST: Final = f"{NETWORK}.11"
OTHERS: Final = {f"{NETWORK}.12", f"{NETWORK}.13"}
FAILOVER_SECONDS: Final = 60.0

pytestmark = pytest.mark.usefixtures("images")


async def say(stack: ComposeStack, room: str, content: str) -> None:
    """Returns when it was acknowledged; raises AssertionError if it was not."""
    async with chat(stack.ws_url, room) as client:
        await client.say(content, client_id=content)
        await client.wait_for("ack", seconds=5)


def master_of(stack: ComposeStack) -> str:
    """The address that the sentinels tell."""
    [sentinel] = stack.containers("sentinel-1")
    return stack.run(f"docker exec {sentinel} {MASTER}").split()[0]


async def test_when_the_master_is_gone_the_sentinels_choose_another() -> None:
    room = str(uuid4())
    with compose_stack() as stack:
        await asyncio.to_thread(stack.run, SENTINEL)
        await say(stack, room, "আগে")
        assert master_of(stack) == FIRST
        [container] = stack.containers("redis")
        await asyncio.to_thread(stack.run, f"docker stop {container}")
        await say_in_the_end(stack, room, "পরে")
        assert master_of(stack) in OTHERS
        # Who comes back is a replica of the new master, also when all are made anew.
        await asyncio.to_thread(stack.run, f"docker start {container}")
        await asyncio.to_thread(stack.wait_healthy, "redis", 1)
        for command in (SENTINEL.replace("up --detach --wait", "down"), SENTINEL):
            await asyncio.to_thread(stack.run, command)
        assert master_of(stack) in OTHERS
        await say(stack, room, "শেষে")
        async with chat(stack.ws_url, room) as client:
            await client.send(type="history", before=1000, limit=10)
            told = await client.wait_for("history")
        assert {row["message"] for row in told["messages"]} >= {"আগে", "পরে", "শেষে"}


async def say_in_the_end(stack: ComposeStack, room: str, content: str) -> None:
    deadline = time.monotonic() + FAILOVER_SECONDS
    while True:
        try:
            await say(stack, room, content)
        except (AssertionError, OSError, TimeoutError, WebSocketException):
            assert time.monotonic() < deadline, "no new master"
            await asyncio.sleep(1)
        else:
            return


async def test_a_cluster_carries_the_chat_and_is_found_again() -> None:
    rooms = [str(uuid4()) for _ in range(4)]
    with compose_stack() as stack:
        await asyncio.to_thread(stack.run, CLUSTER)
        for room in rooms:
            await say(stack, room, "আগে")
        for command in (CLUSTER.replace("up --detach --wait", "down"), CLUSTER):
            await asyncio.to_thread(stack.run, command)
        for room in rooms:
            await say(stack, room, "পরে")
