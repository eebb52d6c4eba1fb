"""The pages of administrators through the gateway: their addresses, headers and files."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from tests.conftest import ROOT, service_environment

from api_service.admin.gate import POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_stack.stack import Stack

PASSWORD: Final = "চায়ের দোকান ৪২ নম্বর"


@pytest.fixture(scope="session")
def account(stack: Stack) -> str:
    """The name of an administrator, made as `make admin` makes one."""
    directory = str(stack.options.directory)
    arguments = ["--directory", directory, "admin", "create", "rakib", "--role", "admin"]
    environment = service_environment(PYTHONUTF8="1")
    environment["PYTHONPATH"] += f":{ROOT / 'gateway/src'}:{ROOT / 'deploy/local/src'}"
    done = subprocess.run(
        [sys.executable, "-m", "local_stack", *arguments],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={name: value for name, value in environment.items() if name != "ADDA_DATABASE_URL"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return "rakib"


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    """Somebody with cookies of their own."""
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=30) as client:
        yield client


def token_of(answer: httpx.Response) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', answer.text)
    assert found is not None
    return found[1]


def test_somebody_logs_in_through_the_gateway(browser: httpx.Client, account: str) -> None:
    page = browser.get("/admin", follow_redirects=True)
    assert page.url.path == "/admin/login"
    form = {"token": token_of(page), "name": account, "password": PASSWORD}
    answer = browser.post("/admin/login", data=form)
    assert answer.status_code == 303, answer.text
    assert httpx.URL(answer.headers["location"]) == browser.base_url.join("/admin/")
    assert account in browser.get("/admin/").text
    assert browser.get("/admin/rooms/list").status_code == 200


def test_the_headers_of_the_pages_get_through_once(browser: httpx.Client) -> None:
    answer = browser.get("/admin/login")
    assert answer.headers.get_list("content-security-policy") == [POLICY]
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert answer.headers["cache-control"] == "no-store"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]


def test_their_files_are_served_and_may_be_kept(browser: httpx.Client) -> None:
    for name, kind in (("admin.css", "text/css"), ("noto-sans-bengali-400.woff2", "font/woff2")):
        answer = browser.get(f"/admin/static/{name}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "max-age=3600")
        assert answer.headers["content-type"].startswith(kind)
    assert browser.get("/admin/static/../gate.py").status_code == 404
    assert browser.get("/admin/static/%2e%2e/gate.py").status_code == 404


def test_a_page_of_another_origin_cannot_read_them(browser: httpx.Client) -> None:
    answer = browser.get("/admin/login", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
