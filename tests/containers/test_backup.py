"""A backup of the stack, brought back into one that has nothing, by the commands of the README."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx
import pytest
from tests.chat_client import chat
from tests.containers.compose import UP, ComposeStack, compose_stack
from tests.containers.test_layouts import say
from tests.patience import eventually

if TYPE_CHECKING:
    from pathlib import Path

BACKUP: Final = "deploy/compose/backup.sh"
RESTORE: Final = "deploy/compose/restore.sh"

pytestmark = pytest.mark.usefixtures("images")


async def contents(stack: ComposeStack, room: str) -> set[str]:
    """What somebody who comes now can read."""
    async with chat(stack.ws_url, room) as client:
        await client.send(type="history", before=100_000, limit=50)
        told = await client.wait_for("history")
    return {row["message"] for row in told["messages"]}


async def wait_stored(stack: ComposeStack, count: int) -> None:
    """Returns when PostgreSQL has so many messages."""
    query = "psql -qtAX -h 127.0.0.1 -U postgres -d adda -c 'SELECT count(*) FROM messages'"
    command = f"PGPASSWORD=$(cat /secrets/password) {query}"
    await eventually(
        lambda: int(stack.run(f'docker compose exec -T postgres sh -c "{command}"')) >= count
    )


async def test_what_was_stored_and_what_waited_are_both_there_again(tmp_path: Path) -> None:
    with compose_stack() as stack:
        await asyncio.to_thread(stack.run, UP)
        with httpx.Client(base_url=stack.url, trust_env=False, timeout=20) as http:
            room = str(http.post("/api/rooms/", json={"name": f"রুম {uuid4()}"}).json()["id"])
        await say(stack, room, "পৌঁছেছে")
        await wait_stored(stack, 1)
        await asyncio.to_thread(stack.run, "docker compose stop worker")
        await say(stack, room, "পথে")
        told = await asyncio.to_thread(stack.run, f"{BACKUP} {tmp_path}")
        backup = told.removeprefix("backup: ").partition(",")[0]

        with pytest.raises(AssertionError, match="services run"):
            await asyncio.to_thread(stack.run, f"{RESTORE} {backup}")
        await asyncio.to_thread(stack.run, "docker compose down --volumes")
        told = await asyncio.to_thread(stack.run, f"{RESTORE} {backup}")
        assert re.search(r"restore: 2 messages; [1-9]\d* entries were still on their way", told)
        with pytest.raises(AssertionError, match="PostgreSQL is not empty"):
            await asyncio.to_thread(stack.run, f"{RESTORE} {backup}")
        await asyncio.to_thread(stack.run, UP)
        assert await contents(stack, room) >= {"পৌঁছেছে", "পথে"}
        await say(stack, room, "এখন")


async def test_a_damaged_backup_is_not_brought_back(tmp_path: Path) -> None:
    (tmp_path / "redis.rdb").write_bytes(b"REDIS")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  redis.rdb\n", "ascii")
    with compose_stack() as stack, pytest.raises(AssertionError, match="is damaged"):
        await asyncio.to_thread(stack.run, f"{RESTORE} {tmp_path}")
