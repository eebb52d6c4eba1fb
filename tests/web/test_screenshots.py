"""The page looks as it did, roughly: fonts may be drawn otherwise, nothing may be elsewhere.

The pictures to compare with are in `screenshots`; after a change that is meant they are made anew:

    ADDA_ACCEPT_PICTURES=1 .venv/bin/pytest -n 0 tests/web/test_screenshots.py
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect
from tests.web.people import Person, remembering

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route
    from tests.web.conftest import NewPerson
    from tests.web.rooms import Room, Rooms

    from local_stack.stack import Stack

FOLDER: Final = Path(__file__).parent / "screenshots"
ACCEPT: Final = "ADDA_ACCEPT_PICTURES"
SCREENS: Final = {360: 740, 768: 1024, 1440: 900}
SHRINK: Final = 2
"""Pictures are kept in half of their size,"""
COLORS: Final = 24
"""with as many colours."""
TILE: Final = 8
"""Of so many of their pixels a tile has one shade,"""
SHADES: Final = 14
"""which may differ by as much of 255,"""
MOST_OTHER: Final = 0.06
"""or more in this share of all tiles."""

ME: Final = {"sessionId": "p" * 40, "username": "রাকিব", "color": "#1565c0"}
TALK: Final = (
    ("মিতা", "#a91d3a", "কেউ কি আছেন? আজ বৃষ্টিতে ছাদে যাওয়া গেল না।"),
    ("মিতা", "#a91d3a", "তাই এখানে এলাম ☕"),
    ("শফিক", "#2f7d32", "আমি আছি! চা বসিয়েছি, সাথে মুড়ি মাখা। কে কে খাবেন?"),
    ("অনিকা", "#5e35b1", "গানটা শুনুন: https://example.com/gaan"),
    ("শফিক", "#2f7d32", "😍"),
)
SHELF: Final = {
    "ছাদের আড্ডা": ("চাঁদ, চা আর গল্প", 12, 1840),
    "খেলাধুলা": ("ক্রিকেট, ফুটবল সহ সব খেলাধুলা", 5, 912),
    "সিনেমা-গান": ("সিনেমা, গান এবং বিনোদন", 1, 77),
    "টেকনোলজি": (None, 0, 3),
    "একটা লম্বা নামের রুম, যার নাম এক লাইনে ধরে না": ("বর্ণনাও লম্বা। " * 8, 0, 0),
}


def fixed_shelf(route: Route) -> None:
    """Other tests make rooms meanwhile: here the list is always the same."""
    rooms = [
        {
            "id": f"00000000-0000-7000-8000-{number:012}",
            "name": name,
            "description": about,
            "is_public": True,
            "max_users": 100,
            "online_users": online,
            "total_messages": messages,
        }
        for number, (name, (about, online, messages)) in enumerate(SHELF.items())
    ]
    body = {"rooms": rooms, "next_cursor": None}
    route.fulfill(content_type="application/json", body=json.dumps(body))


@pytest.fixture
def talk(rooms: Rooms) -> Room:
    """A room in which something was said just now."""
    room = rooms.make("ছাদের আড্ডা", description="চাঁদ, চা আর গল্প", is_public=False)
    sessions: dict[str, str] = {}
    for name, color, content in TALK:
        if name not in sessions:
            sessions[name] = rooms.session(name, color)
        rooms.say(room, sessions[name], content)
    return room


def looker(new_person: NewPerson, stack: Stack, width: int, theme: str) -> Page:
    """A page of somebody who was here before."""
    page = new_person(
        viewport={"width": width, "height": SCREENS[width]},
        reduced_motion="reduce",
        **remembering(stack.url, theme=theme, identity=ME),
    )
    page.context.route("**/api/public-rooms/*", fixed_shelf)
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", SCREENS)
def test_home_looks_as_before(
    new_person: NewPerson, stack: Stack, tmp_path: Path, width: int, theme: str
) -> None:
    page = looker(new_person, stack, width, theme)
    page.goto("/")
    expect(page.get_by_role("link", name="খেলাধুলা")).to_be_visible()
    compare(page, f"home-{width}-{theme}", tmp_path)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", SCREENS)
def test_a_room_looks_as_before(
    new_person: NewPerson, stack: Stack, talk: Room, tmp_path: Path, width: int, theme: str
) -> None:
    person = Person(looker(new_person, stack, width, theme), "রাকিব")
    person.page.goto(talk.path)
    person.is_in(talk)
    person.say("আমিও খাব! দশ মিনিটে আসছি।")
    expect(person.said).to_have_count(len(TALK) + 1)
    expect(person.pending).to_have_count(0)
    compare(person.page, f"room-{width}-{theme}", tmp_path)


def compare(page: Page, name: str, folder: Path) -> None:
    """Fails if the page does not look like the picture `name`; or makes that picture."""
    page.evaluate("document.fonts.ready.then(() => true)")
    page.mouse.move(0, 0)
    taken = shrunk(Image.open(io.BytesIO(page.screenshot(animations="disabled"))))
    kept = FOLDER / f"{name}.png"
    if os.environ.get(ACCEPT):
        FOLDER.mkdir(exist_ok=True)
        taken.save(kept, optimize=True)
        return
    new = folder / kept.name
    taken.save(new)
    how = f"; if {new} is right: {ACCEPT}=1 pytest -n 0 {Path(__file__).name}"
    if not kept.exists():
        pytest.fail(f"there is no {kept}{how}", pytrace=False)
    with Image.open(kept) as before:
        share = other_tiles(before, taken)
    if share > MOST_OTHER:
        pytest.fail(f"{share:.1%} of {name} looks different{how}", pytrace=False)


def shrunk(picture: Image.Image) -> Image.Image:
    """As it is kept."""
    smaller = picture.convert("RGB").reduce(SHRINK)
    return smaller.quantize(COLORS, dither=Image.Dither.NONE)


def other_tiles(one: Image.Image, other: Image.Image) -> float:
    """The share of tiles that have another shade; all, if the sizes differ."""
    if one.size != other.size:
        return 1.0
    shades = [picture.convert("L").reduce(TILE) for picture in (one, other)]
    differences = ImageChops.difference(*shades).histogram()
    return sum(differences[SHADES + 1 :]) / sum(differences)


def test_a_picture_that_lacks_something_is_noticed() -> None:
    page = Image.new("RGB", (720, 450), "#faf5ec")
    page.paste("#2a211c", (40, 40, 400, 140))
    moved = Image.new("RGB", (720, 450), "#faf5ec")
    moved.paste("#2a211c", (40, 140, 400, 240))
    assert other_tiles(page, page) == 0
    assert other_tiles(page, moved) > MOST_OTHER
    assert other_tiles(page, page.resize((700, 450))) == 1
