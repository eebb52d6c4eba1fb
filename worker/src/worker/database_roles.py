"""`python -m worker.database_roles`: makes a role of PostgreSQL for each service. One-shot.

    python -m worker.database_roles                      roles without a password cannot log in
    python -m worker.database_roles --passwords FOLDER   FOLDER/adda_api, adda_ws, … hold them

`ADDA_DATABASE_URL` must be a superuser's, once; after that each service gets the address of its own
role, and `worker.migrate` that of `adda_migrate`, to whom the tables belong from now on. Harmless
when run again; so passwords are changed. What each may do stands in
`shared/message_store/grants.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog
from pydantic import ValidationError

from shared.message_store.engine import DatabaseAddress
from shared.message_store.grants import PREFIX, Role, grant_statements, role_name
from shared.message_store.tables import Base
from shared.runtime.logging import configure
from shared.runtime.settings import CommonSettings, is_weak

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ITERATIONS: Final = 4096
"""PostgreSQL's own number; the passwords are random and long."""

VERSION_TABLE: Final = "alembic_version"

log = structlog.stdlib.get_logger()


class UnusablePassword(ValueError):
    """A file of passwords holds none that can be used. Names the role, never the password."""


async def make_roles(
    url: str, passwords: Mapping[Role, str] | None = None, *, prefix: str = PREFIX
) -> None:
    """Makes or corrects all roles in the database at `url`, in one transaction.

    Raises:
        asyncpg.PostgresError: such as InsufficientPrivilege, if `url` is not a superuser's.
        OSError: PostgreSQL is away.
    """
    connection = await DatabaseAddress(url, "adda-roles").connect()
    try:
        async with connection.transaction():
            await _make_logins(connection, passwords or {}, prefix)
            await _open_database(connection, prefix)
            await _hand_tables_over(connection, prefix)
            await apply_grants(connection, prefix=prefix)
    finally:
        await connection.close()
    log.info("roles_made", roles=[role_name(role, prefix) for role in Role])


async def apply_grants(connection: asyncpg.Connection[Any], *, prefix: str = PREFIX) -> bool:
    """Grants what the table of grants says; False, and nothing, where there are no such roles."""
    names = [role_name(role, prefix) for role in Role]
    known = await connection.fetchval(
        "SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)", names
    )
    if known != len(names):
        return False
    for statement in grant_statements(await _tables(connection), prefix):
        await connection.execute(statement)
    return True


async def _make_logins(
    connection: asyncpg.Connection[Any], passwords: Mapping[Role, str], prefix: str
) -> None:
    for role in Role:
        name = role_name(role, prefix)
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f'CREATE ROLE "{name}"')
        await connection.execute(
            f'ALTER ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION '
            "NOBYPASSRLS"
        )
        if role in passwords:
            # The server, and so its log, never sees the password itself.
            verifier = scram_verifier(passwords[role], secrets.token_bytes(16))
            await connection.execute(f"ALTER ROLE \"{name}\" PASSWORD '{verifier}'")


async def _open_database(connection: asyncpg.Connection[Any], prefix: str) -> None:
    """Into this database come these roles only; into its schema only one builds."""
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    everybody = ", ".join(f'"{role_name(role, prefix)}"' for role in Role)
    migrate = role_name(Role.MIGRATE, prefix)
    for statement in (
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {everybody}",
        # For pg_trgm, which whoever may create in the database may install.
        f'GRANT CREATE ON DATABASE {database} TO "{migrate}"',
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {everybody}",
        f'GRANT CREATE ON SCHEMA public TO "{migrate}"',
    ):
        await connection.execute(statement)


async def _hand_tables_over(connection: asyncpg.Connection[Any], prefix: str) -> None:
    """So that `migrate` can change what somebody else has made before there were roles."""
    for table in await _tables(connection, VERSION_TABLE):
        owner = role_name(Role.MIGRATE, prefix)
        await connection.execute(f'ALTER TABLE "{table}" OWNER TO "{owner}"')


async def _tables(connection: asyncpg.Connection[Any], *more: str) -> list[str]:
    """Our tables that are there."""
    ours = [*Base.metadata.tables, *more]
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = ANY($1)", ours
    )
    return [row["tablename"] for row in rows]


def scram_verifier(password: str, salt: bytes) -> str:
    """What PostgreSQL keeps of a password (RFC 5802, RFC 7677): enough to check, not to log in."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    said_salt, stored, own = (base64.b64encode(part).decode() for part in (salt, client, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{said_salt}${stored}:{own}"


def read_passwords(folder: Path, *, prefix: str = PREFIX) -> dict[Role, str]:
    """One password of each role, from a file named as the role.

    Raises:
        UnusablePassword: a file is missing, or its password is weak or not plain ASCII.
    """
    found = {}
    for role in Role:
        path = folder / role_name(role, prefix)
        try:
            password = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise UnusablePassword(f"{path.name} cannot be read, or is not ASCII") from None
        if is_weak(password):
            raise UnusablePassword(f"{path.name} holds a password that could be guessed")
        found[role] = password
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs once; returns the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m worker.database_roles", description=__doc__)
    parser.add_argument("--passwords", type=Path, metavar="FOLDER", help="one file per role")
    folder: Path | None = parser.parse_args(argv).passwords
    try:
        settings = CommonSettings.from_environment()
        passwords = {} if folder is None else read_passwords(folder)
    except (ValidationError, UnusablePassword) as error:
        print(f"worker.database_roles: {error}", file=sys.stderr)  # noqa: T201
        return 2
    configure(settings, "roles")
    try:
        asyncio.run(make_roles(settings.database_url.get_secret_value(), passwords))
    except (OSError, asyncpg.PostgresError) as error:
        log.error("roles_not_made", error=f"{type(error).__name__}: {error}")  # noqa: TRY400
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
