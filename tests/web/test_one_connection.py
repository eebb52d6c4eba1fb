"""A name is no reason to begin the room anew: one socket stays, whatever one is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.web.people import Person

if TYPE_CHECKING:
    from tests.web.conftest import NewPerson
    from tests.web.rooms import Room


def test_a_newcomer_who_takes_another_name_keeps_one_socket(
    new_person: NewPerson, room: Room
) -> None:
    page = new_person()
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    rakib = Person(page, "রাকিব")
    rakib.enter(room)
    rakib.say("আমি রাকিব")
    rakib.panel.get_by_role("button", name="রাকিব").click()
    page.get_by_label(rakib.text("name.label")).fill("রাকিব হাসান")
    rakib.button("name.save").click()
    expect(rakib.panel.get_by_role("button", name="রাকিব হাসান")).to_be_visible()
    rakib.say("এখন হাসান")
    assert len(sockets) == 1
