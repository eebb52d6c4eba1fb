"""Everybody can use it: by keys alone, with a screen reader, on any screen, without motion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import expect
from tests.conftest import ROOT
from tests.web.people import Person, remembering
from tests.web.places import busy_room, visit
from tests.web.texts import bn, en

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms

    from local_stack.stack import Stack

DESKTOP: Final = {"width": 1280, "height": 800}
TABLET: Final = {"width": 800, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
SMALL: Final = {"width": 320, "height": 568}
HUGE: Final = {"width": 3840, "height": 2160}

AXE: Final = ROOT / "gateway" / "web" / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS: Final = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
}"""

STAND_STILL: Final = """() =>
  Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => true)"""

WIDER_THAN_THE_SCREEN: Final = """() => {
  const clipped = (element) => {
    for (let at = element.parentElement; at !== null && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX === "hidden") return true;
    return false;
  };
  const name = (element) => element.outerHTML.slice(0, 120);
  const all = [...document.body.querySelectorAll("*")].filter((element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
  const outside = all.filter((element) => {
    const { left, right, width } = element.getBoundingClientRect();
    return width > 1 && (left < -1 || right > innerWidth + 1) && !clipped(element);
  });
  const scrolling = all.filter((element) =>
    ["auto", "scroll"].includes(getComputedStyle(element).overflowX) &&
    element.scrollWidth > element.clientWidth + 1);
  const whole = document.scrollingElement.scrollWidth > innerWidth ? ["the page"] : [];
  return [...whole, ...outside.map(name), ...scrolling.map((one) => `scrolls: ${name(one)}`)];
}"""

MOVES: Final = """
window.moved = [];
for (const type of ["animationstart", "transitionstart"])
  addEventListener(type, (event) => {
    for (const animation of document.getAnimations())
      if (animation.effect.getComputedTiming().activeDuration > 1)
        window.moved.push(`${type}: ${animation.effect.target.outerHTML.slice(0, 120)}`);
  }, true);
"""


@pytest.mark.parametrize(
    ("language", "theme", "screen"),
    [
        ("bn", "light", DESKTOP),
        ("bn", "dark", PHONE),
        ("en", "light", PHONE),
        ("en", "dark", DESKTOP),
    ],
    ids=[
        "bangla-light-desktop",
        "bangla-dark-phone",
        "english-light-phone",
        "english-dark-desktop",
    ],
)
def test_axe_finds_nothing_in_the_way(
    new_person: NewPerson, rooms: Rooms, stack: Stack, language: str, theme: str, screen: Any
) -> None:
    kept = remembering(stack.url, language=language, theme=theme)
    page = new_person(viewport=screen, reduced_motion="reduce", **kept)
    person = Person(page, "রাকিব", bn if language == "bn" else en)
    source = AXE.read_text(encoding="utf-8")
    found = []
    for place in visit(person, busy_room(rooms)):
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
        page.evaluate(f"{source};0")
        found += [f"{place}: {each}" for each in page.evaluate(VIOLATIONS)]
    assert not found, "\n\n".join(found)


@pytest.mark.parametrize("language", ["bn", "en"])
def test_nothing_is_wider_than_the_smallest_screen(
    new_person: NewPerson, rooms: Rooms, stack: Stack, language: str
) -> None:
    page = new_person(viewport=SMALL, **remembering(stack.url, language=language))
    person = Person(page, f"রাকিব{'ুল' * 30}", bn if language == "bn" else en)
    found = []
    for place in visit(person, busy_room(rooms)):
        page.evaluate(STAND_STILL)
        found += [f"{place}: {each}" for each in page.evaluate(WIDER_THAN_THE_SCREEN)]
    assert not found, "\n".join(found)


def test_everything_of_a_room_is_in_sight_on_the_smallest_screen(enter: Enter, room: Room) -> None:
    person = enter(room, "রাকিব", viewport=SMALL)
    for key in ("room.settings", "share.open", "composer.emoji", "composer.image", "composer.send"):
        expect(person.button(key)).to_be_in_viewport(ratio=1)
    expect(person.button("room.people_open", count=1)).to_be_in_viewport(ratio=1)
    expect(person.page.get_by_role("link", name=bn("rooms.back"))).to_be_in_viewport(ratio=1)
    box = person.field.bounding_box()
    assert box is not None
    assert box["width"] >= 90, "a word must have room in the field"


