"""Who reloads a page was never away, as far as the others can see."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from tests.chat_client import ChatClient, Crowd, Json, chat
from tests.integration.ws_service.conftest import Replica
from tests.patience import PATIENCE_SECONDS, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

PEOPLE = 50
LOADING_SECONDS = 0.3
GRACE_SECONDS = 60
"""Longer than it is: so many handshakes at once may take a busy machine two seconds."""


def seen(client: ChatClient) -> list[Json]:
    """What speaks of somebody coming or going, and lists that others than `PEOPLE` are in."""
    return [
        event
        for event in client.events
        if event["type"] in {"system", "joined", "left"}
        or (event["type"] == "user_list" and event["total"] != PEOPLE + 2)
    ]


def says(word: str, event: Json) -> bool:
    return bool(event["message"] == word)


async def all_is_told(replicas: tuple[Replica, Replica], *watchers: ChatClient) -> None:
    """Waits until they know whatever has happened, and nothing that is folded is to come."""

    def nothing_is_folded() -> bool:
        channels = (channel for each in replicas for channel in each.deps.hub.parts.channels)
        return all(channel._window is None for channel in channels)

    # The first word comes after what was published before it, the second after what was folded.
    for _ in range(2):
        word = uuid4().hex
        await watchers[0].say(word)
        for watcher in watchers:
            await watcher.wait_for("message", partial(says, word))
        await eventually(nothing_is_folded)


@asynccontextmanager
async def watched(
    replicas: tuple[Replica, Replica], room: UUID
) -> AsyncIterator[tuple[ChatClient, Crowd]]:
    """A crowd on the first replica, watched from there (with deltas) and from the second.

    Fails at the end if one of the watchers has seen anything of what the block did, or would.
    """
    here, there = replicas
    keys = here.deps.hub.parts.keys
    async with chat(here.base, room, roster="delta") as modern, chat(there.base, room) as classic:
        async with Crowd() as crowd:
            await asyncio.gather(*(come(crowd, here, room, n) for n in range(PEOPLE)))
            await classic.wait_for("user_list", lambda e: e["total"] == PEOPLE + 2)
            await modern.wait_for("joined", lambda e: e["total"] == PEOPLE + 2)
            await all_is_told(replicas, classic, modern)
            before = [seen(watcher) for watcher in (modern, classic)]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("ws_service.hub.LEAVE_GRACE_MS", GRACE_SECONDS * 1000)
                yield classic, crowd
                await all_are_here_once(replicas, crowd)
            await all_is_told(replicas, classic, modern)
            assert [seen(watcher) for watcher in (modern, classic)] == before
            leaving = keys.leaving(keys.partition_of(room))
            assert await here.deps.redis.zcard(leaving) == 0, "somebody's grace would end"
        await see_them_off(here, room, modern, classic)


async def all_are_here_once(replicas: tuple[Replica, Replica], crowd: Crowd) -> None:
    """Waits until the replicas know that the old connections have gone."""

    def counted() -> int:
        return sum(len(each.deps.hub.connections) for each in replicas)

    with suppress(AssertionError):
        await eventually(lambda: counted() == PEOPLE + 2)
    assert counted() == PEOPLE + 2, Counter(client.close_code for client in crowd.clients)


async def see_them_off(
    replica: Replica, room: UUID, modern: ChatClient, classic: ChatClient
) -> None:
    """Those who really go are seen by both watchers."""
    parts, redis = replica.deps.hub.parts, replica.deps.redis
    partition = parts.keys.partition_of(room)

    async def are_gone() -> bool:
        leaving: Any = await redis.zrange(parts.keys.leaving(partition), 0, -1)
        if leaving:  # their graces end now, also those that began as long ones
            await redis.zadd(parts.keys.leaving(partition), dict.fromkeys(leaving, 0))
        await parts.presence.reap(partition)
        return bool(classic.of("user_list")[-1]["total"] == 2)

    await eventually(are_gone)
    await modern.wait_for("left", lambda e: e["total"] == 2)


async def come(crowd: Crowd, replica: Replica, room: UUID, number: int) -> ChatClient:
    """Comes in; whom a busy machine asks to come again does so."""
    who = {"session_id": f"session-of-person-number-{number}", "username": f"জন {number}"}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            client = await crowd.add(replica.base, room, **who)
            if client.events[0]["type"] == "welcome":
                return client
            assert client.events[0]["code"] == "unavailable", client.describe()


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
        await classic.wait_for("message", partial(says, "কেউ কিছু দেখল?"))
