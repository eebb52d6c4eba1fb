"""What a block of a test asks of the servers: counts, which no busy machine can change."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

_NOT_COUNTED: Final = ("info", "hello", "ping", "select", "config", "client")
"""What clients say of themselves when they connect, and the counting itself."""


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def micros(self) -> int:
        return int(self.now * 1_000_000)

    def monotonic(self) -> float:
        return self.now


@asynccontextmanager
async def commands(redis: Redis) -> AsyncIterator[Counter[str]]:
    """Calls by command, those of scripts included; known after the block.

    Of a server that nobody else uses.
    """
    counted: Counter[str] = Counter()
    before = await _calls(redis)
    yield counted
    counted.update(await _calls(redis) - before)


async def _calls(redis: Redis) -> Counter[str]:
    stats: dict[str, Any] = await redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): int(row["calls"]) for name, row in stats.items()}
    return Counter({n: c for n, c in calls.items() if n.partition("|")[0] not in _NOT_COUNTED})


@asynccontextmanager
async def statements() -> AsyncIterator[list[str]]:
    """Statements that this process sends to PostgreSQL by SQLAlchemy."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)
