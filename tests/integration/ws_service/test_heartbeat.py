"""The probe notices a subscription that is dead without an error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.chat_client import chat
from tests.integration.ws_service.conftest import run_replica
from tests.patience import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import pytest

    from ws_service.settings import WsSettings


async def test_a_deaf_subscription_turns_readiness_red_and_is_rebuilt(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.heartbeat.HEAR_SECONDS", 0.3)
    settings = settings_for("ws-1", probe_seconds=0.2, position_check_seconds=60)
    async with run_replica(settings) as replica, chat(replica.base, room) as client:
        await client.wait_for("user_list")
        subscriber = replica.deps.subscriber
        links = set(subscriber._links.values())
        # From now on the link is open, answers nothing and reports nothing.
        monkeypatch.setattr(subscriber, "heard", lambda *_: None)
        await replica.until_ready(ready=False)
        await client.say("শুনছ?")
        monkeypatch.undo()
        await client.wait_for("message")
        assert links.isdisjoint(subscriber._links.values())
        await replica.until_ready()


async def test_presence_is_renewed_before_it_expires(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.presence.presence.CONNECTION_TTL_MS", 5_000)
    monkeypatch.setattr("ws_service.heartbeat.RENEWAL_SECONDS", 0.1)
    async with run_replica(settings_for("ws-1")) as replica, chat(replica.base, room):
        for _ in range(10):  # longer than one renewal lasts, and none is so late
            await asyncio.sleep(0.7)
            await replica.deps.hub.parts.presence.reap(
                replica.deps.hub.parts.keys.partition_of(room)
            )
        assert len((await replica.deps.hub.parts.presence.snapshot(room)).people) == 1


async def test_connections_that_were_reaped_meanwhile_come_back(
    settings_for: Callable[..., WsSettings], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a replica was stopped and continued: its connections are still there."""
    monkeypatch.setattr("ws_service.heartbeat.RENEWAL_SECONDS", 0.3)
    async with run_replica(settings_for("ws-1")) as replica, chat(replica.base, room) as client:
        await client.wait_for("user_list")
        hub = replica.deps.hub
        partition = hub.parts.keys.partition_of(room)
        members = {str(c.member): 1 for c in hub.connections.values()}

        async def gone() -> bool:  # unless they are renewed just between the two
            await replica.deps.redis.zadd(hub.parts.keys.conns(partition), members)
            return await hub.parts.presence.reap(partition) == 2

        await eventually(gone)

        async def is_back() -> bool:
            return bool((await hub.parts.presence.snapshot(room)).people)

        await eventually(is_back)