def test_a_huge_screen_is_used_with_measure(enter: Enter, rooms: Rooms) -> None:
    room = busy_room(rooms)
    person = enter(room, "রাকিব", viewport=HUGE)
    expect(person.panel).to_be_visible()
    expect(person.page.get_by_role("region", name=bn("rooms.list"))).to_be_visible()
    person.say("অনেক জায়গা")
    expect(person.row("অনেক জায়গা")).to_be_in_viewport()
    assert person.page.evaluate(WIDER_THAN_THE_SCREEN) == []
    for element in (person.field, person.row("অনেক জায়গা")):
        box = element.bounding_box()
        assert box is not None
        assert box["width"] <= 1_100, "lines longer than eyes can follow"
    person.page.goto("/")
    expect(person.page.get_by_role("link", name=room.name)).to_be_visible()
    assert person.page.evaluate(WIDER_THAN_THE_SCREEN) == []


def test_nothing_moves_for_who_wants_no_motion(new_person: NewPerson, rooms: Rooms) -> None:
    page = new_person(reduced_motion="reduce", viewport=TABLET)
    page.add_init_script(MOVES)
    person = Person(page, "রাকিব")
    moved = []
    for place in visit(person, busy_room(rooms)):
        moved += [f"{place}: {each}" for each in page.evaluate("window.moved.splice(0)")]
    assert not moved, "\n".join(moved)


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Presses Tab until `wanted` has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(120):
        page.keyboard.press(key)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no key leads to {wanted}")


def test_keys_alone_lead_from_the_address_to_a_reply_and_back(
    new_person: NewPerson, enter: Enter, room: Room
) -> None:
    mita = enter(room, "মিতা")
    mita.say("চা না কফি?")
    page = new_person("/", viewport=TABLET)
    rakib, keyboard = Person(page, "রাকিব"), page.keyboard
    tab_to(page, page.get_by_role("link", name=room.name))
    keyboard.press("Enter")
    name = page.get_by_label(bn("name.label"))
    expect(name).to_be_visible()
    if not name.evaluate("element => element === document.activeElement"):
        tab_to(page, name)
    keyboard.type("রাকিব")
    keyboard.press("Enter")
    rakib.is_in(room)
    tab_to(page, rakib.field)
    keyboard.type("আমি এসেছি")
    keyboard.press("Enter")
    expect(mita.said).to_have_text(["চা না কফি?", "আমি এসেছি"])
    tab_to(page, rakib.history, "Shift+Tab")
    keyboard.press("ArrowUp")
    keyboard.press("ArrowUp")
    expect(rakib.row("চা না কফি?")).to_be_focused()
    keyboard.press("Enter")
    expect(rakib.menu.get_by_role("menuitem").first).to_be_focused()
    keyboard.press("Enter")
    expect(rakib.field).to_be_focused()
    keyboard.type("চা!")
    keyboard.press("Enter")
    expect(mita.row("চা!").get_by_role("button", name="চা না কফি?")).to_be_visible()
    tab_to(page, page.get_by_role("link", name=bn("rooms.back")), "Shift+Tab")
    keyboard.press("Enter")
    expect(page).to_have_title(bn("app.name"))
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, page.get_by_role("link", name=room.name))


def test_the_first_tab_offers_to_skip_to_writing(enter: Enter, room: Room) -> None:
    rakib = enter(room, "রাকিব", viewport=DESKTOP)
    rakib.come_back(room)
    rakib.page.keyboard.press("Tab")
    skip = rakib.page.get_by_role("link", name=bn("app.skip"))
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    rakib.page.keyboard.press("Enter")
    expect(rakib.field).to_be_focused()
    rakib.page.keyboard.type("সোজা এখানে")
    rakib.page.keyboard.press("Enter")
    expect(rakib.said).to_have_text(["সোজা এখানে"])


@pytest.mark.parametrize(
    ("opener", "title"),
    [
        ("room.settings", "settings.title"),
        ("share.open", "share.title"),
        ("composer.image", "composer.image"),
    ],
)
def test_a_closed_dialog_gives_the_focus_back(
    enter: Enter, room: Room, opener: str, title: str
) -> None:
    rakib = enter(room, "রাকিব", viewport=TABLET)
    for how in ("Escape", "button", "beside"):
        rakib.button(opener).focus()
        rakib.page.keyboard.press("Enter")
        expect(rakib.dialog(title)).to_be_visible()
        if how == "Escape":
            rakib.page.keyboard.press("Escape")
        elif how == "button":
            rakib.dialog(title).get_by_role("button", name=bn("dialog.close")).click()
        else:
            rakib.page.mouse.click(5, 5)
        expect(rakib.dialog(title)).to_be_hidden()
        expect(rakib.button(opener)).to_be_focused()


