"""The page opens, and the browser has nothing to complain of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.web.texts import bn

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.web.rooms import Room
    from tests.web.troubles import Troubles


@pytest.mark.parametrize("path", ["/", "/r/{room}"])
def test_the_page_opens_without_any_complaint(page: Page, room: Room, path: str) -> None:
    answer = page.goto(path.format(room=room.id))
    assert answer is not None
    assert answer.ok
    expect(page).to_have_title("আড্ডা")
    expect(page.get_by_text(room.name)).not_to_have_count(0)


def test_an_address_without_a_room_leads_to_those_that_are(
    page: Page, troubles: Troubles, room: Room
) -> None:
    troubles.expect("404")
    page.goto("/r/0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01")
    expect(page.get_by_role("heading", name=bn("room.not_found"))).to_be_visible()
    page.get_by_role("link", name=bn("door.rooms")).click()
    expect(page.get_by_role("link", name=room.name)).to_be_visible()


TROUBLES = {
    "console error: on purpose": "console.error('on purpose')",
    "exception: on purpose": "setTimeout(() => { throw new Error('on purpose') })",
    "console error: content security policy: require-trusted-types-for forbids": (
        "document.head.append(document.createElement('script'));"
        "document.querySelector('head > script:last-child').append('1')"
    ),
    "console error: content security policy: style-src-attr forbids": (
        "document.body.setAttribute('style', 'color: red')"
    ),
    "request to another origin: http": "void new Image().setAttribute('src', 'http://127.0.0.1:9')",
}


@pytest.mark.parametrize("told", TROUBLES)
def test_what_goes_wrong_in_the_browser_is_found(page: Page, troubles: Troubles, told: str) -> None:
    page.goto("/")
    assert troubles.unexpected() == []
    page.evaluate(TROUBLES[told])
    for _ in range(50):
        page.wait_for_timeout(100)
        if any(each.startswith(told) for each in troubles.unexpected()):
            break
    else:
        pytest.fail("nobody noticed")
    troubles.expect("")
    assert troubles.unexpected() == []
