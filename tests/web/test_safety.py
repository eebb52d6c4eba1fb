"""Whatever others write is text; and what is nobody's business stays in the browser."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect
from tests.web.people import Person
from tests.web.texts import bn

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, WebSocket
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms

    from local_stack.stack import Stack

ATTACKS = [
    "<script>window.__xss = 1</script>",
    '<img src=x onerror="window.__xss = 1">',
    "<svg onload=window.__xss=1>",
    '"><svg/onload=window.__xss=1>',
    "' autofocus onfocus='window.__xss=1",
    "javascript:window.__xss=1",
    "${window.__xss = 1}",
    "{{constructor.constructor('window.__xss=1')()}}",
    "{@html '<img src=x onerror=window.__xss=1>'}",
    '<a href="javascript:window.__xss=1">চাপুন</a>',
    "</p></textarea><iframe srcdoc='<script>parent.__xss=1</script>'>",
    "<b>বন্ধ নেই <i <!-- <style>*{display:none}",
]
REVERSED = "আমি\u202eদিকউল্টো\u2067"
"""With an override and an isolate that nobody ends."""

TOWERS = unicodedata.normalize("NFC", "".join(one + "\u0301\u0302\u0303" * 10 for one in "aeiou"))
"""As many marks on each letter as the server lets through: higher than several lines."""
NOT_CLIPPED = """(towers) => {
  const has = (node) => node.nodeType === Node.TEXT_NODE && node.data.includes(towers);
  const clips = (element) => getComputedStyle(element).overflowY !== "visible";
  return [...document.querySelectorAll("body *")].filter((element) => {
    if (![...element.childNodes].some(has)) return false;
    while (!element.matches("body, main, nav, aside, [role=region]")) {
      if (clips(element)) return false;
      element = element.parentElement;
    }
    return true;
  }).map((element) => element.outerHTML);
}"""
"""What is drawn beyond its own line or card."""

LETTERS_GO_RIGHT = """(paragraph) => {
  const text = [...paragraph.childNodes].find((node) => node.length > 1);
  const range = document.createRange();
  const left = (at) => {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  return left(0) < left(text.length - 1);
}"""

TRAP = "Object.defineProperty(window, '__xss', { set() { throw new Error('executed') } })"


@pytest.fixture
def reader(new_person: NewPerson) -> Person:
    """Somebody whose page tells when anything of others is executed, as a trouble."""
    page = new_person()
    page.add_init_script(TRAP)
    return Person(page, ATTACKS[1])


def assert_plain(page: Page) -> None:
    """Nothing of the attacks has become a part of the page."""
    strange = page.locator("iframe, script:not([src]), [onerror], [onload], [onfocus], [src=x]")
    expect(strange).to_have_count(0)
    assert page.evaluate("[...document.links].every(({ protocol }) => /^https?:$/.test(protocol))")


def test_messages_and_names_are_shown_as_they_are(reader: Person, room: Room, rooms: Rooms) -> None:
    for attack in ATTACKS:
        rooms.say(room, rooms.session(attack), attack)
    reader.page.set_viewport_size({"width": 1280, "height": 2400})  # only what is in sight is drawn
    reader.enter(room)
    expect(reader.said).to_have_text(ATTACKS)
    for attack in ATTACKS:
        name = reader.row(attack).locator("bdi")
        expect(name.first).to_have_text(attack)
    assert_plain(reader.page)


def test_what_one_types_oneself_is_text_everywhere(
    reader: Person, room: Room, enter: Enter
) -> None:
    mita = enter(room, "মিতা")
    mita.page.evaluate(TRAP)
    reader.enter(room)
    expect(mita.panel.get_by_role("listitem")).to_contain_text(reader.name)
    with mita.sees(bn("typing.one", name=reader.name)):
        reader.field.press_sequentially(ATTACKS[0])
    reader.field.press("Enter")
    expect(mita.said).to_have_text([ATTACKS[0]])
    mita.choose(ATTACKS[0], "message.reply")
    expect(mita.page.get_by_text(bn("message.replying", name=reader.name))).to_be_visible()
    mita.say(ATTACKS[2])
    quote = reader.row(ATTACKS[2]).get_by_role("button", name=ATTACKS[0])
    expect(quote).to_have_count(1)
    for person in (reader, mita):
        assert_plain(person.page)


def test_rooms_are_shown_as_they_are_called(reader: Person, rooms: Rooms) -> None:
    made = [rooms.make(attack, description=attack) for attack in ATTACKS]
    reader.page.goto("/")
    rows = reader.page.get_by_role("region", name=bn("rooms.list")).get_by_role("link")
    for room in made[-3:]:
        expect(rows.filter(has_text=room.name).first).to_be_visible()
    assert_plain(reader.page)
    search = reader.page.get_by_role("searchbox")
    search.fill(nobody := "<img src=x onerror=window.__xss=1>নেই")
    expect(reader.page.get_by_text(bn("rooms.none_found", query=nobody))).to_be_visible()
    reader.enter(made[1])
    expect(reader.page).to_have_title(f"{ATTACKS[1]} · {bn('app.name')}")
    expect(reader.page.get_by_role("main").get_by_text(ATTACKS[1])).not_to_have_count(0)
    reader.button("share.open").click()
    expect(reader.dialog("share.title")).to_be_visible()
    assert_plain(reader.page)


@pytest.mark.parametrize("kind", ["image", "file"])
def test_addresses_of_files_cannot_break_out(
    reader: Person, room: Room, rooms: Rooms, stack: Stack, kind: str
) -> None:
    session = rooms.session("দুষ্টু")
    for bad in ("javascript:window.__xss=1", "data:text/html,<script>parent.__xss=1</script>"):
        with pytest.raises(httpx.HTTPStatusError):
            rooms.say(room, session, "ধরো", message_type=kind, file_url=bad)
    address = f'{stack.url}/icon.svg?"onerror="window.__xss=1"><svg/onload=\'window.__xss=1\'>'
    try:
        rooms.say(room, session, "ধরো", message_type=kind, file_url=address)
    except httpx.HTTPStatusError:
        address = f"{stack.url}/icon.svg?'onerror='window.__xss=1'"
        rooms.say(room, session, "ধরো", message_type=kind, file_url=address)
    reader.enter(room)
    if kind == "image":
        reader.page.get_by_role("button", name=bn("message.image_show")).click()
        expect(reader.page.get_by_role("img", name=bn("message.image", name="দুষ্টু"))).to_be_visible()
    link = reader.row("ধরো").get_by_role("link")
    expect(link).to_have_count(1)
    assert (link.get_attribute("href") or "").startswith(f"{stack.url}/icon.svg?")
    assert_plain(reader.page)


def test_a_name_with_invisible_signs_does_not_lock_anybody_out(
    new_person: NewPerson, enter: Enter, room: Room
) -> None:
    mita = enter(room, "মিতা")
    person = Person(new_person(), REVERSED)
    person.page.goto(room.path)
    person.page.get_by_label(bn("name.label")).fill(REVERSED)
    person.button("name.enter").click()
    name = person.page.get_by_label(bn("name.label"))
    expect(name.or_(person.field)).to_be_visible()
    if name.is_visible():  # it was refused, and the field says why
        expect(name).to_have_attribute("aria-invalid", "true")
        name.fill("দিকহীন")
        person.button("name.enter").click()
    person.is_in(room)
    person.say("এসে গেছি")
    expect(mita.said).to_have_text(["এসে গেছি"])


def test_a_message_that_turns_the_direction_turns_itself_only(
    reader: Person, room: Room, rooms: Rooms
) -> None:
    mita = rooms.session("মিতা")
    turning = rooms.say(room, mita, f"শুরু {REVERSED} শেষ")
    rooms.say(room, mita, "স্বাভাবিক", reply_to=turning["id"])
    reader.enter(room)
    expect(reader.said).to_have_count(2)
    quote = reader.row("স্বাভাবিক").get_by_role("button", name="শুরু")
    expect(quote).to_be_visible()
    for part in (quote.locator("span"), reader.said.last, quote.locator("b")):
        assert part.evaluate("one => getComputedStyle(one).direction") == "ltr"
    first = reader.said.last.evaluate(LETTERS_GO_RIGHT)
    assert first, "the letters of the message after it run backwards"


def test_towers_of_marks_stand_on_nobody_elses_words(enter: Enter, rooms: Rooms) -> None:
    room = rooms.make(f"{TOWERS} {uuid4().hex}", description=TOWERS)
    reader = enter(room, "পাঠক")
    enter(room, TOWERS).say(TOWERS)
    expect(reader.said).to_have_count(1)
    expect(reader.page.get_by_text(bn("system.joined", name=TOWERS))).to_be_visible()
    expect(reader.panel.get_by_role("listitem")).to_have_text([re.compile(TOWERS)])
    expect(reader.page.get_by_role("link").filter(has_text=room.name)).to_be_visible()
    assert reader.page.evaluate(NOT_CLIPPED, TOWERS) == []


def test_the_session_is_in_no_address_and_no_log(
    new_person: NewPerson, room: Room, stack: Stack
) -> None:
    page = new_person()
    addresses: list[str] = []

    def on_request(request: Request) -> None:
        addresses.append(request.url)
        addresses.extend(request.headers.get(name, "") for name in ("referer", "cookie"))

    def on_socket(socket: WebSocket) -> None:
        addresses.append(socket.url)

    page.context.on("request", on_request)
    page.on("websocket", on_socket)
    rakib = Person(page, "রাকিব")
    rakib.enter(room)
    rakib.say("এক", "দুই")
    expect(rakib.said).to_have_text(["এক", "দুই"])
    rakib.choose("এক", "message.edit")
    rakib.field.fill("এক!")
    rakib.field.press("Enter")
    expect(rakib.said).to_have_text(["এক!", "দুই"])
    rakib.choose("দুই", "message.delete")
    rakib.menu.get_by_role("menuitem", name=bn("message.delete_sure")).click()
    expect(rakib.said).to_have_text(["এক!"])
    addresses.append(page.url)
    rakib.come_back(room)
    session = page.evaluate("JSON.parse(localStorage['adda:identity']).sessionId")
    assert isinstance(session, str)
    assert len(session) >= 32
    assert any("/ws/chat/" in address for address in addresses)
    assert [address for address in addresses if session in address] == []
    assert page.context.cookies() == []
    for name in ("gateway", "api-1", "ws-1", "ws-2", "worker-1"):
        assert session not in stack.log(name), name


KEPT = """async () => {
  await navigator.serviceWorker.ready;
  const kept = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const text = await (await cache.match(request)).text();
      kept.push({ path: new URL(request.url).pathname, text });
    }
  }
  const databases = (await indexedDB.databases()).map(({ name }) => name);
  return { kept, databases, local: JSON.stringify(localStorage) };
}"""


def test_no_message_is_kept_in_the_browser(enter: Enter, room: Room, rooms: Rooms) -> None:
    secret = "গোপন কথা ৭৭৩৫১"
    rooms.say(room, rooms.session("মিতা"), f"{secret} মিতার")
    rakib = enter(room, "রাকিব")
    rakib.say(f"{secret} রাকিবের")
    expect(rakib.said).to_have_text([f"{secret} মিতার", f"{secret} রাকিবের"])
    rakib.come_back(room)
    expect(rakib.said).to_have_text([f"{secret} মিতার", f"{secret} রাকিবের"])
    found = rakib.page.evaluate(KEPT)
    assert len(found["kept"]) > 3
    for entry in found["kept"]:
        assert secret not in entry["text"]
        assert not entry["path"].startswith(("/api", "/ws", "/r/")), entry["path"]
    assert found["databases"] == []
    assert secret not in found["local"]
