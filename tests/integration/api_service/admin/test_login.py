"""Logging in: one answer for whatever does not fit, fewer and fewer tries, and a code only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pyotp
import pytest
from sqlalchemy import select
from tests.integration.api_service.admin.conftest import PASSWORD, Browser, NewBrowser

from api_service.admin.cookies import COOKIE
from api_service.admin.roles import Role
from api_service.admin.throttle import OF_ACCOUNT
from api_service.admin.totp import STEP_SECONDS
from shared.message_store.tables import AuditEntry

if TYPE_CHECKING:
    from api_service.admin.accounts import Account, Accounts
    from api_service.wiring import Deps

WRONG = "this is not the password"


@pytest.fixture
async def rakib(accounts: Accounts, password_hash: str) -> Account:
    """An account that nobody uses yet."""
    await accounts.create("rakib", password_hash, Role.ADMIN, "admin:test")
    account = await accounts.by_name("rakib")
    assert account is not None
    return account


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a try takes, the next one comes too soon after it."""
    longer = OF_ACCOUNT._replace(first_ms=60_000)
    monkeypatch.setattr("api_service.admin.throttle.OF_ACCOUNT", longer)


async def records(deps: Deps) -> list[tuple[str, str, str]]:
    columns = (AuditEntry.made_by, AuditEntry.action, AuditEntry.subject)
    async with deps.database.reading() as connection:
        rows = await connection.execute(select(*columns).order_by(AuditEntry.id))
        return [(row.made_by, row.action, row.subject) for row in rows]


def without_token(answer: httpx.Response, *names: str) -> str:
    text = answer.text
    for name in names:
        text = text.replace(f'value="{name}"', "")
    return text


async def test_who_fits_comes_in_and_is_recorded(
    new_browser: NewBrowser, rakib: Account, deps: Deps
) -> None:
    browser = await new_browser()
    answer = await browser.log_in(" RAKIB ")
    assert (answer.status_code, answer.headers["location"].endswith("/admin/")) == (303, True)
    assert "rakib" in (await browser.get("/admin/")).text
    assert (await records(deps))[-1] == ("admin:rakib", "login", "rakib")
    await browser.post("/admin/logout")
    assert (await records(deps))[-1] == ("admin:rakib", "logout", "rakib")
    assert rakib.name == "rakib"


async def test_coming_in_changes_the_session_so_that_none_can_be_planted(
    new_browser: NewBrowser, rakib: Account
) -> None:
    browser = await new_browser()
    before, token = browser.client.cookies.get(COOKIE), browser.token
    await browser.log_in(rakib.name)
    assert browser.client.cookies.get(COOKIE) != before
    assert browser.token != token


async def test_whatever_does_not_fit_is_answered_alike(
    new_browser: NewBrowser, rakib: Account, accounts: Accounts, deps: Deps, password_hash: str
) -> None:
    await accounts.create("gone", password_hash, Role.ADMIN, "admin:test")
    gone = await accounts.by_name("gone")
    assert gone is not None
    await accounts.change(gone, "admin:test", "account_disabled", disabled=True)
    await accounts.create("coded", password_hash, Role.ADMIN, "admin:test")
    coded = await accounts.by_name("coded")
    assert coded is not None
    await accounts.change(coded, "admin:test", "account_totp", totp_secret=pyotp.random_base32())
    browser = await new_browser()
    answers = [
        await browser.log_in(rakib.name, WRONG),
        await browser.log_in("nobody", PASSWORD),
        await browser.log_in("gone", PASSWORD),
        await browser.log_in("coded", PASSWORD),
        await browser.log_in("coded", PASSWORD, "123456"),
        await browser.log_in("", ""),
        await browser.log_in("না\0না", PASSWORD),
    ]
    names = [rakib.name, "nobody", "gone", "coded", "coded", "", "না\0না"]
    assert {answer.status_code for answer in answers} == {400}
    assert len({without_token(a, n) for a, n in zip(answers[:5], names[:5], strict=True)}) == 1
    failed = [line for line in await records(deps) if line[1] == "login_failed"]
    # A name that is none may be somebody's password: it is not kept.
    assert [line[2] for line in failed] == ["rakib", "?", "gone", "coded", "coded", "?", "?"]


@pytest.mark.usefixtures("long_waits")
async def test_tries_are_fewer_and_fewer_and_even_the_right_password_waits(
    new_browser: NewBrowser, rakib: Account
) -> None:
    browser = await new_browser()
    for _ in range(OF_ACCOUNT.free):
        assert (await browser.log_in(rakib.name, WRONG)).status_code == 400
    answer = await browser.log_in(rakib.name)
    assert answer.status_code == 429
    assert 30 < int(answer.headers["retry-after"]) <= 60
    assert "অনেকবার" in answer.text


@pytest.mark.usefixtures("long_waits")
async def test_a_name_that_is_none_waits_just_so(new_browser: NewBrowser) -> None:
    browser = await new_browser()
    answers = [await browser.log_in("nobody", WRONG) for _ in range(OF_ACCOUNT.free + 1)]
    assert [answer.status_code for answer in answers] == [400] * OF_ACCOUNT.free + [429]


async def test_coming_in_forgets_the_tries(new_browser: NewBrowser, rakib: Account) -> None:
    browser = await new_browser()
    for _ in range(3):
        for _ in range(OF_ACCOUNT.free - 1):
            assert (await browser.log_in(rakib.name, WRONG)).status_code == 400
        assert (await browser.log_in(rakib.name)).status_code == 303


async def test_a_code_is_asked_for_where_one_is_set_up_and_taken_only_once(
    new_browser: NewBrowser, rakib: Account, accounts: Accounts, deps: Deps
) -> None:
    secret = pyotp.random_base32()
    await accounts.change(rakib, "admin:test", "account_totp", totp_secret=secret)
    step = deps.clock.micros() // 1_000_000 // STEP_SECONDS
    code = pyotp.TOTP(secret).generate_otp(step)
    browser, other = await new_browser(), await new_browser()
    # A wrong password does not use the code up.
    assert (await browser.log_in(rakib.name, WRONG, code)).status_code == 400
    assert (await browser.log_in(rakib.name, PASSWORD, code)).status_code == 303
    assert (await other.log_in(rakib.name, PASSWORD, code)).status_code == 400
    later = pyotp.TOTP(secret).generate_otp(step + 1)
    assert (await other.log_in(rakib.name, PASSWORD, later)).status_code == 303


async def test_what_was_written_is_never_shown_again_but_the_name(
    new_browser: NewBrowser, rakib: Account
) -> None:
    browser = await new_browser()
    answer = await browser.log_in('"><b>rakib', WRONG, "123456")
    assert WRONG not in answer.text
    assert "123456" not in answer.text
    assert "<b>rakib" not in answer.text
    assert "&lt;b&gt;rakib" in answer.text
    assert rakib.name == "rakib"


async def test_a_role_that_was_changed_counts_at_the_next_request(
    new_browser: NewBrowser, accounts: Accounts, admin: Browser
) -> None:
    browser = await new_browser(Role.MODERATOR)
    account = await accounts.by_name(Role.MODERATOR.value)
    assert account is not None
    await change_role(admin, account.id, "viewer")
    assert (await browser.get("/admin/")).status_code == 303
    assert (await browser.log_in(Role.MODERATOR.value)).status_code == 303
    assert (await browser.get("/admin/words/do/add")).status_code == 403


async def change_role(admin: Browser, account: Any, role: str) -> None:
    answer = await admin.post(f"/admin/accounts/do/role?pk={account}", role=role)
    assert answer.status_code == 303, answer.text
