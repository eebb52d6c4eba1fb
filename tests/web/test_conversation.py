"""Two people talk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Request, expect
from tests.web.people import Person
from tests.web.replicas import REPLICAS, enter_at
from tests.web.texts import bn

if TYPE_CHECKING:
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms

    from local_stack.stack import Stack

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def rakib(enter: Enter, room: Room) -> Person:
    return enter(room, "রাকিব", **CLIPBOARD)


@pytest.fixture
def mita(enter: Enter, room: Room) -> Person:
    return enter(room, "মিতা")


def test_two_people_at_different_replicas_read_the_same(
    new_person: NewPerson, room: Room, stack: Stack
) -> None:
    rakib, mita = Person(new_person(), "রাকিব"), Person(new_person(), "মিতা")
    for person, replica in zip((rakib, mita), REPLICAS, strict=True):
        enter_at(stack, replica, person, room)
    talk = [(rakib, "কেমন আছেন, মিতা?"), (mita, "ভালো! আপনি?"), (rakib, "এই তো, ক্ষুধা লেগেছে।")]
    said = []
    for person, content in talk:
        person.say(content)
        said.append(content)
        for reader in (rakib, mita):
            expect(reader.said).to_have_text(said)
            expect(reader.pending).to_have_count(0)
    for reader in (rakib, mita):
        seqs = reader.page.locator("[data-message]").evaluate_all(
            "rows => rows.map((row) => Number(row.dataset.message))"
        )
        assert seqs == [1, 2, 3]
    name = mita.row("কেমন আছেন, মিতা?").get_by_text("রাকিব", exact=True)
    expect(name).to_be_visible()


def test_one_sees_that_the_other_writes(rakib: Person, mita: Person) -> None:
    writes = bn("typing.one", name="রাকিব")
    with mita.sees(writes):
        rakib.field.press_sequentially("ভাবছি")
    expect(rakib.page.get_by_text(writes)).to_be_hidden()
    rakib.field.press("Enter")
    expect(mita.said).to_have_text(["ভাবছি"])
    expect(mita.page.get_by_text(writes)).to_be_hidden()


def test_the_panel_shows_who_is_here(rakib: Person, enter: Enter, room: Room) -> None:
    expect(rakib.panel.get_by_text("রাকিব")).to_be_visible()
    expect(rakib.panel.get_by_role("listitem")).to_have_count(0)
    mita = enter(room, "মিতা")
    expect(rakib.panel.get_by_role("listitem")).to_have_text(re.compile("মিতা"))
    expect(rakib.button("room.people_open", count=2)).to_be_visible()
    expect(rakib.page.get_by_text(bn("system.joined", name="মিতা"))).to_be_visible()
    mita.page.close()
    expect(rakib.panel.get_by_role("listitem")).to_have_count(0)
    expect(rakib.button("room.people_open", count=1)).to_be_visible()


def test_a_new_name_and_colour_are_seen_by_the_other(rakib: Person, mita: Person) -> None:
    rakib.say("আমি রাকিব")
    expect(mita.said).to_have_text(["আমি রাকিব"])
    seen = mita.panel.get_by_role("listitem").locator("bdi")
    before = seen.evaluate("element => getComputedStyle(element).color")
    rakib.panel.get_by_role("button", name=bn("name.edit")).click()
    rakib.panel.get_by_label(bn("name.label")).fill("রাকিবুল")
    # The first colour that is not the one it has.
    rakib.panel.locator("input[type=radio]:not(:checked)").first.check()
    rakib.panel.get_by_role("button", name=bn("name.save")).click()
    expect(rakib.panel.get_by_text("রাকিবুল", exact=True)).to_be_visible()
    expect(seen).to_have_text("রাকিবুল")
    expect(mita.page.get_by_text("রাকিব এখন রাকিবুল নামে পরিচিত")).to_be_visible()
    own = rakib.panel.get_by_text("রাকিবুল", exact=True)
    color = own.evaluate("element => getComputedStyle(element).color")
    assert color != before
    expect(seen).to_have_css("color", color)
    rakib.say("নতুন নামে")
    expect(mita.row("আমি রাকিব").get_by_text("রাকিব", exact=True)).to_be_visible()
    expect(mita.row("নতুন নামে").get_by_text("রাকিবুল", exact=True)).to_be_visible()


def test_a_reply_shows_what_it_answers(rakib: Person, mita: Person) -> None:
    rakib.say("চা না কফি?")
    mita.choose("চা না কফি?", "message.reply")
    expect(mita.page.get_by_text(bn("message.replying", name="রাকিব"))).to_be_visible()
    expect(mita.field).to_be_focused()
    mita.say("চা!")
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(["চা না কফি?", "চা!"])
        quote = reader.row("চা!").get_by_role("button", name="চা না কফি?")
        expect(quote).to_contain_text("রাকিব")
    expect(mita.page.get_by_text(bn("message.replying", name="রাকিব"))).to_be_hidden()
    mita.say("আর কিছু না")
    expect(rakib.said.last).to_have_text("আর কিছু না")
    expect(rakib.row("আর কিছু না").get_by_role("button", name="চা না কফি?")).to_have_count(0)


def test_a_reply_can_be_called_off(rakib: Person, mita: Person) -> None:
    rakib.say("চা না কফি?")
    mita.choose("চা না কফি?", "message.reply")
    mita.button("composer.cancel_reply").click()
    mita.say("কিছুই না")
    expect(rakib.said).to_have_text(["চা না কফি?", "কিছুই না"])
    expect(rakib.row("কিছুই না").get_by_text("চা না কফি?")).to_have_count(0)


def test_an_edited_message_changes_where_it_stands(rakib: Person, mita: Person) -> None:
    rakib.say("আমি বাড়ি জাব", "কাল আসব")
    rakib.field.press_sequentially("আধলেখা")
    rakib.choose("আমি বাড়ি জাব", "message.edit")
    expect(rakib.field).to_have_value("আমি বাড়ি জাব")
    rakib.field.fill("আমি বাড়ি যাব")
    rakib.field.press("Enter")
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(["আমি বাড়ি যাব", "কাল আসব"])
        expect(reader.row("আমি বাড়ি যাব").get_by_text(bn("message.edited"))).to_be_visible()
        expect(reader.row("কাল আসব").get_by_text(bn("message.edited"))).to_have_count(0)
    expect(rakib.field).to_have_value("আধলেখা")


def test_a_deleted_message_is_gone_after_a_second_thought(rakib: Person, mita: Person) -> None:
    rakib.say("থাকুক", "এটা ভুল", "এটাও থাকুক")
    expect(mita.said).to_have_text(["থাকুক", "এটা ভুল", "এটাও থাকুক"])
    rakib.choose("এটা ভুল", "message.delete")
    expect(mita.said).to_have_count(3)
    rakib.menu.get_by_role("menuitem", name=bn("message.delete_sure")).click()
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(["থাকুক", "এটাও থাকুক"])


def test_what_others_said_can_be_copied_but_not_changed(rakib: Person, mita: Person) -> None:
    mita.say("কপি করার মতো\nদুই লাইন".replace("\n", " "))
    rakib.row("কপি করার মতো দুই লাইন").hover()
    rakib.choose("কপি করার মতো দুই লাইন", "message.copy")
    expect(rakib.page.get_by_text(bn("share.copied"))).to_be_visible()
    rakib.field.focus()
    rakib.page.keyboard.press("Control+v")
    expect(rakib.field).to_have_value("কপি করার মতো দুই লাইন")
    rakib.row("কপি করার মতো দুই লাইন").hover()
    rakib.row("কপি করার মতো দুই লাইন").get_by_role("button").last.click()
    actions = rakib.menu.get_by_role("menuitem")
    expect(actions).to_have_text([bn("message.reply"), bn("message.copy"), bn("report.title")])


def test_an_address_is_a_link_that_tells_nobody_where_it_was(rakib: Person, mita: Person) -> None:
    rakib.say("দেখুন: https://example.com/cha?x=1।", "http://example.com/পথ")
    for content, shown in (
        ("দেখুন: https://example.com/cha?x=1।", "https://example.com/cha?x=1"),
        ("http://example.com/পথ", "http://example.com/পথ"),
    ):
        link = mita.page.get_by_role("link", name=shown, exact=True)
        expect(link).to_have_count(1)
        expect(link).to_have_attribute("target", "_blank")
        rel = set((link.get_attribute("rel") or "").split())
        assert rel >= {"noopener", "noreferrer", "nofollow", "ugc"}
        assert content in mita.said.all_inner_texts()


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<b>x</b>",
        "ftp://example.com/x",
        "https://user:secret@example.com/",
        "file:///etc/passwd",
    ],
)
def test_any_other_address_stays_text(rakib: Person, mita: Person, text: str) -> None:
    rakib.say(text)
    expect(mita.said).to_have_text([text])
    expect(mita.history.get_by_role("link")).to_have_count(0)


def test_a_picture_is_fetched_only_after_a_tap(rakib: Person, mita: Person, stack: Stack) -> None:
    address = f"{stack.url}/icon-192.png?of=rakib"
    fetched: list[str] = []

    def note(request: Request) -> None:
        fetched.append(request.url)

    mita.page.context.on("request", note)
    rakib.button("composer.image").click()
    dialog = rakib.dialog("composer.image")
    dialog.get_by_label(bn("composer.image_url")).fill("ছবি")
    dialog.get_by_role("button", name=bn("composer.image_add")).click()
    expect(dialog.get_by_text(bn("field.not_a_url"))).to_be_visible()
    dialog.get_by_label(bn("composer.image_url")).fill(address)
    dialog.get_by_role("button", name=bn("composer.image_add")).click()
    show = mita.page.get_by_role("button", name=bn("message.image_show"))
    expect(show).to_contain_text(f"127.0.0.1:{stack.options.port}")
    mita.say("দেখি")
    expect(rakib.said).to_have_text(["দেখি"])
    assert address not in fetched
    show.click()
    picture = mita.page.get_by_role("img", name=bn("message.image", name="রাকিব"))
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 192)
    assert fetched.count(address) == 1
    expect(rakib.page.get_by_role("img", name=bn("message.image", name="রাকিব"))).to_have_count(0)


def test_somebody_who_comes_later_reads_what_was_said(
    rakib: Person, enter: Enter, room: Room, rooms: Rooms
) -> None:
    rakib.say("প্রথম", "দ্বিতীয়")
    expect(rakib.said).to_have_text(["প্রথম", "দ্বিতীয়"])
    late = enter(room, "দেরি")
    expect(late.said).to_have_text(["প্রথম", "দ্বিতীয়"])
    assert rooms.messages(room) == ["প্রথম", "দ্বিতীয়"]
