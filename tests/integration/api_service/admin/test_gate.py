"""What lies around every page: headers, cookies, the token, the end of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest
from tests.integration.api_service.admin.conftest import KEY, Browser, NewBrowser
from tests.integration.api_service.conftest import run_api

from api_service.admin.cookies import COOKIE, IDLE_SECONDS, LONGEST_SECONDS, Sealer
from api_service.admin.gate import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from api_service.admin.accounts import Accounts
    from api_service.settings import ApiSettings
    from api_service.wiring import Deps

LOGIN = "/admin/login"


def cookie_of(answer: httpx.Response) -> set[str]:
    [line] = [
        line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")
    ]
    return set(line.partition("; ")[2].split("; "))


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/admin/")).status_code == 200


async def test_every_page_has_the_strict_headers_and_runs_no_script(admin: Browser) -> None:
    for path in (
        "/admin/",
        LOGIN,
        "/admin/rooms/list",
        "/admin/nothing",
        "/admin/static/admin.css",
    ):
        answer = await admin.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
    assert (await admin.get("/admin/")).headers["cache-control"] == "no-store"


async def test_the_api_lets_no_other_origin_at_the_pages(admin: Browser) -> None:
    answer = await admin.get("/admin/", headers={"origin": "https://evil.example"})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_the_cookie_is_for_these_pages_alone(new_browser: NewBrowser) -> None:
    browser = await new_browser()
    browser.client.cookies.clear()
    answer = await browser.get(LOGIN)
    assert cookie_of(answer) == {
        "Path=/admin",
        "HttpOnly",
        "SameSite=Strict",
        f"Max-Age={LONGEST_SECONDS}",
    }


async def test_behind_tls_the_cookie_and_all_addresses_are_secure(new_browser: NewBrowser) -> None:
    browser = await new_browser(**{"x-forwarded-proto": "https"})
    browser.client.cookies.clear()
    answer = await browser.get(LOGIN)
    assert "Secure" in cookie_of(answer)
    assert 'action="https://' in answer.text


async def test_nobody_is_led_to_the_log_in(new_browser: NewBrowser) -> None:
    answer = await (await new_browser()).get("/admin/messages/list")
    assert (answer.status_code, answer.headers["location"].endswith(LOGIN)) == (303, True)


async def test_the_address_without_a_slash_leads_to_the_one_with_it(api: httpx.AsyncClient) -> None:
    answer = await api.get("/admin")
    assert (answer.status_code, answer.headers["location"]) == (308, "/admin/")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("token", ["", "0" * 64])
async def test_without_its_token_nothing_that_changes_passes(
    admin: Browser, method: str, token: str
) -> None:
    for path in ("/admin/logout", LOGIN, "/admin/rooms/do/add", "/admin/rooms/list", "/admin/"):
        answer = await admin.client.request(method, path, data={"token": token, "name": "চা"})
        assert answer.status_code == 403, (method, path)
    assert await is_in(admin)


async def test_the_token_of_another_session_does_not_count(admin: Browser, viewer: Browser) -> None:
    answer = await admin.client.post("/admin/logout", data={"token": viewer.token})
    assert answer.status_code == 403


async def test_a_token_does_not_count_in_another_kind_of_body(admin: Browser) -> None:
    answer = await admin.client.post("/admin/logout", json={"token": admin.token})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_of_another_page_does_not_count(
    admin: Browser, headers: dict[str, str]
) -> None:
    answer = await admin.client.post("/admin/logout", data={"token": admin.token}, headers=headers)
    assert answer.status_code == 403
    assert await is_in(admin)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "OURS"},
        {"origin": "OURS", "sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {},
    ],
)
async def test_a_form_of_our_own_page_counts(admin: Browser, headers: dict[str, str]) -> None:
    base = str(admin.client.base_url).rstrip("/")
    headers = {name: value.replace("OURS", base) for name, value in headers.items()}
    answer = await admin.client.post("/admin/logout", data={"token": admin.token}, headers=headers)
    assert answer.status_code == 303


async def test_a_body_that_is_no_form_is_refused_politely(admin: Browser) -> None:
    answer = await admin.client.post(
        "/admin/logout",
        content=b"\xff\xfe&token=" + b"a=1&" * 200,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    answer = await admin.client.post("/admin/logout", content=b"x" * 70_000)
    assert answer.status_code == 413


def session_of(deps: Deps, admin: UUID, epoch: int, *, born: int = 0, seen: int = 0) -> str:
    now = deps.clock.micros() // 1_000_000
    sealer = Sealer(KEY)
    session = sealer.begin(now - born, admin, epoch).seen_at(now - seen)
    return sealer.seal(session)


async def test_a_session_ends_when_it_idles_or_is_too_old(
    admin: Browser, accounts: Accounts, deps: Deps
) -> None:
    account = await accounts.by_name("admin")
    assert account is not None
    for born, seen, inside in (
        (IDLE_SECONDS - 5, IDLE_SECONDS - 5, True),
        (IDLE_SECONDS, IDLE_SECONDS, False),
        (LONGEST_SECONDS - 5, 0, True),
        (LONGEST_SECONDS, 0, False),
    ):
        cookie = session_of(deps, account.id, account.session_epoch, born=born, seen=seen)
        admin.client.cookies.clear()
        admin.client.cookies.set(COOKIE, cookie, path="/admin")
        assert await is_in(admin) is inside, (born, seen)


async def test_using_the_pages_keeps_a_session_alive_and_a_page_that_asks_by_itself_does_not(
    admin: Browser, accounts: Accounts, deps: Deps
) -> None:
    account = await accounts.by_name("admin")
    assert account is not None
    old = session_of(deps, account.id, account.session_epoch, born=120, seen=120)
    admin.client.cookies.clear()
    headers = {"cookie": f"{COOKIE}={old}"}
    assert "set-cookie" not in (await admin.client.get("/admin/?auto=1", headers=headers)).headers
    assert "set-cookie" in (await admin.client.get("/admin/", headers=headers)).headers


async def test_a_session_of_another_epoch_or_of_nobody_is_none(
    admin: Browser, accounts: Accounts, deps: Deps
) -> None:
    account = await accounts.by_name("admin")
    assert account is not None
    for cookie in (
        session_of(deps, account.id, account.session_epoch + 1),
        session_of(deps, deps.ids.new(), account.session_epoch),
    ):
        admin.client.cookies.clear()
        admin.client.cookies.set(COOKIE, cookie, path="/admin")
        assert not await is_in(admin)


async def test_logging_out_ends_a_cookie_that_was_copied_too(admin: Browser) -> None:
    copied = admin.client.cookies.get(COOKIE)
    assert copied is not None
    answer = await admin.post("/admin/logout")
    assert (answer.status_code, answer.headers["location"].endswith(LOGIN)) == (303, True)
    assert not await is_in(admin)
    admin.client.cookies.clear()
    admin.client.cookies.set(COOKIE, copied, path="/admin")
    assert not await is_in(admin)


async def test_the_language_is_chosen_by_header_by_address_and_then_by_cookie(
    new_browser: NewBrowser,
) -> None:
    browser = await new_browser()
    assert "পরিচালকের প্রবেশ" in (await browser.get(LOGIN)).text
    english = {"accept-language": "en"}
    assert '<html lang="en">' in (await browser.get(LOGIN, headers=english)).text
    assert "Administrators" in (await browser.get(f"{LOGIN}?lang=en")).text
    assert "Administrators" in (await browser.get(LOGIN)).text
    assert "পরিচালকের প্রবেশ" in (await browser.get(f"{LOGIN}?lang=bn", headers=english)).text


async def test_without_a_key_there_are_no_pages(
    settings_for: Callable[..., ApiSettings],
) -> None:

    async with run_api(settings_for(admin_session_key=None)) as client:
        for path in ("/admin", "/admin/", LOGIN, "/admin/static/admin.css"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
