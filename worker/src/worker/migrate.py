"""`python -m worker.migrate`: brings the tables of PostgreSQL to the newest version. One-shot.

    python -m worker.migrate              upgrade; harmless when there is nothing to do
    python -m worker.migrate --check      exit code 1 if an upgrade is due
    python -m worker.migrate --current    print the version that the database has

Several may be started at once: one works, the others wait for it and find it done.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import ValidationError
from sqlalchemy import func, select

from shared.message_store.engine import DatabaseAddress, create_engine
from shared.message_store.grants import PREFIX
from shared.message_store.unavailable import StoreUnavailable, outage_as_unavailable
from shared.runtime.logging import configure
from shared.runtime.settings import CommonSettings
from worker.database_roles import apply_grants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

LOCK_KEY: Final = 0x61646461  # "adda": a number that nothing else in the database locks
SERVER_WAIT_SECONDS: Final = 60.0
LOCK_WAIT_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.25
STATEMENT_SECONDS: Final = 3600.0

log = structlog.stdlib.get_logger()


async def upgrade(
    url: str, *, server_wait: float = SERVER_WAIT_SECONDS, role_prefix: str = PREFIX
) -> str:
    """Brings the database at `url` to the newest version and returns its name.

    Where there are roles for the services, they get what the newest version lets them do.

    Raises:
        StoreUnavailable: no server within `server_wait` seconds, or another migration held the
            lock for ten minutes.
    """
    engine = create_engine(url, "adda-migrate", pool_size=2, command_seconds=STATEMENT_SECONDS)
    try:
        await _wait_for_server(engine, server_wait)
        with outage_as_unavailable():
            async with _migration_lock(engine), engine.connect() as connection:
                before = await connection.run_sync(_current)
                await connection.rollback()  # Alembic wants to begin its transactions itself
                await connection.run_sync(_upgrade)
                await _grant(url, role_prefix)
        log.info("migrated", before=before, after=newest_version())
        return newest_version()
    finally:
        await engine.dispose()


async def current_version(url: str) -> str | None:
    """The version of the database at `url`; None when nothing was ever migrated.

    Raises:
        StoreUnavailable: PostgreSQL cannot answer now.
    """
    engine = create_engine(url, "adda-migrate", pool_size=1)
    try:
        with outage_as_unavailable():
            async with engine.connect() as connection:
                return await connection.run_sync(_current)
    finally:
        await engine.dispose()


def newest_version() -> str:
    """The version that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError("no migrations in the package")
    return head


async def _wait_for_server(engine: AsyncEngine, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with outage_as_unavailable():
                async with engine.connect():
                    return
        except StoreUnavailable as error:
            if time.monotonic() >= deadline:
                raise
            log.warning("waiting_for_postgresql", error=str(error.__cause__))
        await asyncio.sleep(min(1.0, max(seconds / 10, POLL_SECONDS)))


@asynccontextmanager
async def _migration_lock(engine: AsyncEngine) -> AsyncIterator[None]:
    """Lets one migration at a time in.

    Polls instead of waiting in the server: a waiting statement holds a snapshot, for which an index
    that is built concurrently would wait in turn.
    """
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    async with engine.connect() as plain:
        connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
        while not await connection.scalar(select(func.pg_try_advisory_lock(LOCK_KEY))):
            if time.monotonic() >= deadline:
                raise StoreUnavailable("another migration holds the lock")
            await asyncio.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            await connection.execute(select(func.pg_advisory_unlock(LOCK_KEY)))


async def _grant(url: str, role_prefix: str) -> None:
    connection = await DatabaseAddress(url, "adda-migrate").connect()
    try:
        async with connection.transaction():
            granted = await apply_grants(connection, prefix=role_prefix)
    finally:
        await connection.close()
    log.info("granted" if granted else "no_roles_to_grant_to")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "worker:migrations")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def _run(arguments: argparse.Namespace, url: str) -> int:
    try:
        if not (arguments.check or arguments.current):
            await upgrade(url)
            return 0
        version = await current_version(url)
    except StoreUnavailable as error:
        log.error("postgresql_unavailable", error=str(error))  # noqa: TRY400 - not a bug of ours
        return 1
    if arguments.current:
        print(version or "none")  # noqa: T201 - what was asked for
        return 0
    log.info("migration_check", database=version, code=newest_version())
    return int(version != newest_version())


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; returns the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m worker.migrate", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="exit code 1 if an upgrade is due")
    choice.add_argument("--current", action="store_true", help="print the database's version")
    arguments = parser.parse_args(argv)
    try:
        settings = CommonSettings.from_environment()
    except ValidationError as error:
        print(f"worker.migrate: settings are not usable: {error}", file=sys.stderr)  # noqa: T201
        return 2
    configure(settings, "migrate")
    if arguments.check or arguments.current:
        logging.getLogger("alembic").setLevel(logging.WARNING)  # the answer alone is wanted
    return asyncio.run(_run(arguments, settings.database_url.get_secret_value()))


if __name__ == "__main__":
    sys.exit(main())
