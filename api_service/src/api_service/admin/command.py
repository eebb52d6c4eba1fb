"""`python -m api_service.admin`: accounts from the command line; the first one can only come so.

    create NAME [--role viewer|moderator|admin]   password NAME   totp NAME [--off]
    disable NAME   enable NAME   list

Passwords are asked for twice; without a terminal they are one line on standard input, or in the
file that ADMIN_PASSWORD_FILE names. They are never arguments: those stand in lists of processes.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from sqlalchemy import select

from api_service.admin.accounts import Account, Accounts, check_name
from api_service.admin.language import Speech
from api_service.admin.passwords import check_password, hash_password
from api_service.admin.roles import Role
from api_service.admin.totp import address_of, new_secret, picture_of
from api_service.settings import ApiSettings
from shared.domain.rules import RuleViolation
from shared.message_store.database import Database, open_database
from shared.message_store.tables import Admin
from shared.message_store.unavailable import StoreUnavailable
from shared.runtime.clock import IdMaker, SystemClock

if TYPE_CHECKING:
    from shared.protocol.errors import Language

PASSWORD_FILE: Final = "ADMIN_PASSWORD_FILE"  # noqa: S105 - the name of a variable
BY: Final = "admin:command-line"

Say = Callable[[str], None]


class CommandFailed(Exception):
    """What was asked for cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands work with."""

    database: Database
    accounts: Accounts
    read_password: Callable[[], str]
    say: Say

    async def account(self, name: str) -> Account:
        """The account, or CommandFailed."""
        account = await self.accounts.by_name(name)
        if account is None:
            raise CommandFailed(f"{name}: এই নামে কেউ নেই · there is no such account")
        return account


async def _create(desk: Desk, options: argparse.Namespace) -> None:
    name = check_name(options.name)
    hashed = hash_password(check_password(name, desk.read_password()))
    await desk.accounts.create(name, hashed, Role(options.role), BY)
    desk.say(f"✔ {name} ({options.role}): /admin/")


async def _password(desk: Desk, options: argparse.Namespace) -> None:
    account = await desk.account(options.name)
    hashed = hash_password(check_password(account.name, desk.read_password()))
    await desk.accounts.change(account, BY, "account_password", password_hash=hashed)
    desk.say(f"✔ {account.name}: নতুন পাসওয়ার্ড · new password, all sessions ended")


async def _totp(desk: Desk, options: argparse.Namespace) -> None:
    account = await desk.account(options.name)
    if options.off:
        await desk.accounts.change(account, BY, "account_totp_removed", totp_secret=None)
        desk.say(f"✔ {account.name}: কোড লাগবে না · no second factor any more")
        return
    secret = new_secret()
    await desk.accounts.change(account, BY, "account_totp", totp_secret=secret)
    address = address_of(account.name, secret)
    desk.say(picture_of(address))
    desk.say(f"{address}\n✔ {account.name}: এখন থেকে কোডও লাগবে · a code is needed from now on")


async def _disable(desk: Desk, options: argparse.Namespace) -> None:
    account = await desk.account(options.name)
    await desk.accounts.change(account, BY, "account_disabled", disabled=True)
    desk.say(f"✔ {account.name}: বন্ধ · disabled, all sessions ended")


async def _enable(desk: Desk, options: argparse.Namespace) -> None:
    account = await desk.account(options.name)
    await desk.accounts.change(account, BY, "account_enabled", disabled=False)
    desk.say(f"✔ {account.name}: চালু · enabled")


async def _list(desk: Desk, _options: argparse.Namespace) -> None:
    columns = (Admin.name, Admin.role, Admin.totp_secret, Admin.disabled_at)
    async with desk.database.reading() as connection:
        rows = (await connection.execute(select(*columns).order_by(Admin.name))).all()
    for row in rows:
        marks = [*(["totp"] if row.totp_secret else []), *(["disabled"] if row.disabled_at else [])]
        desk.say("\t".join([row.name, row.role, ",".join(marks)]).rstrip())


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    own = argparse.ArgumentParser(prog="python -m api_service.admin", description=__doc__)
    own.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = own.add_subparsers(required=True)

    def add(name: str, run: Callable[[Desk, argparse.Namespace], Awaitable[None]]) -> None:
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        if name != "list":
            command.add_argument("name")
        if name == "create":
            roles = [role.value for role in Role]
            command.add_argument("--role", choices=roles, default=Role.ADMIN.value)
        if name == "totp":
            command.add_argument("--off", action="store_true", help="no second factor any more")

    for name, run in (
        ("create", _create),
        ("password", _password),
        ("totp", _totp),
        ("disable", _disable),
        ("enable", _enable),
        ("list", _list),
    ):
        add(name, run)
    return own


def read_password(stdin: TextIO) -> str:
    """From the file of ADMIN_PASSWORD_FILE, or `stdin`; a person at a terminal writes it twice.

    Raises:
        CommandFailed: the two are not the same, or the file cannot be read.
    """
    named = os.environ.get(PASSWORD_FILE)
    if named:
        try:
            return Path(named).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandFailed(f"{PASSWORD_FILE}: {error}") from None
    if not stdin.isatty():
        return stdin.readline().rstrip("\r\n")
    first = getpass.getpass("পাসওয়ার্ড · password: ")
    if first != getpass.getpass("আবার · again: "):
        raise CommandFailed("দুবার একই লেখা হয়নি · the two are not the same")
    return first


async def run_command(settings: ApiSettings, options: argparse.Namespace, say: Say) -> int:
    """Runs one command; the exit code is 0, or 1 after saying why not."""
    database = open_database(
        settings.database_url.get_secret_value(),
        "adda-admin",
        pool_size=1,
        max_overflow=0,
        read_seconds=settings.database_seconds,
    )
    clock = SystemClock()
    accounts = Accounts(database, clock, IdMaker(clock))
    desk = Desk(database, accounts, lambda: read_password(sys.stdin), say)
    try:
        await options.run(desk, options)
    except CommandFailed as error:
        say(f"✗ {error}")
    except RuleViolation as error:
        say(f"✗ {error.field}: {' · '.join(_problem(error.code, one) for one in ('bn', 'en'))}")
    except StoreUnavailable as error:
        say(f"✗ PostgreSQL: {error}")
    else:
        return 0
    finally:
        await database.dispose()
    return 1


def _problem(code: str, language: Language) -> str:
    return Speech(language).problem(code)


def main(arguments: list[str] | None = None) -> int:
    """Runs `arguments`, those of the command line if there are none; returns the exit code."""
    options = parser().parse_args(arguments)
    settings = ApiSettings.from_environment()
    return asyncio.run(run_command(settings, options, print))
