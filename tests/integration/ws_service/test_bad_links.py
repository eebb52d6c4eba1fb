"""Links that are silent, slow or cut, though the servers behind them are well."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr
from tests.chat_client import ChatClient, chat
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import PATIENCE_SECONDS, eventually
from tests.tcp_proxy import Mode, TcpProxy, proxied, sends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

LISTENING = sends(b"-listen")
"""The link of a replica's subscriptions, by the name that it gives itself."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A replica behind a bad link to Redis, and one whose link is well."""

    proxy: TcpProxy
    bad: Replica
    well: Replica


@pytest.fixture
async def pair(
    settings_for: Callable[..., WsSettings], own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Pair]:
    """In a hurry: positions are checked and links probed all the time."""
    monkeypatch.setattr("ws_service.heartbeat.HEAR_SECONDS", 1.0)
    async with AsyncExitStack() as stack:
        proxy, url = await stack.enter_async_context(proxied(own_valkey.url))
        hurry = {"position_check_seconds": 0.3, "probe_seconds": 0.5}
        settings = settings_for("ws-1", redis_url=SecretStr(url), **hurry)
        bad = await stack.enter_async_context(run_replica(settings))
        straight = settings_for("ws-2", redis_url=SecretStr(own_valkey.url))
        well = await stack.enter_async_context(run_replica(straight))
        yield Pair(proxy, bad, well)
        proxy.mode = Mode.PASS  # a replica that stops says so to Redis