def test_a_closed_menu_gives_the_focus_back(enter: Enter, room: Room) -> None:
    rakib = enter(room, "রাকিব")
    rakib.say("একা একা")
    expect(rakib.said).to_have_text(["একা একা"])
    rakib.open_menu("একা একা")
    rakib.page.keyboard.press("ArrowUp")
    expect(rakib.menu.get_by_role("menuitem").last).to_be_focused()
    rakib.page.keyboard.press("Escape")
    expect(rakib.menu).to_be_hidden()
    expect(rakib.row("একা একা")).to_be_focused()


def test_the_focus_stays_in_the_history_when_its_message_is_deleted(
    enter: Enter, room: Room
) -> None:
    rakib = enter(room, "রাকিব")
    for text in ("থাকবে", "থাকবে না"):
        rakib.say(text)
    expect(rakib.said).to_have_text(["থাকবে", "থাকবে না"])
    rakib.open_menu("থাকবে না")
    rakib.menu.get_by_role("menuitem", name=bn("message.delete")).click()
    rakib.page.keyboard.press("Enter")
    expect(rakib.said).to_have_text(["থাকবে"])
    expect(rakib.history).to_be_focused()
    rakib.page.keyboard.press("ArrowUp")
    expect(rakib.row("থাকবে")).to_be_focused()


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_focus_goes_from_page_to_page(new_person: NewPerson, room: Room, screen: Any) -> None:
    page = new_person("/", viewport=screen)
    rakib, main = Person(page, "রাকিব"), page.get_by_role("main")
    tab_to(page, page.get_by_role("link", name=room.name))
    page.keyboard.press("Enter")
    expect(page.get_by_label(bn("name.label"))).to_be_focused()
    page.keyboard.type("রাকিব")
    page.keyboard.press("Enter")
    rakib.is_in(room)
    expect(main).to_be_focused()
    home = "rooms.back" if screen is PHONE else "app.name"
    page.get_by_role("link", name=bn(home), exact=True).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title(bn("app.name"))
    expect(main).to_be_focused()
    page.go_back()
    rakib.is_in(room)
    expect(main).to_be_focused()


@pytest.mark.parametrize("screen", [DESKTOP, TABLET], ids=["desktop", "tablet"])
def test_the_focus_is_not_lost_in_the_panel(enter: Enter, room: Room, screen: Any) -> None:
    rakib = enter(room, "রাকিব", viewport=screen)
    opener, keyboard = rakib.button("room.people_open", count=1), rakib.page.keyboard
    if opener.get_attribute("aria-expanded") == "true":
        opener.click()
        expect(rakib.panel).to_be_hidden()
    opener.focus()
    keyboard.press("Enter")
    expect(rakib.panel).to_be_visible()
    edit = rakib.panel.get_by_role("button", name=bn("name.edit"))
    edit.focus()
    keyboard.press("Enter")
    expect(rakib.panel.get_by_label(bn("name.label"))).to_be_focused()
    keyboard.press("Escape")
    expect(edit).to_be_focused()
    keyboard.press("Enter")
    keyboard.press("Control+a")
    keyboard.type("রাকিবুল")
    keyboard.press("Enter")
    expect(rakib.panel.get_by_text("রাকিবুল", exact=True)).to_be_visible()
    expect(edit).to_be_focused()
    rakib.panel.get_by_role("button", name=bn("dialog.close")).focus()
    keyboard.press("Enter")
    expect(rakib.panel).to_be_hidden()
    expect(opener).to_be_focused()


def test_new_messages_are_spoken(enter: Enter, room: Room) -> None:
    rakib, mita = enter(room, "রাকিব"), enter(room, "মিতা")
    mita.say("শুনছেন?")
    spoken = bn("history.announce", name="মিতা", text="শুনছেন?")
    expect(rakib.page.get_by_role("log")).to_have_text(spoken)


def test_what_is_looked_for_here_would_be_found(page: Page, room: Room) -> None:
    page.add_init_script(MOVES)
    page.goto("/")
    link = page.get_by_role("link", name=room.name)
    link.evaluate("link => { link.style.color = '#eee'; link.style.background = '#fff'; }")
    page.evaluate(f"{AXE.read_text(encoding='utf-8')};0")
    assert any(each.startswith("color-contrast") for each in page.evaluate(VIOLATIONS))
    link.evaluate("link => { link.style.width = '3000px'; }")
    assert page.evaluate(WIDER_THAN_THE_SCREEN) != []
    for _ in range(10):  # what starts while a machine is busy may have ended when it is told
        page.get_by_role("button", name=bn("room.settings"), exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.evaluate(STAND_STILL)
        if page.evaluate("window.moved.length"):
            break
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("window.moved") != []
