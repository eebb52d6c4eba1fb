"""Each revision of the tables beside the one before: what the older version does still works."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from tests.conftest import with_database

from shared.message_store.engine import create_engine
from worker.migrate import _config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from sqlalchemy import Connection

REVISIONS: Final = [
    script.revision
    for script in reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
]
STEPS: Final = list(pairwise(REVISIONS))

_COLUMNS: Final = """
SELECT table_name, column_name, data_type, is_nullable = 'YES' AS nullable,
       column_default IS NOT NULL OR is_identity = 'YES' AS filled
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""
_CONSTRAINTS: Final = """
SELECT conrelid::regclass::text || ': ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
  AND conrelid::regclass::text <> 'alembic_version'
"""
_SAMPLES: Final[Mapping[str, Callable[[], object]]] = {
    "uuid": uuid4,
    "bytea": lambda: uuid4().bytes * 2,
    "text": lambda: "text",
    "bigint": lambda: 1,
    "integer": lambda: 1,
    "smallint": lambda: 0,
    "boolean": lambda: False,
}


@dataclass(frozen=True, slots=True)
class Column:
    """As PostgreSQL tells it."""

    kind: str
    nullable: bool
    filled: bool
    """Has a value where none is given."""


@pytest.fixture
async def bare_url(postgres_url: str) -> AsyncIterator[str]:
    """A database without tables."""
    name = f"bare{uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield with_database(postgres_url, name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def migrate_to(url: str, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = create_engine(url, "test-upgrade", pool_size=1)
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def columns_of(connection: asyncpg.Connection[Any]) -> dict[tuple[str, str], Column]:
    return {
        (row["table_name"], row["column_name"]): Column(
            row["data_type"], row["nullable"], row["filled"]
        )
        for row in await connection.fetch(_COLUMNS)
    }


async def insert_rooms_and_people(
    connection: asyncpg.Connection[Any], columns: Mapping[tuple[str, str], Column]
) -> None:
    """A row for each of the tables that everything else hangs on, as the older version makes it."""
    for table in ("users", "rooms"):
        wanted = {
            name: column
            for (of, name), column in columns.items()
            if of == table and not column.nullable and not column.filled
        }
        values = {
            name: _SAMPLES[column.kind]()
            for name, column in wanted.items()
            if column.kind in _SAMPLES
        }
        moments = [name for name in wanted if name not in values]
        names = ", ".join([*values, *moments])
        places = ", ".join([f"${n}" for n in range(1, len(values) + 1)] + ["now()"] * len(moments))
        await connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608 - names of columns
            *values.values(),
        )


@pytest.mark.parametrize(("before", "after"), STEPS)
async def test_the_version_before_works_on_the_tables_of_the_next(
    before: str, after: str, bare_url: str
) -> None:
    await migrate_to(bare_url, before)
    connection = await asyncpg.connect(bare_url)
    try:
        old = await columns_of(connection)
        rules = {row[0] for row in await connection.fetch(_CONSTRAINTS)}
        await insert_rooms_and_people(connection, old)
        await migrate_to(bare_url, after)
        new = await columns_of(connection)
        for place, column in old.items():
            assert new[place].kind == column.kind, place
            assert new[place].nullable or not column.nullable, place
            assert new[place].filled or not column.filled, place
        of_old_tables = {table for table, _ in old}
        for place in new.keys() - old.keys():
            added = new[place]
            assert place[0] not in of_old_tables or added.nullable or added.filled, place
        kept = {row[0] for row in await connection.fetch(_CONSTRAINTS)}
        added_rules = {rule for rule in kept - rules if rule.partition(":")[0] in of_old_tables}
        # What is stricter than before refuses what the version before writes.
        assert {rule for rule in added_rules if "NOT NULL" not in rule} == set()
        await insert_rooms_and_people(connection, old)
        for table in ("users", "rooms"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2  # noqa: S608
    finally:
        await connection.close()


async def test_every_revision_can_be_reached_and_again_without_harm(bare_url: str) -> None:
    for revision in REVISIONS:
        await migrate_to(bare_url, revision)
        await migrate_to(bare_url, revision)
    await migrate_to(bare_url, "head")
    connection = await asyncpg.connect(bare_url)
    try:
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == REVISIONS[-1]
    finally:
        await connection.close()


def test_there_is_one_line_of_revisions() -> None:
    script = ScriptDirectory.from_config(_config())
    assert script.get_heads() == [REVISIONS[-1]]
    assert len(STEPS) >= 2
