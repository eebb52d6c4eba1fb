from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.conftest import service_environment, with_database

from shared.message_store.engine import create_engine
from shared.message_store.tables import Base
from shared.message_store.unavailable import StoreUnavailable
from worker.migrate import current_version, newest_version, upgrade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection


@pytest.fixture
async def bare_url(postgres_url: str) -> AsyncIterator[str]:
    """A database without tables."""
    name = f"bare{uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield with_database(postgres_url, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker.migrate", *arguments],
        env=service_environment(ADDA_DATABASE_URL=url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_several_migrations_at_once_do_the_work_once(bare_url: str) -> None:
    versions = await asyncio.gather(*(upgrade(bare_url) for _ in range(5)))
    assert set(versions) == {newest_version()}
    assert await current_version(bare_url) == newest_version()


async def test_processes_that_migrate_at_once_all_succeed(bare_url: str) -> None:
    results = await asyncio.gather(*(asyncio.to_thread(run, bare_url) for _ in range(2)))
    assert [result.returncode for result in results] == [0, 0]


async def test_the_check_tells_whether_an_upgrade_is_due(bare_url: str) -> None:
    assert (await asyncio.to_thread(run, bare_url, "--check")).returncode == 1
    assert (await asyncio.to_thread(run, bare_url, "--current")).stdout == "none\n"
    await upgrade(bare_url)
    assert (await asyncio.to_thread(run, bare_url, "--check")).returncode == 0
    assert (await asyncio.to_thread(run, bare_url, "--current")).stdout == f"{newest_version()}\n"


async def test_the_migrations_make_what_the_tables_say(database_url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        def include(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
            # Made only where the extension is to be had.
            return not (kind == "index" and name is not None and name.endswith("_trigrams"))

        context = MigrationContext.configure(
            connection, opts={"include_object": include, "compare_server_default": True}
        )
        return list(compare_metadata(context, Base.metadata))

    engine = create_engine(database_url, "test-compare")
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_checks_and_comments_are_the_same_too(database_url: str, bare_url: str) -> None:
    described = """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
              AND conrelid::regclass::text <> 'alembic_version'
        UNION ALL
        SELECT c.relname, a.attname, d.description, c.reloptions::text
        FROM pg_class c
        JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
        WHERE c.relnamespace = 'public'::regnamespace
        ORDER BY 1, 2, 3
    """
    engine = create_engine(bare_url, "test-create")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    found = []
    for url in (database_url, bare_url):
        plain = await asyncpg.connect(url)
        found.append([tuple(row) for row in await plain.fetch(described)])
        await plain.close()
    assert found[0] == found[1]


async def test_without_the_extension_the_tables_are_made_all_the_same(
    postgres_url: str, bare_url: str
) -> None:
    role = f"r{uuid4().hex}"
    admin = await asyncpg.connect(bare_url)
    await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'pw'")
    await admin.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}")
    host = postgres_url.split("@", 1)[1].split("/", 1)[0]
    name = bare_url.rsplit("/", 1)[1]
    try:
        own_url = f"postgresql://{role}:pw@{host}/{name}"
        assert await upgrade(own_url) == newest_version()
        assert (
            await admin.fetchval("SELECT count(*) FROM pg_extension WHERE extname='pg_trgm'") == 0
        )
    finally:
        await admin.execute(f"DROP OWNED BY {role}")
        await admin.execute(f"DROP ROLE {role}")
        await admin.close()


async def test_a_server_that_does_not_come_is_told_after_the_wait() -> None:
    with pytest.raises(StoreUnavailable):
        await upgrade("postgresql://adda@127.0.0.1:1/adda", server_wait=0.5)
