"""The pages of administrators in a real browser: they run no script and miss none."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import Page, expect
from tests.conftest import ROOT, service_environment

if TYPE_CHECKING:
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room
    from tests.web.troubles import Troubles

    from local_stack.stack import Stack

PASSWORD: Final = "চায়ের দোকান ৪২ নম্বর"
PICTURE: Final = ROOT / "deploy" / "docs" / "pictures" / "admin.png"
ACCEPT: Final = "ADDA_ACCEPT_PICTURES"


@pytest.fixture(scope="session")
def account(stack: Stack) -> str:
    """The name of an administrator."""
    done = subprocess.run(
        [sys.executable, "-m", "api_service.admin", "create", "rakib"],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=service_environment(ADDA_DATABASE_URL=stack.database_url, PYTHONUTF8="1"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return "rakib"


def log_in(page: Page, name: str) -> None:
    page.goto("/admin")
    page.get_by_label("নাম").fill(name)
    page.get_by_label("পাসওয়ার্ড").fill(PASSWORD)
    page.get_by_role("button", name="ঢুকুন").click()
    expect(page.get_by_role("heading", name="এই মুহূর্তে")).to_be_visible()


def test_an_administrator_sees_what_goes_on_and_changes_a_room(
    new_person: NewPerson, account: str, enter: Enter, room: Room
) -> None:
    enter(room, "মিতা")
    page = new_person(viewport={"width": 1280, "height": 760})
    log_in(page, account)
    expect(page.locator(".tile", has_text="খোলা সংযোগ").locator("dd")).not_to_have_text("০")
    if os.environ.get(ACCEPT):
        page.evaluate("document.fonts.ready")
        page.screenshot(path=PICTURE)
    page.get_by_role("link", name="সংযোগ", exact=True).click()
    expect(page.get_by_role("cell", name="মিতা", exact=True).first).to_be_visible()
    page.goto(f"/admin/rooms/details/{room.id}")
    page.get_by_role("link", name="রুম বদলান").click()
    page.get_by_label("নাম").fill("নতুন নামের রুম")
    page.get_by_role("button", name="রুম বদলান").click()
    expect(page.get_by_role("status")).to_have_text("হয়ে গেছে।")
    page.get_by_role("button", name="বেরিয়ে যান").click()
    expect(page.get_by_role("heading", name="পরিচালকের প্রবেশ")).to_be_visible()


def test_a_wrong_password_is_told_in_the_language_of_the_page(
    new_person: NewPerson, account: str, troubles: Troubles
) -> None:
    troubles.expect("Failed to load resource")
    page = new_person("/admin/login?lang=en")
    page.get_by_label("Name").fill(account)
    page.get_by_label("Password").fill("this is not it at all")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Name, password or code do not fit.")
