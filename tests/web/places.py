"""Every place of the page, with its panel, menu and dialogs; not a test itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.people import Person
    from tests.web.rooms import Room, Rooms

LONG = "খুবলম্বাএকটিশব্দযারমাঝেকোনোফাঁকনেই" * 3


def busy_room(rooms: Rooms) -> Room:
    """With something of everything."""
    room = rooms.make(f"ব্যস্ত রুম {uuid.uuid4().hex[:6]} {LONG}", description=f"সব কিছুর রুম, {LONG}")
    mita, guest = rooms.session("মিতা"), rooms.session(f"অতিথি{LONG}", "#ffee00")
    asked = rooms.say(room, mita, "কেউ কি আছেন?")
    rooms.say(room, guest, f"আছি! https://example.com/{'a' * 120}", reply_to=asked["id"])
    rooms.say(room, guest, LONG * 4)
    rooms.say(room, mita, "😀")
    address = "https://example.com/chobi.png"
    rooms.say(room, mita, address, message_type="image", file_url=address)
    rooms.say(room, mita, "নোটস", message_type="file", file_url="https://example.com/notes.pdf")
    rooms.say(room, guest, "অনেক কথা\n" * 30)
    return room


def visit(person: Person, room: Room) -> Iterator[str]:
    """Leads somebody without a name through all places, and tells the name of each."""
    page = person.page
    page.goto("/")
    expect(page.get_by_role("link", name=room.name)).to_be_visible()
    yield "home"
    person.button("rooms.create").click()
    expect(person.dialog("name.title")).to_be_visible()
    yield "name dialog"
    page.keyboard.press("Escape")
    page.goto(room.path)
    expect(page.get_by_role("heading", level=1)).to_have_text(room.name)
    yield "door"
    person.give_name()
    person.is_in(room)
    person.say("আমিও আছি")
    expect(person.row("আমিও আছি")).to_be_in_viewport()
    yield "room"
    yield from _panel(person)
    yield from _parts_of_a_room(person)
    page.goto("/")
    person.button("rooms.create").click()
    expect(person.dialog("create.title")).to_be_visible()
    person.dialog("create.title").get_by_role("button").last.click()
    yield "create"
    page.keyboard.press("Escape")


def _panel(person: Person) -> Iterator[str]:
    opener = person.page.locator("button[aria-expanded]", has=person.page.locator("svg")).first
    if opener.get_attribute("aria-expanded") == "false":
        opener.click()
    expect(person.panel).to_be_visible()
    yield "people"
    person.panel.get_by_role("button", name=person.text("name.edit")).click()
    expect(person.button("name.save")).to_be_visible()
    yield "renaming"
    person.panel.get_by_role("button", name=person.text("dialog.close")).click()
    expect(person.panel).to_be_hidden()


def _parts_of_a_room(person: Person) -> Iterator[str]:
    page = person.page
    person.settings()
    expect(person.dialog("settings.title")).to_be_visible()
    yield "settings"
    page.keyboard.press("Escape")
    person.button("share.open").click()
    expect(page.get_by_role("img", name=person.text("share.qr"))).to_be_visible()
    yield "share"
    page.keyboard.press("Escape")
    person.button("composer.image").click()
    expect(person.dialog("composer.image")).to_be_visible()
    yield "picture"
    page.keyboard.press("Escape")
    person.button("composer.emoji").click()
    expect(page.get_by_role("group", name=person.text("emoji.title"))).to_be_visible()
    yield "emoji"
    person.button("composer.emoji").click()
    person.open_menu("আমিও আছি")
    yield "menu"
    page.keyboard.press("Enter")
    expect(page.get_by_text(person.text("message.replying", name=person.name))).to_be_visible()
    yield "reply"
    person.button("composer.cancel_reply").click()
