"""Accounts, by their pages and by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.api_service.admin.conftest import PASSWORD, Browser, NewBrowser
from tests.integration.api_service.admin.test_moderation import last_record

from api_service.admin.accounts import Account, Accounts, check_name
from api_service.admin.roles import Role
from shared.domain.rules import RuleViolation

if TYPE_CHECKING:
    from api_service.wiring import Deps

OTHER = "একেবারে অন্য পাসওয়ার্ড"


@pytest.mark.parametrize("name", ["", "a", "-ab", "রাকিব", "two words", "x" * 33, "a\0b", "<b>"])
def test_a_name_that_others_could_mistake_is_refused(name: str) -> None:
    with pytest.raises(RuleViolation):
        check_name(name)


def test_names_are_kept_small() -> None:
    assert check_name(" Rakib.Hasan-2 ") == "rakib.hasan-2"


async def of(accounts: Accounts, name: str) -> Account:
    found = await accounts.by_name(name)
    assert found is not None
    return found


async def test_every_change_ends_the_sessions_and_shows_no_secret_in_the_record(
    accounts: Accounts, deps: Deps, password_hash: str
) -> None:
    await accounts.create("rakib", password_hash, Role.VIEWER, "admin:test")
    changes: list[dict[str, Any]] = [
        {"password_hash": "new-hash"},
        {"totp_secret": "SECRETSECRET"},
        {"role": "admin"},
        {"disabled": True},
        {},
    ]
    for number, fields in enumerate(changes, start=1):
        await accounts.change(await of(accounts, "rakib"), "admin:test", "account_role", **fields)
        assert (await of(accounts, "rakib")).session_epoch == number
        record = str((await last_record(deps)).details)
        assert "hash" not in record
        assert "SECRET" not in record
    assert (await of(accounts, "rakib")).disabled
    assert repr(await of(accounts, "rakib")) == "Account('rakib', admin)"


async def test_a_name_is_given_once(accounts: Accounts, password_hash: str) -> None:
    await accounts.create("rakib", password_hash, Role.VIEWER, "admin:test")
    with pytest.raises(RuleViolation) as caught:
        await accounts.create("Rakib", password_hash, Role.ADMIN, "admin:test")
    assert (caught.value.field, caught.value.code) == ("name", "taken")


async def test_an_account_is_made_on_the_page_and_can_come_in(
    admin: Browser, new_browser: NewBrowser
) -> None:
    form = {"name": "Mita", "role": "moderator", "password": OTHER, "again": OTHER}
    assert (await admin.post("/admin/accounts/do/add", **form)).status_code == 303
    browser = await new_browser()
    assert (await browser.log_in("mita", OTHER)).status_code == 303
    assert (await browser.get("/admin/words/do/add")).status_code == 200
    assert (await browser.get("/admin/accounts/list")).status_code == 403


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"password": "short", "again": "short"}, "অন্তত ১২ অক্ষর"),
        ({"again": OTHER + "!"}, "দুবার একই"),
        ({"name": "না"}, "গঠন"),
        ({"name": "admin"}, "আগে থেকেই"),
        ({"role": "king"}, "এই মানটি চলে না"),
    ],
)
async def test_what_is_wrong_with_a_new_account_is_told_beside_the_field(
    admin: Browser, changed: dict[str, str], text: str
) -> None:
    form = {"name": "mita", "role": "viewer", "password": OTHER, "again": OTHER, **changed}
    answer = await admin.post("/admin/accounts/do/add", **form)
    assert (answer.status_code, text in answer.text) == (400, True)
    assert OTHER not in answer.text


@pytest.mark.parametrize("deed", ["end", "disable", "password"])
async def test_a_session_ends_when_somebody_ends_it(
    admin: Browser, new_browser: NewBrowser, accounts: Accounts, deed: str
) -> None:
    browser = await new_browser(Role.MODERATOR)
    account = await of(accounts, "moderator")
    answer = await admin.post(
        f"/admin/accounts/do/{deed}?pk={account.id}", password=OTHER, again=OTHER
    )
    assert answer.status_code == 303, answer.text
    assert (await browser.get("/admin/")).status_code == 303
    fits = {"end": PASSWORD, "disable": None, "password": OTHER}[deed]
    assert (await browser.log_in("moderator", PASSWORD)).status_code == (
        303 if fits == PASSWORD else 400
    )
    if fits == OTHER:
        assert (await browser.log_in("moderator", OTHER)).status_code == 303


async def test_who_was_disabled_can_be_let_in_again(
    admin: Browser, new_browser: NewBrowser, accounts: Accounts
) -> None:
    browser = await new_browser(Role.VIEWER)
    account = await of(accounts, "viewer")
    path = f"/admin/accounts/do/{{}}?pk={account.id}"
    assert (await admin.get(path.format("enable"))).status_code == 404
    assert (await admin.post(path.format("disable"))).status_code == 303
    assert (await admin.post(path.format("enable"))).status_code == 303
    assert (await browser.log_in("viewer")).status_code == 303


@pytest.mark.parametrize("deed", ["role", "disable", "end"])
async def test_nobody_locks_themselves_out(admin: Browser, accounts: Accounts, deed: str) -> None:
    account = await of(accounts, "admin")
    answer = await admin.post(f"/admin/accounts/do/{deed}?pk={account.id}", role="viewer")
    assert (answer.status_code, "নিজের অ্যাকাউন্টে" in answer.text) == (400, True)
    assert (await admin.get("/admin/")).status_code == 200


async def test_no_page_shows_a_hash_or_a_secret(
    admin: Browser, accounts: Accounts, password_hash: str
) -> None:
    await accounts.create("coded", password_hash, Role.VIEWER, "admin:test")
    account = await of(accounts, "coded")
    await accounts.change(account, "admin:test", "account_totp", totp_secret="GEZDGNBVGY3TQOJQ")
    for path in ("list", "list?search=coded", f"details/{account.id}", f"do/end?pk={account.id}"):
        text = (await admin.get(f"/admin/accounts/{path}")).text
        assert "argon2" not in text
        assert "GEZDGNBV" not in text
