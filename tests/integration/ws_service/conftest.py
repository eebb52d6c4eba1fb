"""Two replicas of the socket service in this process, on one real Redis and PostgreSQL."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from local_stack.ports import free_ports
from ws_service.server import serve_until
from ws_service.settings import WsSettings
from ws_service.wiring import Deps, open_deps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


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


@asynccontextmanager
async def run_replica(settings: WsSettings, *, ready: bool = True) -> AsyncIterator[Replica]:
    """Runs a replica until the end of the block, and stops it as SIGTERM would.

    Waits until it can work, unless `ready` is False; then only until it listens.
    """
    stop = asyncio.Event()
    async with open_deps(settings) as deps:
        serving = asyncio.create_task(serve_until(stop, settings, deps))
        async with asyncio.timeout(10):
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
        yield Replica(f"ws://{settings.host}:{settings.port}", deps, stop, serving)
        stop.set()
        finished, _ = await asyncio.wait([serving], timeout=30)
        if not finished:
            for task in asyncio.all_tasks():
                task.print_stack()
        assert finished, "the replica did not stop; its tasks stand above"
        assert serving.result() == 0


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
