"""Reads what the servers hold after a run: by REST as a client would, and in PostgreSQL itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
from tests.faults.history import History, Row
from tests.patience import PATIENCE_SECONDS

from shared.redis_schema.keys import Keys

if TYPE_CHECKING:
    from tests.faults.bed import Bed

PAGE = 100


async def get(http: httpx.AsyncClient, path: str) -> Any:
    """The JSON of one answer; asks again, as a client does, while the server says "later".

    Raises:
        httpx.HTTPStatusError, httpx.TransportError: it still did after a minute, or refused.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        late = time.monotonic() >= deadline
        try:
            answer = await http.get(path)
        except httpx.TransportError:
            if late:
                raise
        else:
            if late or answer.status_code not in {429, 502, 503, 504}:
                return answer.raise_for_status().json()
        await asyncio.sleep(0.2)


async def heads(bed: Bed, rooms: list[str]) -> dict[int, int]:
    """The number of each room's newest message, by REST."""
    async with httpx.AsyncClient(base_url=bed.stack.url, trust_env=False, timeout=20) as http:
        found = {}
        for number, room in enumerate(rooms):
            messages = (await get(http, f"/api/rooms/{room}/messages/?limit=1"))["messages"]
            found[number] = messages[0]["seq"] if messages else 0
        return found


async def wait_stored(bed: Bed, seconds: float, at_most: int = 0) -> float:
    """Returns how long it took until the workers had no more than `at_most` left to store.

    Raises:
        AssertionError: they had, after `seconds`.
    """
    began = time.monotonic()
    keys = Keys("adda:", 16)
    async with bed.redis() as redis:
        while True:
            pipeline = redis.pipeline(transaction=False)
            for partition in range(keys.partitions):
                pipeline.xlen(keys.ingest(partition))
            left = sum(await pipeline.execute())
            if left <= at_most:
                return time.monotonic() - began
            assert time.monotonic() - began < seconds, f"{left} entries are not stored yet"
            await asyncio.sleep(0.05)


async def read_all(bed: Bed, http: httpx.AsyncClient, history: History, rooms: list[str]) -> None:
    """Puts the end of the run into its history."""
    async with asyncio.TaskGroup() as group:
        for number, room in enumerate(rooms):
            group.create_task(_read_room(http, history, number, room))
    connection = await asyncpg.connect(bed.postgres.url)
    try:
        for number, room in enumerate(rooms):
            rows = await connection.fetch(
                "SELECT seq, id, content FROM messages WHERE room_id = $1 ORDER BY seq", room
            )
            history.postgres[number] = [Row(seq, str(i), content) for seq, i, content in rows]
    finally:
        await connection.close()


async def _read_room(http: httpx.AsyncClient, history: History, number: int, room: str) -> None:
    rows: list[Row] = []
    more = True
    while more:
        after = rows[-1].seq if rows else 0
        page = await get(http, f"/api/rooms/{room}/messages/?after={after}&limit={PAGE}")
        rows += [Row(m["seq"], m["id"], m["content"]) for m in reversed(page["messages"])]
        more = page["has_more"]
        history.rest_totals[number] = page["total_messages"]
    history.rest[number] = rows


async def stored_contents(bed: Bed) -> frozenset[str]:
    """All contents that PostgreSQL has now."""
    connection = await asyncpg.connect(bed.postgres.url)
    try:
        return frozenset(row[0] for row in await connection.fetch("SELECT content FROM messages"))
    finally:
        await connection.close()
