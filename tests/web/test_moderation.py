"""Staff keep a room in order, and everybody sees what holds for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from tests.web.people import Person, remembering
from tests.web.replicas import REPLICAS, enter_at, serving
from tests.web.test_everybody import AXE, STAND_STILL, VIOLATIONS, WIDER_THAN_THE_SCREEN
from tests.web.texts import bn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page, ViewportSize
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms

    from local_stack.stack import Stack

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
SMALL: Final[ViewportSize] = {"width": 320, "height": 568}


@dataclass(frozen=True, slots=True)
class Scene:
    """A room, and the browser of its owner, who is in."""

    rooms: Rooms
    room: Room
    session: str
    owner: Person

    def decide(self, method: str, path: str, **body: Any) -> Any:
        """By REST, as from another device."""
        return self.rooms.decide(self.room, self.session, method, path, **body)

    def settle(self, *witnesses: Person, notice: str = "") -> None:
        """Returns when all that was decided before is in force where these people are.

        The rules of a room are one document: whoever knows its newest notice knows the rest.
        """
        words = f"{notice} {uuid4().hex}".strip()
        self.decide("PATCH", "", notice=words)
        for witness in witnesses:
            expect(witness.page.get_by_text(words)).to_be_visible()

    def panel(self, section: str) -> Locator:
        """Opens the tools of staff at a section, given by its name."""
        panel = self.owner.dialog("staff.open")
        if panel.count() == 0:
            self.owner.button("staff.open").click()
        panel.get_by_role("button", name=bn(f"staff.section_{section}"), exact=True).click()
        return panel


@pytest.fixture
def scene(new_person: NewPerson, rooms: Rooms, stack: Stack) -> Scene:
    session = rooms.session("মালিক")
    room = rooms.make(owner=session, is_public=False)
    me: Any = {"sessionId": session, "username": "মালিক", "color": "#5e35b1", "known": True}
    owner = Person(new_person(viewport=PHONE, **remembering(stack.url, identity=me)), "মালিক")
    owner.page.goto(room.path)
    owner.is_in(room)
    return Scene(rooms, room, session, owner)


@pytest.fixture
def mita(scene: Scene, enter: Enter) -> Person:
    return enter(scene.room, "মিতা", viewport=PHONE)


@pytest.fixture
def witnesses(scene: Scene, new_person: NewPerson, stack: Stack) -> list[Person]:
    """The owner and a guest, at different replicas: what both see holds for whoever comes."""
    here = serving(stack, lambda: scene.owner.come_back(scene.room))
    guest = Person(new_person(viewport=PHONE), "অতিথি")
    [there] = set(REPLICAS) - {here}
    enter_at(stack, there, guest, scene.room)
    return [scene.owner, guest]


def test_who_is_muted_by_the_menu_is_told_so_and_for_how_long(scene: Scene, mita: Person) -> None:
    mita.say("চিৎকার!")
    scene.owner.choose("চিৎকার!", "act.mute")
    dialog = scene.owner.page.get_by_role("dialog")
    dialog.get_by_role("switch", name=bn("act.delete_recent")).check()
    dialog.get_by_role("radio", name="১০ মিনিট").check()
    dialog.get_by_role("button", name=bn("act.mute"), exact=True).click()
    expect(scene.owner.page.get_by_text(bn("act.done"))).to_be_visible()
    expect(mita.said).to_have_count(0)
    scene.settle(mita)
    mita.say("শুনছেন?")
    expect(mita.field).to_be_disabled()
    told = bn("wait.muted_left", time="১০ মিনিট")
    expect(mita.page.get_by_text(told)).to_be_visible()
    expect(scene.owner.said).to_have_count(0)


def test_who_is_banned_sees_a_page_that_says_so(
    scene: Scene, mita: Person, witnesses: list[Person]
) -> None:
    mita.say("গালাগালি")
    scene.owner.choose("গালাগালি", "act.ban")
    dialog = scene.owner.page.get_by_role("dialog")
    dialog.get_by_role("radio", name=bn("act.hour")).check()
    dialog.get_by_role("button", name=bn("act.ban"), exact=True).click()
    page = mita.page
    expect(page.get_by_role("heading", name=bn("barred.banned"))).to_be_visible()
    expect(page.get_by_text(bn("barred.left", time="৬০ মিনিট"))).to_be_visible()
    expect(mita.field).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name=bn("barred.banned"))).to_be_visible()
    expect(page.get_by_role("heading", level=1, name=scene.room.name)).to_be_visible()
    panel = scene.panel("sanctions")
    panel.get_by_role("button", name=bn("sanctions.lift")).click()
    expect(panel.get_by_text(bn("sanctions.none"))).to_be_visible()
    scene.settle(*witnesses)
    page.get_by_role("button", name=bn("connection.retry")).click()
    expect(mita.field).to_be_visible()


def test_a_report_comes_to_staff_who_delete_the_message(
    scene: Scene, mita: Person, enter: Enter
) -> None:
    rakib = enter(scene.room, "রাকিব")
    rakib.say("খারাপ কথা")
    mita.choose("খারাপ কথা", "report.title")
    mita.dialog("report.title").get_by_label(bn("report.reason")).fill("গালি")
    mita.button("report.send").click()
    expect(mita.page.get_by_text(bn("report.sent"))).to_be_visible()
    expect(mita.row("খারাপ কথা")).to_be_focused()
    panel = scene.panel("reports")
    expect(panel.get_by_text("খারাপ কথা")).to_be_visible()
    expect(panel.get_by_text(bn("reports.reason", reason="গালি"))).to_be_visible()
    panel.get_by_role("button", name=bn("reports.delete")).click()
    expect(panel.get_by_text(bn("reports.none"))).to_be_visible()
    expect(rakib.said).to_have_count(0)


def test_a_held_message_waits_until_staff_let_it_be_said(scene: Scene, mita: Person) -> None:
    panel = scene.panel("words")
    panel.get_by_label(bn("words.word")).fill("ছাগল")
    panel.get_by_role("radio", name=bn("words.hold")).check()
    panel.get_by_role("button", name=bn("words.add"), exact=True).click()
    expect(panel.get_by_role("listitem")).to_have_text(re.compile("ছাগল"))
    scene.settle(mita)
    mita.say("এক", "তুমি ছাগল", "দুই")
    expect(mita.page.get_by_text(bn("message.held"))).to_be_visible()
    expect(mita.pending).to_have_text(["তুমি ছাগল"])
    expect(mita.button("message.retry")).to_be_hidden()
    panel = scene.panel("held")
    panel.get_by_role("button", name=bn("held.approve")).click()
    expect(panel.get_by_text(bn("held.none"))).to_be_visible()
    expect(mita.said).to_have_text(["এক", "দুই", "তুমি ছাগল"])
    expect(mita.pending).to_have_count(0)
    expect(scene.panel("log").get_by_text(bn("log.did_held_approved"))).to_be_visible()


def test_staff_look_at_a_held_picture_before_they_let_it_be_said(
    scene: Scene, mita: Person
) -> None:
    scene.decide("POST", "words/", word="goat", action="hold")
    mita.button("composer.image").click()
    dialog = mita.dialog("composer.image")
    dialog.get_by_label(bn("composer.image_url")).fill("https://example.org/goat.png")
    dialog.get_by_role("button", name=bn("composer.image_add")).click()
    expect(mita.page.get_by_text(bn("message.held"))).to_be_visible()
    panel = scene.panel("held")
    show = panel.get_by_role("button", name=bn("message.image_show"))
    expect(show).to_contain_text("example.org")
    panel.get_by_role("button", name=bn("held.approve")).click()
    expect(mita.pending).to_have_count(0)
    expect(mita.page.get_by_role("button", name=bn("message.image_show"))).to_be_visible()


def test_a_link_makes_a_moderator(scene: Scene, mita: Person) -> None:
    panel = scene.panel("moderators")
    panel.get_by_role("button", name=bn("moderators.new_link")).click()
    link = panel.get_by_label(bn("moderators.link"), exact=True).input_value()
    expect(panel.get_by_role("img", name=bn("moderators.qr"))).to_be_visible()
    expect(mita.button("staff.open")).to_be_hidden()
    mita.page.goto(link)
    expect(mita.dialog("become.title")).to_be_visible()
    assert "#" not in mita.page.url
    mita.button("become.yes").click()
    expect(mita.page.get_by_text(bn("become.done"))).to_be_visible()
    expect(mita.button("staff.open")).to_be_visible()
    panel.get_by_role("button", name=bn("staff.section_rules"), exact=True).click()
    scene.owner.page.keyboard.press("Escape")
    panel = scene.panel("moderators")
    expect(panel.get_by_role("listitem")).to_have_text(re.compile("মিতা"))
    panel.get_by_role("button", name=bn("moderators.drop")).click()
    expect(panel.get_by_text(bn("moderators.none"))).to_be_visible()


def test_a_link_that_is_of_no_use_any_more_says_so(
    scene: Scene, mita: Person, troubles: Any
) -> None:
    troubles.expect("Failed to load resource.*403")
    mita.page.goto(f"{scene.room.path}#mod=nothing")
    mita.button("become.yes").click()
    expect(mita.page.get_by_text(bn("become.refused"))).to_be_visible()


def test_slow_mode_counts_down_and_what_was_written_goes_then(scene: Scene, mita: Person) -> None:
    panel = scene.panel("rules")
    panel.get_by_label(bn("rules.slow_seconds")).fill("15")
    panel.get_by_label(bn("rules.notice")).fill("খেলা চলছে, ভদ্র থাকুন")
    panel.get_by_role("button", name=bn("rules.save")).click()
    expect(mita.page.get_by_text("খেলা চলছে, ভদ্র থাকুন")).to_be_visible()
    expect(mita.page.get_by_text(bn("rules.slow", time="১৫ সেকেন্ড"))).to_be_visible()
    mita.say("এক", "দুই")
    expect(mita.page.get_by_text(bn("message.slowed"))).to_be_visible()
    left = re.compile("পরের বার্তা যাবে [০-৯]+ সেকেন্ড পরে")
    expect(mita.page.get_by_text(left)).to_be_visible()
    expect(mita.said).to_have_text(["এক", "দুই"], timeout=60_000)
    expect(mita.pending).to_have_count(0, timeout=60_000)


def test_a_locked_room_has_a_sign_and_a_page_for_newcomers(
    scene: Scene, witnesses: list[Person], new_person: NewPerson
) -> None:
    scene.decide("PATCH", "", locked=True)
    for witness in witnesses:
        expect(witness.page.get_by_text(bn("rules.locked"))).to_be_visible()
    late = Person(new_person(scene.room.path, viewport=PHONE), "নতুন")
    late.give_name()
    expect(late.page.get_by_role("heading", name=bn("barred.room_locked"))).to_be_visible()
    scene.decide("PATCH", "", locked=False)
    for witness in witnesses:
        expect(witness.page.get_by_text(bn("rules.locked"))).to_have_count(0)
    late.page.get_by_role("button", name=bn("connection.retry")).click()
    expect(late.field).to_be_visible()


def test_who_is_muted_without_being_told_goes_on_seeing_what_they_say(
    scene: Scene, mita: Person
) -> None:
    mita.say("আগের কথা")
    scene.owner.choose("আগের কথা", "act.mute")
    dialog = scene.owner.page.get_by_role("dialog")
    dialog.get_by_role("switch", name=bn("act.shadow")).check()
    dialog.get_by_role("button", name=bn("act.mute"), exact=True).click()
    expect(scene.owner.page.get_by_text(bn("act.done"))).to_be_visible()
    scene.settle(mita)
    scene.owner.say("এখন শান্তি")
    expect(mita.said).to_have_text(["আগের কথা", "এখন শান্তি"])
    mita.say("শুনছেন?", "কেউ আছেন?")
    expect(mita.said).to_have_text(["আগের কথা", "এখন শান্তি", "শুনছেন?", "কেউ আছেন?"])
    expect(mita.pending).to_have_count(0)
    scene.owner.say("কেউ কিছু বলছে না")
    expect(mita.said.last).to_have_text("কেউ কিছু বলছে না")
    expect(scene.owner.said).to_have_text(["আগের কথা", "এখন শান্তি", "কেউ কিছু বলছে না"])


NOTICE: Final = ("খেলা চলছে, সবাই ভদ্র থাকুন। " * 8).strip()
SECTIONS: Final = ("rules", "reports", "held", "sanctions", "words", "moderators", "log")


def places(scene: Scene, mita: Person) -> Iterator[tuple[str, Page]]:
    """Every place of moderation, one after another, and on whose page it is."""
    page, keyboard = scene.owner.page, scene.owner.page.keyboard
    expect(scene.owner.row("একটু খারাপ কথা")).to_be_visible()
    yield "room", page
    scene.owner.open_menu("একটু খারাপ কথা")
    yield "menu", page
    keyboard.press("Escape")
    for kind in ("mute", "ban"):
        scene.owner.choose("একটু খারাপ কথা", f"act.{kind}")
        expect(page.get_by_role("dialog")).to_be_visible()
        yield kind, page
        keyboard.press("Escape")
    for section in SECTIONS:
        panel = scene.panel(section)
        if section == "moderators":
            panel.get_by_role("button", name=bn("moderators.new_link")).click()
            expect(panel.get_by_role("img")).to_be_visible()
        expect(panel.get_by_text(bn("staff.loading"))).to_have_count(0)
        yield section, page
    keyboard.press("Escape")
    scene.owner.say("ঠিক আছে")
    mita.choose("ঠিক আছে", "report.title")
    expect(mita.dialog("report.title")).to_be_visible()
    yield "report", mita.page
    mita.page.keyboard.press("Escape")
    scene.decide("POST", "sanctions/", kind="mute", message_id=mita_said(scene), seconds=600)
    scene.settle(mita, notice=NOTICE)
    mita.say("কী হলো?")
    expect(mita.field).to_be_disabled()
    yield "muted", mita.page
    scene.decide("POST", "sanctions/", kind="ban", message_id=mita_said(scene), seconds=600)
    expect(mita.page.get_by_role("heading", name=bn("barred.banned"))).to_be_visible()
    yield "banned", mita.page


def mita_said(scene: Scene) -> str:
    """The id of what is complained about."""
    [report] = scene.decide("GET", "reports/")["reports"]
    return str(report["message_id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_of_it_is_in_the_way_of_anybody(
    scene: Scene, mita: Person, theme: Literal["light", "dark"], tmp_path: Path
) -> None:
    for page in (scene.owner.page, mita.page):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
    mita.say("একটু খারাপ কথা")
    rakib = scene.rooms.session("রাকিব")
    expect(scene.owner.said).to_have_count(1)
    scene.rooms.report(scene.room, rakib, "একটু খারাপ কথা")
    scene.decide("POST", "words/suggested/")
    scene.decide("PATCH", "", locked=True, slow_seconds=1, notice=NOTICE)
    expect(mita.page.get_by_text(bn("rules.locked"))).to_be_visible()
    mita.say("তুমি হারামজাদা")
    expect(mita.page.get_by_text(bn("message.held"))).to_be_visible()
    source = AXE.read_text(encoding="utf-8")
    found = []
    for place, page in places(scene, mita):
        page.evaluate(STAND_STILL)
        page.screenshot(path=tmp_path / f"{place}.png")
        page.evaluate(f"{source};0")
        found += [f"{place}: {each}" for each in page.evaluate(VIOLATIONS)]
        page.set_viewport_size(SMALL)
        found += [f"{place}: {each}" for each in page.evaluate(WIDER_THAN_THE_SCREEN)]
        page.set_viewport_size(PHONE)
    assert not found, "\n\n".join(found)