async def probes_of(replica: Replica) -> tuple[int, int, list[str]]:
    """Statuses of liveness and readiness, and what fails."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        alive = await client.get(f"{replica.http}/healthz")
        ready = await client.get(f"{replica.http}/readyz")
    return alive.status_code, ready.status_code, ready.json()["failing"]


@asynccontextmanager
async def two_talking(pair: Pair, room: UUID) -> AsyncIterator[tuple[ChatClient, ChatClient]]:
    """One at each replica, who have heard each other."""
    async with chat(pair.bad.base, room) as near, chat(pair.well.base, room) as far:
        await near.say("১", client_id="1")
        await far.wait_for("message")
        await near.wait_for("message")
        yield near, far


async def ack_seconds(client: ChatClient, text: str) -> float:
    """How long it takes to say something new."""
    began = time.monotonic()
    await client.say(text, client_id=text)
    await client.wait_for("ack", lambda e: e["client_id"] == text)
    return time.monotonic() - began


async def test_half_open_redis_is_told_in_seconds_and_nothing_is_doubled_or_missed(
    pair: Pair, room: UUID
) -> None:
    async with two_talking(pair, room) as (near, far):
        pair.proxy.mode = Mode.HOLD
        began = time.monotonic()
        await near.say("২", client_id="2")
        error = await near.wait_for("error")
        assert time.monotonic() - began < 20
        assert (error["code"], error["client_id"]) == ("unavailable", "2")
        await pair.bad.until_ready(ready=False)
        alive, ready, failing = await probes_of(pair.bad)
        assert (alive, ready) == (200, 503)
        assert "redis" in failing
        await far.say("৩", client_id="3")
        await far.wait_for("ack")
        pair.proxy.mode = Mode.PASS
        await pair.bad.until_ready(ready=True)
        await near.say("২", client_id="2")
        ack = await near.wait_for("ack", lambda e: e["client_id"] == "2")
        for client in (near, far):
            await client.wait_for("message", lambda e: e["seq"] == 3)
            # The first try was held on its way and may have come true: the retry is told so.
            assert sorted(client.texts) == ["১", "২", "৩"]
            assert [e["seq"] for e in client.of("message")] == [1, 2, 3]
        assert ack["seq"] == 3
        assert near.close_code is None


async def test_a_slow_link_is_slow_and_nothing_else(
    pair: Pair, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever needs a new connection, such as a probe or a ping, takes several round trips.
    monkeypatch.setattr("ws_service.heartbeat.HEAR_SECONDS", 3.0)
    monkeypatch.setattr("shared.runtime.health.CHECK_SECONDS", 4.0)
    async with two_talking(pair, room) as (near, far):
        pair.proxy.delay_seconds = 0.2
        for n in range(20):
            await near.say(str(n))
            await far.say(str(n))
        for client in (near, far):
            await client.wait_for("message", lambda e: e["seq"] == 41)
            assert [e["seq"] for e in client.of("message")] == list(range(1, 42))
        assert not near.of("error")
        assert await probes_of(pair.bad) == (200, 200, [])


async def test_links_that_are_cut_are_built_anew(pair: Pair, room: UUID) -> None:
    async with two_talking(pair, room) as (near, far):
        for n in range(3):
            pair.proxy.cut()
            await far.say(str(n))
            await pair.bad.until_ready(ready=True)
        await near.wait_for("message", lambda e: e["seq"] == 4)
        await near.say("শেষ", client_id="x")
        await far.wait_for("message", lambda e: e["seq"] == 5)
        await near.wait_for("message", lambda e: e["seq"] == 5)
        assert [e["seq"] for e in near.of("message")] == [1, 2, 3, 4, 5]


async def test_a_deaf_subscription_is_found_and_meanwhile_positions_fill_the_gaps(
    pair: Pair, room: UUID
) -> None:
    async with two_talking(pair, room) as (near, far):
        pair.proxy.matching = LISTENING
        pair.proxy.mode = Mode.HOLD
        await pair.bad.until_ready(ready=False)
        assert await probes_of(pair.bad) == (200, 503, ["broker"])
        await far.say("২")
        await near.wait_for("message", lambda e: e["seq"] == 2)
        await near.say("৩", client_id="3")
        await near.wait_for("ack", lambda e: e["client_id"] == "3")
        await near.wait_for("message", lambda e: e["seq"] == 3)
        pair.proxy.mode = Mode.PASS
        await pair.bad.until_ready(ready=True)
        await far.say("৪")
        await near.wait_for("message", lambda e: e["seq"] == 4)
        assert near.texts == ["১", "২", "৩", "৪"]


async def test_a_subscription_that_a_firewall_forgot_is_replaced(pair: Pair, room: UUID) -> None:
    async with two_talking(pair, room) as (near, far):
        pair.proxy.forget(LISTENING)
        await pair.bad.until_ready(ready=False)
        await pair.bad.until_ready(ready=True)
        await far.say("২")
        await near.wait_for("message", lambda e: e["seq"] == 2)


async def test_links_to_postgresql_that_are_silent_do_not_touch_the_chat(
    settings_for: Callable[..., WsSettings], database_url: str, room: UUID
) -> None:
    async with proxied(database_url) as (proxy, url):
        settings = settings_for("ws-1", database_url=SecretStr(url), database_read_seconds=5.0)
        async with run_replica(settings) as replica, AsyncExitStack() as stack:
            opener = replica.deps.hub.parts.history.rooms
            await opener.live.load(
                opener._new_room(room), epoch="aa", last_seq=500, total=500, closed=False
            )
            speaker = await stack.enter_async_context(chat(replica.base, room))
            readers = [await stack.enter_async_context(chat(replica.base, room)) for _ in range(10)]
            proxy.mode = Mode.HOLD
            for reader in readers:
                for _ in range(5):
                    await reader.send(type="history", before=400)
            for n in range(50):
                assert await ack_seconds(speaker, str(n)) < 5.0  # no time-out of reads
            await speaker.send(type="history", limit=20)
            assert len((await speaker.wait_for("history"))["messages"]) == 20
            await eventually(lambda: all(len(reader.of("error")) >= 5 for reader in readers))
            told = {e["code"] for reader in readers for e in reader.of("error")}
            assert told == {"unavailable"}
            proxy.mode = Mode.PASS
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not readers[0].of("history"):
                    await readers[0].send(type="history", before=400)
                    await asyncio.sleep(0.1)
