"""`python -m api_service.admin` as a person and as a script use it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from tests.conftest import service_environment
from tests.integration.api_service.admin.test_accounts import of

from api_service.admin import command
from api_service.admin.passwords import matches
from api_service.admin.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

    from api_service.admin.accounts import Accounts

PASSWORD = "চায়ের দোকান ৪২ নম্বর"
OTHER = "একেবারে অন্য পাসওয়ার্ড"

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs the program with arguments and lines on standard input; its exit code and words."""

    async def program(*arguments: str, typed: str = "", **variables: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "api_service.admin", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=service_environment(
                **{"ADDA_DATABASE_URL": database_url, "PYTHONUTF8": "1", **variables}
            ),
        )
        said, _ = await process.communicate(typed.encode())
        return process.returncode or 0, said.decode()

    return program


async def test_the_first_account_comes_from_a_line_on_standard_input(
    run: Run, accounts: Accounts
) -> None:
    code, said = await run("create", "Rakib", typed=f"{PASSWORD}\n")
    assert code == 0, said
    assert PASSWORD not in said
    account = await of(accounts, "rakib")
    assert account.role is Role.ADMIN
    assert matches(account.password_hash, PASSWORD)
    assert account.password_hash.startswith("$argon2id$")


async def test_a_file_may_hold_the_password(run: Run, accounts: Accounts, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    code, said = await run(
        "create", "mita", "--role", "viewer", typed="not this", ADMIN_PASSWORD_FILE=str(file)
    )
    assert code == 0, said
    account = await of(accounts, "mita")
    assert account.role is Role.VIEWER
    assert matches(account.password_hash, PASSWORD)
    code, said = await run("create", "other", ADMIN_PASSWORD_FILE=str(tmp_path / "nothing"))
    assert (code, "ADMIN_PASSWORD_FILE" in said, "Traceback" in said) == (1, True, False)


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("rakib", "short", "12 characters"),
        ("rakib", "", "blank"),
        ("rakib", "hello rakib hello", "name"),
        ("রাকিব", PASSWORD, "name"),
    ],
)
async def test_what_may_not_be_is_told_in_one_line(
    run: Run, accounts: Accounts, name: str, typed: str, told: str
) -> None:
    code, said = await run("create", name, typed=f"{typed}\n")
    assert (code, told in said, len(said.splitlines())) == (1, True, 1), said
    assert await accounts.by_name(name) is None


async def test_accounts_are_changed_and_each_change_ends_their_sessions(
    run: Run, accounts: Accounts
) -> None:
    await run("create", "rakib", typed=f"{PASSWORD}\n")
    assert (await run("password", "rakib", typed=f"{OTHER}\n"))[0] == 0
    assert matches((await of(accounts, "rakib")).password_hash, OTHER)
    code, said = await run("totp", "rakib")
    account = await of(accounts, "rakib")
    assert (code, f"secret={account.totp_secret}" in said, "█" in said) == (0, True, True)
    assert (await run("list")) == (0, "rakib\tadmin\ttotp\n")
    assert (await run("totp", "rakib", "--off"))[0] == 0
    assert (await of(accounts, "rakib")).totp_secret is None
    assert (await run("disable", "rakib"))[0] == 0
    assert (await run("list")) == (0, "rakib\tadmin\tdisabled\n")
    assert (await run("enable", "rakib"))[0] == 0
    account = await of(accounts, "rakib")
    assert (account.disabled, account.session_epoch) == (False, 5)


async def test_who_is_not_there_and_who_is_there_already_is_told(run: Run) -> None:
    for arguments in (("password", "nobody"), ("totp", "nobody"), ("disable", "nobody")):
        code, said = await run(*arguments, typed=f"{PASSWORD}\n")
        assert (code, "no such account" in said) == (1, True), said
    await run("create", "rakib", typed=f"{PASSWORD}\n")
    code, said = await run("create", "rakib", typed=f"{PASSWORD}\n")
    assert (code, "It is there already" in said) == (1, True), said


async def test_a_database_that_is_away_is_told_in_one_line(run: Run) -> None:
    code, said = await run("list", ADDA_DATABASE_URL="postgresql://adda@127.0.0.1:1/adda")
    assert (code, said.startswith("✗ PostgreSQL"), len(said.splitlines())) == (1, True, 1), said


class Terminal:
    """Somebody sits there."""

    @staticmethod
    def isatty() -> bool:
        return True


def test_a_person_writes_the_password_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, PASSWORD, PASSWORD, OTHER])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    monkeypatch.delenv(command.PASSWORD_FILE, raising=False)
    assert command.read_password(Terminal()) == PASSWORD  # type: ignore[arg-type]
    with pytest.raises(command.CommandFailed):
        command.read_password(Terminal())  # type: ignore[arg-type]
