"""A stack of containers as the bed of a crowd: what tests/faults needs to know of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from tests.containers.compose import ComposeStack

from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from redis.asyncio import Redis
    from tests.faults.bed import Bed

REPLICAS = {"api_service": 2, "ws_service": 3, "worker": 2}


@dataclass(frozen=True, slots=True)
class Door:
    """The only way in: everybody comes through the gateway."""

    url: str
    ws_url: str
    logs: Path
    """Empty: containers keep their own."""

    def service_url(self, _name: str) -> str:
        """There is none past it."""
        return self.url


@dataclass(frozen=True, slots=True)
class Database:
    """Of the superuser, from this machine."""

    url: str


class ComposeBed:
    """Servers are asked at their addresses on the internal network."""

    def __init__(self, stack: ComposeStack, logs: Path) -> None:
        """`logs` is an empty folder."""
        self.stack = Door(stack.url, stack.ws_url, logs)
        self._stack = stack
        password = stack.secret("postgres", "password")
        host = stack.address(stack.containers("postgres")[0])
        self.postgres = Database(f"postgresql://postgres:{password}@{host}:5432/adda")
        host = stack.address(stack.containers("redis")[0])
        self._redis_url = f"redis://:{stack.secret('redis', 'password')}@{host}:6379/0"

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A client."""
        client = open_redis(self._redis_url, "test")
        try:
            yield client
        finally:
            await client.aclose()

    def names(self, _kind: str) -> list[str]:
        """Of doors."""
        return ["gateway"]

    def heal(self) -> None:
        """Nothing is ever broken but on purpose, and whole at the end."""

    async def wait_ready(self) -> None:
        """Returns when all replicas are healthy."""
        for service, count in REPLICAS.items():
            await asyncio.to_thread(self._stack.wait_healthy, service, count)


def bed_of(stack: ComposeStack, logs: Path) -> Bed:
    """It has what a storm asks of a bed, and no more."""
    return cast("Bed", ComposeBed(stack, logs))
