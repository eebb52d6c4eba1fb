"""Who reloads a page was never away, as far as the others can see."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.chat_client import ChatClient, Crowd, Json, chat
from tests.integration.ws_service.conftest import Replica

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

PEOPLE = 50
LOADING_SECONDS = 0.3
GRACE_SECONDS = 5.0
"""Longer than it is: so many handshakes at once may take a busy machine two seconds."""


def seen(client: ChatClient) -> list[Json]:
    """What speaks of somebody coming or going, and lists that others than `PEOPLE` are in."""
    return [
        event
        for event in client.events
        if event["type"] in {"system", "joined", "left"}
        or (event["type"] == "user_list" and event["total"] != PEOPLE + 2)
    ]


@asynccontextmanager
async def watched(
    replicas: tuple[Replica, Replica], room: UUID
) -> AsyncIterator[tuple[ChatClient, Crowd]]:
    """A crowd on the first replica, watched from there (with deltas) and from the second.

    Fails at the end if one of the watchers has seen anything of what the block did.
    """
    here, there = replicas
    async with chat(here.base, room, roster="delta") as modern, chat(there.base, room) as classic:
        async with Crowd() as crowd:
            await asyncio.gather(*(come(crowd, here, room, n) for n in range(PEOPLE)))
            await classic.wait_for("user_list", lambda e: e["total"] == PEOPLE + 2)
            await modern.wait_for("joined", lambda e: e["total"] == PEOPLE + 2)
            await asyncio.sleep(0.5)  # what is folded has been told
            before = [seen(watcher) for watcher in (modern, classic)]
            yield classic, crowd
            await asyncio.sleep(GRACE_SECONDS + 0.6)
            assert [seen(watcher) for watcher in (modern, classic)] == before
        # And those who really go are seen to.
        await classic.wait_for("user_list", lambda e: e["total"] == 2)
        await modern.wait_for("left", lambda e: e["total"] == 2)


@pytest.fixture(autouse=True)
def long_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ws_service.hub.LEAVE_GRACE_MS", int(GRACE_SECONDS * 1000))


async def come(crowd: Crowd, replica: Replica, room: UUID, number: int) -> ChatClient:
    session = f"session-of-person-number-{number}"
    return await crowd.add(replica.base, room, session_id=session, username=f"জন {number}")


async def reload_all(replicas: tuple[Replica, Replica], room: UUID, crowd: Crowd) -> None:
    """Everybody goes and comes back, half of them to the other replica."""

    async def reload(number: int, client: ChatClient) -> None:
        await client.close()
        await asyncio.sleep(LOADING_SECONDS)
        await come(crowd, replicas[number % 2], room, number)

    await asyncio.gather(*(reload(n, client) for n, client in enumerate(list(crowd.clients))))


async def test_fifty_who_reload_at_once_are_not_seen_leaving_or_coming(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with watched(replicas, room) as (_, crowd):
        await reload_all(replicas, room, crowd)


async def test_fifty_second_tabs_are_not_seen_when_they_close(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with watched(replicas, room) as (_, crowd):
        tabs = await asyncio.gather(*(come(crowd, replicas[n % 2], room, n) for n in range(PEOPLE)))
        await asyncio.gather(*(tab.close() for tab in tabs))


async def test_a_reload_is_not_seen_while_pub_sub_is_cut(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    redis: Any = replicas[0].deps.redis
    async with watched(replicas, room) as (classic, crowd):
        reloads = asyncio.create_task(reload_all(replicas, room, crowd))
        while not reloads.done():
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(0.3)
        await reloads
        for replica in replicas:
            await replica.until_ready()
        await crowd.clients[-1].say("কেউ কিছু দেখল?")
        await classic.wait_for("message")
