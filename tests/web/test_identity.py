"""Who one is and where one was outlives a reload, and is the same in another tab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect
from tests.web.people import Person
from tests.web.texts import bn, en

from shared.presence.presence import LEAVE_GRACE_MS

if TYPE_CHECKING:
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms

NOTE_LEAVING: Final = """() => {
  addEventListener("pagehide", () => { sessionStorage.left = Date.now(); });
}"""

NOTE_RETURN: Final = """
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", () => { window.returned ??= Date.now(); });
  }
};
"""


def test_a_reload_keeps_name_and_colour(enter: Enter, room: Room) -> None:
    rakib = enter(room, "রাকিব")
    rakib.say("আমি")
    own = rakib.panel.get_by_text("রাকিব", exact=True)
    color = own.evaluate("element => getComputedStyle(element).color")
    rakib.come_back(room)
    expect(own).to_have_css("color", color)
    expect(rakib.said).to_have_text(["আমি"])
    rakib.choose("আমি", "message.delete")  # only one's own can be deleted
    rakib.menu.get_by_role("menuitem", name=bn("message.delete_sure")).click()
    expect(rakib.said).to_have_count(0)


def milliseconds_away(person: Person, room: Room) -> float:
    """Reloads the page; from when it was left until the room has answered again, at most."""
    person.page.evaluate(NOTE_LEAVING)
    person.page.add_init_script(NOTE_RETURN)
    person.come_back(room)
    return float(person.page.evaluate("window.returned - Number(sessionStorage.left)"))


def test_a_reload_is_not_announced(enter: Enter, room: Room) -> None:
    rakib = enter(room, "রাকিব")
    # A machine that has much to do may load a page for longer than nobody is told of it.
    for name in ("মিতা", "নীলা", "তুলি", "সুমি", "রুমা"):
        mita = enter(room, name)
        expect(rakib.page.get_by_text(bn("system.joined", name=name))).to_be_visible()
        if milliseconds_away(mita, room) < LEAVE_GRACE_MS:
            break
        mita.page.close()
    else:
        raise AssertionError("nobody was back in time")
    mita.say("আবার এলাম")
    expect(rakib.said).to_have_text(["আবার এলাম"])
    expect(rakib.page.get_by_text(bn("system.left", name=name))).to_have_count(0)
    expect(rakib.page.get_by_text(bn("system.joined", name=name))).to_have_count(1)
    expect(rakib.panel.get_by_role("listitem").filter(has_text=name)).to_have_count(1)


def test_a_reload_far_up_shows_the_same_message_again(
    enter: Enter, room: Room, rooms: Rooms
) -> None:
    said = rooms.fill(room, 300)
    reader = enter(room, "পাঠক")
    expect(reader.said.last).to_have_text(said[-1])
    reader.scroll_up_to(said[119])
    reader.settle()
    first, top = reader.first_in_sight()
    reader.come_back(room)
    expect(reader.row(first)).to_be_in_viewport()
    reader.settle()
    again, top_again = reader.first_in_sight()
    assert abs(said.index(again) - said.index(first)) <= 1, (first, again)
    assert abs(reader.top_of(first) - top) < 150, (top, top_again)
    expect(reader.page.get_by_role("button", name=bn("history.jump"))).to_be_visible()


def test_a_reload_at_the_end_stays_at_the_end(enter: Enter, room: Room, rooms: Rooms) -> None:
    said = rooms.fill(room, 120)
    reader = enter(room, "পাঠক")
    expect(reader.row(said[-1])).to_be_in_viewport()
    rooms.say(room, rooms.session("মিতা"), "এর মধ্যে")
    expect(reader.row("এর মধ্যে")).to_be_in_viewport()
    reader.come_back(room)
    expect(reader.row("এর মধ্যে")).to_be_in_viewport()
    expect(reader.page.get_by_role("button", name=bn("history.jump"))).to_be_hidden()


def test_a_second_tab_is_the_same_person(enter: Enter, room: Room) -> None:
    mita = enter(room, "মিতা")
    rakib = enter(room, "রাকিব")
    expect(mita.panel.get_by_role("listitem")).to_have_text(re.compile("রাকিব"))
    tab = Person(rakib.page.context.new_page(), "রাকিব")
    tab.page.goto(room.path)
    tab.is_in(room)
    tab.say("অন্য ট্যাব থেকে")
    for reader in (rakib, tab, mita):
        expect(reader.said).to_have_text(["অন্য ট্যাব থেকে"])
        expect(reader.button("room.people_open", count=2)).to_be_visible()
    rakib.choose("অন্য ট্যাব থেকে", "message.edit")
    rakib.field.fill("যে কোনো ট্যাব থেকে")
    rakib.field.press("Enter")
    for reader in (rakib, tab, mita):
        expect(reader.said).to_have_text(["যে কোনো ট্যাব থেকে"])
    rakib.page.close()
    mita.say("এখনো আছেন?")
    expect(tab.said.last).to_have_text("এখনো আছেন?")
    expect(mita.button("room.people_open", count=2)).to_be_visible()
    expect(mita.page.get_by_text(bn("system.left", name="রাকিব"))).to_have_count(0)


def test_a_name_that_somebody_wears_has_a_number_in_this_room_alone(
    new_person: NewPerson, enter: Enter, rooms: Rooms
) -> None:
    room, other = rooms.make(), rooms.make()
    enter(room, "রাকিব")
    second = Person(new_person(room.path), "রাকিব")
    with second.sees(bn("name.numbered", name="রাকিব ২", asked="রাকিব")):
        second.give_name()
    second.is_in(room)
    expect(second.panel.get_by_text("রাকিব ২", exact=True)).to_be_visible()
    second.page.goto(other.path)
    second.is_in(other)
    expect(second.panel.get_by_text("রাকিব", exact=True)).to_be_visible()


def test_a_draft_is_kept_for_each_room(enter: Enter, rooms: Rooms) -> None:
    one, other = rooms.make(), rooms.make()
    rakib = enter(one, "রাকিব")
    rakib.field.press_sequentially("প্রথম রুমের আধলেখা")
    rakib.page.goto(other.path)
    rakib.is_in(other)
    expect(rakib.field).to_have_value("")
    rakib.field.press_sequentially("দ্বিতীয় রুমের")
    rakib.page.go_back()
    rakib.is_in(one)
    expect(rakib.field).to_have_value("প্রথম রুমের আধলেখা")
    rakib.come_back(one)
    expect(rakib.field).to_have_value("প্রথম রুমের আধলেখা")
    rakib.field.press("Enter")
    expect(rakib.said).to_have_text(["প্রথম রুমের আধলেখা"])
    rakib.come_back(one)
    expect(rakib.field).to_have_value("")
    rakib.page.goto(other.path)
    rakib.is_in(other)
    expect(rakib.field).to_have_value("দ্বিতীয় রুমের")


def test_the_language_is_kept_and_followed_by_another_tab(enter: Enter, room: Room) -> None:
    rakib = enter(room, "রাকিব")
    tab = Person(rakib.page.context.new_page(), "রাকিব")
    tab.page.goto(room.path)
    tab.is_in(room)
    rakib.settings().get_by_role("radio", name="English").check()
    rakib.text = tab.text = en
    for person in (rakib, tab):
        expect(person.field).to_be_visible()
        expect(person.button("room.people_open", count=1)).to_be_visible()
        expect(person.page.locator("html")).to_have_attribute("lang", "en")
    rakib.come_back(room)
    expect(rakib.field).to_be_visible()
    rakib.settings().get_by_role("radio", name="বাংলা").check()
    rakib.text = tab.text = bn
    for person in (rakib, tab):
        expect(person.field).to_be_visible()
        expect(person.page.locator("html")).to_have_attribute("lang", "bn")


def test_the_theme_is_kept_and_followed_by_another_tab(
    new_person: NewPerson, enter: Enter, room: Room
) -> None:
    rakib = enter(room, "রাকিব", color_scheme="light")
    tab = rakib.page.context.new_page()
    tab.goto("/")
    for page in (rakib.page, tab):
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
    paper = tab.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    rakib.settings().get_by_label(bn("settings.theme_dark")).check()
    for page in (rakib.page, tab):
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator("body")).not_to_have_css("background-color", paper)
    rakib.come_back(room)
    expect(rakib.page.locator("html")).to_have_attribute("data-theme", "dark")
    at_night = new_person("/", color_scheme="dark")
    expect(at_night.locator("html")).to_have_attribute("data-theme", "dark")
    at_night.emulate_media(color_scheme="light")
    expect(at_night.locator("html")).to_have_attribute("data-theme", "light")
