"""A crowded door, as people meet it: the device works for a moment, and one is in.

On a stack of its own, where the loopback is the world and an address may do very little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx
import pytest
from altcha import create_challenge
from playwright.sync_api import expect
from tests.web.people import Person
from tests.web.rooms import Rooms
from tests.web.texts import bn

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Route
    from tests.web.conftest import NewPerson
    from tests.web.rooms import Room
    from tests.web.troubles import Troubles

CHALLENGES: Final = "**/api/challenge/**"


@pytest.fixture(scope="module")
def stack(server_directory: Path, built_page: Path) -> Iterator[Stack]:
    """Nothing comes back while a test runs, and proofs buy as much again."""
    options = StackOptions(
        directory=server_directory / "crowded",
        port=free_ports(1)[0],
        durable=False,
        ws=2,
        page=built_page,
        environment={
            "ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24",
            "ADDA_LIMIT_IPV4": "80/0.01",
            "ADDA_PROOF_SHARE": "1",
        },
    )
    with Stack(options) as running:
        yield running


@pytest.fixture(scope="module")
def room(stack: Stack) -> Room:
    """After it was made, the browser's address may do nothing any more."""
    with Rooms(stack.url) as rooms:
        made = rooms.make()
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=30) as client:
        made_users = [client.post("/api/create-user/", json={"username": "ভিড়"}) for _ in range(40)]
    assert made_users[-1].json()["code"] == "proof_required"
    return made


def held(page: Page, asked: list[Route]) -> list[Route]:
    """What the page has asked; it says that it works on a proof a little before it asks for one."""
    for _ in range(1_200):
        if asked:
            break
        page.wait_for_timeout(50)
    return asked


def test_whose_address_is_over_gets_in_by_a_moment_of_work(
    new_person: NewPerson, room: Room
) -> None:
    page = new_person(path=room.path)
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route(CHALLENGES, hold)
    mita = Person(page, "মিতা")
    mita.give_name()
    expect(page.get_by_text(bn("connection.proving"))).to_be_visible()
    [route] = held(page, asked)
    assert route.request.url.endswith(f"/api/challenge/?for=join&room={room.id}")
    route.continue_()
    mita.is_in(room)
    expect(page.get_by_text(bn("connection.proving"))).to_be_hidden()


def test_whose_proofs_do_not_hold_is_told_so_and_may_try_again(
    new_person: NewPerson, room: Room
) -> None:
    page = new_person(path=room.path)
    data = {"level": 0, "most": 8}
    forged = create_challenge("PBKDF2/SHA-256", 10, counter=5, data=data, hmac_secret="guessed")
    made = 0

    def forge(route: Route) -> None:
        nonlocal made
        made += 1
        route.fulfill(json=forged.to_dict())

    page.route(CHALLENGES, forge)
    rakib = Person(page, "রাকিব")
    rakib.give_name()
    expect(page.get_by_text(bn("connection.crowded"))).to_be_visible()
    assert made == 3
    page.unroute(CHALLENGES)
    rakib.button("connection.retry").click()
    rakib.is_in(room)


@pytest.mark.usefixtures("room")
def test_a_room_is_made_by_work_as_well(new_person: NewPerson, troubles: Troubles) -> None:
    troubles.expect("Failed to load resource.*429")
    page = new_person()
    page.goto("/")
    tareq = Person(page, "তারেক")
    tareq.button("rooms.create").click()
    tareq.give_name()
    dialog = tareq.dialog("create.title")
    dialog.get_by_label(bn("create.name")).fill("ভিড়ের মধ্যে রুম")
    dialog.get_by_role("button", name=bn("create.submit")).click()
    expect(page.get_by_role("heading", level=1, name="ভিড়ের মধ্যে রুম")).to_be_visible()
