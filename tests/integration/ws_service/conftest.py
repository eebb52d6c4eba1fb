"""Two replicas of the socket service in this process, on one real Redis and PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from tests.patience import PATIENCE_SECONDS, eventually
from tests.redis_nodes import names_like

from local_stack.ports import free_ports
from shared.domain.budgets import UNLIMITED
from shared.presence.presence import Presence
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.redis_client import open_redis
from shared.runtime.settings import DoorSettings
from ws_service.gauges import Gauges, read_gauges
from ws_service.server import serve_until
from ws_service.settings import WsSettings
from ws_service.wiring import Deps, open_deps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


PRESENCE_KEYS = {
    *("conns", "leaving", "users", "roster", "tabs", "leavers", "names", "online", "unlisted"),
}
"""Ends of the names of keys that speak of who is here."""


@dataclass(frozen=True, slots=True)
class Replica:
    """A running replica."""

    base: str
    """`ws://host:port`"""
    deps: Deps
    stop: asyncio.Event
    serving: asyncio.Task[int]

    @property
    def http(self) -> str:
        return self.base.replace("ws://", "http://")

    async def until_ready(self, *, ready: bool = True) -> None:
        """Waits until `/readyz` tells so."""

        async def is_so() -> bool:
            return (await self.deps.readiness()).ready is ready

        await eventually(is_so)


@asynccontextmanager
async def run_replica(settings: WsSettings, *, ready: bool = True) -> AsyncIterator[Replica]:
    """Runs a replica until the end of the block, and stops it as SIGTERM would.

    Waits until it can work, unless `ready` is False; then only until it listens.
    """
    stop = asyncio.Event()
    async with open_deps(settings) as deps:
        serving = asyncio.create_task(serve_until(stop, settings, deps))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while ready and not (await deps.readiness()).ready:
                await asyncio.sleep(0.01)
            while True:
                try:
                    _, writer = await asyncio.open_connection(settings.host, settings.port)
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    break
        try:
            yield Replica(f"ws://{settings.host}:{settings.port}", deps, stop, serving)
        finally:  # a test that fails leaves no listening socket for the next one to trip over
            stop.set()
            finished, _ = await asyncio.wait([serving], timeout=30)
        if not finished:
            for task in asyncio.all_tasks():
                task.print_stack()
        assert finished, "the replica did not stop; its tasks stand above"
        assert serving.result() == 0
        await assert_nothing_is_left(deps)


async def assert_nothing_is_left(deps: Deps) -> None:
    """Whatever was done to a replica: in the end it holds nothing any more."""

    def left() -> Gauges:
        # Leaves that are still to be told are what others hear, and nothing that grows.
        return replace(read_gauges(deps.hub), graces=0)

    with suppress(AssertionError):
        await eventually(lambda: left() == Gauges())
    assert left() == Gauges()


@pytest.fixture(autouse=True)
def rooms_close_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no test waits for it at its end."""
    monkeypatch.setattr("ws_service.channels.LINGER_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def floods_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who floods is held only for a moment before they are thrown out."""
    monkeypatch.setattr("ws_service.session.PAUSE_SECONDS", 0.05)


@pytest.fixture(autouse=True)
async def nobody_is_left_in_redis(redis_url: str, redis_key_prefix: str) -> AsyncIterator[None]:
    """When all replicas have stopped and the graces have ended, presence is empty."""
    yield
    redis = open_redis(redis_url, "test")
    keys = Keys(redis_key_prefix, DoorSettings.model_fields["partitions"].default)
    presence = Presence(redis, Scripts(redis, keys))
    for partition in range(keys.partitions):
        leaving: Any = await redis.zrange(keys.leaving(partition), 0, -1)
        if leaving:
            await redis.zadd(keys.leaving(partition), dict.fromkeys(leaving, 0))
            await presence.reap(partition)
    left = [name.decode() for name in await names_like(redis, f"{redis_key_prefix}*")]
    await redis.aclose()
    assert [name for name in left if name.rpartition(":")[2] in PRESENCE_KEYS] == []


@pytest.fixture
def settings_for(
    redis_url: str, redis_key_prefix: str, database_url: str
) -> Callable[..., WsSettings]:
    """Settings of a replica: `settings_for("ws-1", max_connections=2)`."""

    def build(instance: str, **more: Any) -> WsSettings:
        values: dict[str, Any] = {
            "redis_url": SecretStr(redis_url),
            "database_url": SecretStr(database_url),
            "key_prefix": redis_key_prefix,
            "instance": instance,
            "port": free_ports(1)[0],
            "drain_seconds": 0.2,
            # Most tests are in a hurry; those of the limits set their own.
            "command_burst": 5000.0,
            "command_rate": 5000.0,
            "limit_session": UNLIMITED,
        }
        return WsSettings(**(values | more))

    return build


@pytest.fixture
async def replicas(
    settings_for: Callable[..., WsSettings],
) -> AsyncIterator[tuple[Replica, Replica]]:
    """Two replicas that know nothing of each other but Redis."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(run_replica(settings_for("ws-1")))
        second = await stack.enter_async_context(run_replica(settings_for("ws-2")))
        yield first, second


@pytest.fixture
def room() -> UUID:
    """A room that does not exist yet: joining makes it."""
    return uuid4()
