"""Reading what was said, and finding where to talk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.web.people import Person
from tests.web.texts import bn

if TYPE_CHECKING:
    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms


MANY = 320

COLLECT = """() => {
  window.seen = [];
  const look = () => {
    const rows = [...document.querySelectorAll("[data-message]")];
    const seqs = rows.map((row) => Number(row.dataset.message));
    const tops = rows.map((row) => row.getBoundingClientRect().top);
    window.seen.push({ seqs, tops });
    requestAnimationFrame(look);
  };
  look();
}"""
"""What is drawn in each frame from now on."""


def drawn(person: Person) -> list[list[int]]:
    """The seqs of each frame since COLLECT, from the top of the page to its bottom."""
    frames = person.page.evaluate("() => window.seen")
    return [
        [seq for _, seq in sorted(zip(frame["tops"], frame["seqs"], strict=True))]
        for frame in frames
    ]


def test_the_wheel_leads_through_the_whole_history(enter: Enter, room: Room, rooms: Rooms) -> None:
    said = rooms.fill(room, MANY)
    reader = enter(room, "পাঠক")
    expect(reader.row(said[-1])).to_be_in_viewport()
    reader.page.evaluate(COLLECT)
    reader.scroll_up_to(said[0])
    expect(reader.page.get_by_text(bn("history.beginning"))).to_be_visible()
    frames = drawn(reader)
    for seqs in frames:
        assert len(seqs) == len(set(seqs)), "a message was drawn twice"
        assert seqs == sorted(seqs), "messages were drawn out of order"
    assert {seq for seqs in frames for seq in seqs} == set(range(1, MANY + 1))


def test_what_is_read_does_not_move_when_others_talk(
    enter: Enter, room: Room, rooms: Rooms
) -> None:
    said = rooms.fill(room, 120)
    reader = enter(room, "পাঠক")
    expect(reader.row(said[-1])).to_be_in_viewport()
    reader.scroll_up_to(said[59])
    reader.settle()
    first, top = reader.first_in_sight()
    mita = rooms.session("মিতা")
    for number in range(1, 13):
        rooms.say(room, mita, f"নতুন {number}")
    jump = reader.page.get_by_role("button", name=bn("history.jump"))
    expect(jump).to_have_text(re.compile(bn("history.jump_new", count=12)))
    expect(reader.page).to_have_title(re.compile(rf"^\(12\)|^\({bn.number(12)}\)"))
    reader.settle()
    assert abs(reader.top_of(first) - top) < 2
    jump.click()
    expect(reader.row("নতুন 12")).to_be_in_viewport()
    expect(jump).to_be_hidden()
    expect(reader.page.get_by_text(bn("history.unread"), exact=True)).to_have_count(1)
    expect(reader.page).to_have_title(re.compile(f"^{room.name}"))


def look(person: Person, *, away: bool) -> None:
    """At another tab, or back at this one."""
    hidden = "Object.defineProperty(document, 'hidden', {value: away, configurable: true});"
    told = "document.dispatchEvent(new Event('visibilitychange'));"
    person.page.evaluate(f"away => {{ {hidden} {told} }}", away)


def test_what_came_while_nobody_looked_is_seen_where_all_is_in_sight(
    enter: Enter, room: Room, rooms: Rooms
) -> None:
    rakib = enter(room, "রাকিব")
    look(rakib, away=True)
    rooms.say(room, rooms.session("মিতা"), "কেউ আছেন?")
    expect(rakib.said).to_have_text(["কেউ আছেন?"])
    expect(rakib.page).to_have_title(re.compile(r"^\(১\)"))
    look(rakib, away=False)
    expect(rakib.page).to_have_title(re.compile(f"^{room.name}"))


def test_who_looks_back_goes_on_where_they_were(enter: Enter, room: Room, rooms: Rooms) -> None:
    said = rooms.fill(room, 60)
    rakib, mita = enter(room, "রাকিব"), rooms.session("মিতা")
    expect(rakib.row(said[-1])).to_be_in_viewport()
    jump = rakib.page.get_by_role("button", name=bn("history.jump"))
    mark = rakib.page.get_by_text(bn("history.unread"), exact=True)
    look(rakib, away=True)
    rooms.say(room, mita, "কেউ আছেন?")
    expect(rakib.page).to_have_title(re.compile(r"^\(১\)"))
    rakib.settle()
    look(rakib, away=False)
    # All that is new is in sight: it is seen, and what comes is followed.
    expect(mark).to_be_in_viewport()
    expect(rakib.page).to_have_title(re.compile(f"^{room.name}"))
    expect(jump).to_be_hidden()
    look(rakib, away=True)
    for number in range(30):
        rooms.say(room, mita, f"তার পরে {number}")
    expect(rakib.row("তার পরে 29")).to_be_in_viewport()
    rakib.settle()
    look(rakib, away=False)
    # More than fits is read from its beginning.
    expect(rakib.row("তার পরে 0")).to_be_in_viewport()
    expect(mark).to_be_in_viewport()
    expect(jump).to_be_visible()


def test_who_writes_while_reading_older_ones_comes_to_the_newest(
    enter: Enter, room: Room, rooms: Rooms
) -> None:
    said = rooms.fill(room, 120)
    reader = enter(room, "পাঠক")
    reader.scroll_up_to(said[59])
    reader.say("আমি এখানে")
    expect(reader.row("আমি এখানে")).to_be_in_viewport()
    expect(reader.page.get_by_role("button", name=bn("history.jump"))).to_be_hidden()


def test_a_quote_leads_to_what_it_answers(enter: Enter, room: Room, rooms: Rooms) -> None:
    mita = rooms.session("মিতা")
    first = rooms.say(room, mita, "আসল প্রশ্ন")
    rooms.fill(room, 45)
    rooms.say(room, mita, "আসল উত্তর", reply_to=first["id"])
    reader = enter(room, "পাঠক")
    expect(reader.row("আসল উত্তর")).to_be_in_viewport()
    reader.row("আসল উত্তর").get_by_role("button", name="আসল প্রশ্ন").click()
    expect(reader.row("আসল প্রশ্ন").first).to_be_in_viewport()


def test_each_day_has_a_name(enter: Enter, room: Room, rooms: Rooms) -> None:
    rooms.say(room, rooms.session("মিতা"), "আজকের কথা")
    reader = enter(room, "পাঠক")
    today = reader.history.get_by_text(bn("history.today"), exact=True)
    expect(today).to_have_count(1)
    reader.page.clock.install()
    reader.page.clock.fast_forward("24:00:00")
    reader.come_back(room)
    expect(reader.history.get_by_text(bn("history.yesterday"), exact=True)).to_have_count(1)
    expect(today).to_have_count(0)


def test_rooms_are_found_by_a_part_of_their_name(new_person: NewPerson, rooms: Rooms) -> None:
    wanted = rooms.make()
    other = rooms.make()
    page = new_person("/")
    listed = page.get_by_role("region", name=bn("rooms.list"))
    search = listed.get_by_role("searchbox", name=bn("rooms.search"))
    search.press_sequentially(wanted.name[-8:])
    expect(listed.get_by_role("link")).to_have_count(1)
    expect(listed.get_by_role("link")).to_contain_text(wanted.name)
    expect(page.get_by_text(other.name)).to_have_count(0)
    search.fill("এমন কোনো রুম নেই")
    nothing = bn("rooms.none_found", query="এমন কোনো রুম নেই")
    expect(listed.get_by_text(nothing)).to_be_visible()
    search.fill(wanted.name)
    listed.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"{wanted.path}$"))
    expect(page.get_by_role("heading", level=1, name=wanted.name)).to_be_visible()


def test_a_room_is_made_and_shared(new_person: NewPerson) -> None:
    rakib = Person(new_person("/", permissions=["clipboard-read", "clipboard-write"]), "রাকিব")
    rakib.button("rooms.create").click()
    rakib.give_name()
    dialog = rakib.dialog("create.title")
    dialog.get_by_role("button", name=bn("create.submit")).click()
    expect(dialog.get_by_text(bn("field.required"))).to_be_visible()
    dialog.get_by_label(bn("create.name")).fill("ছাদের আড্ডা")
    dialog.get_by_label(bn("create.description")).fill("চাঁদ আর চা")
    dialog.get_by_label(bn("create.capacity")).fill("1")
    dialog.get_by_role("button", name=bn("create.submit")).click()
    expect(dialog.get_by_text(bn("field.out_of_range", least=2, most=100_000))).to_be_visible()
    dialog.get_by_label(bn("create.capacity")).fill("5")
    dialog.get_by_label(bn("create.listed")).uncheck()
    dialog.get_by_role("button", name=bn("create.submit")).click()
    expect(rakib.page.get_by_role("heading", level=1, name="ছাদের আড্ডা")).to_be_visible()
    expect(rakib.page.get_by_role("main").get_by_text("চাঁদ আর চা")).to_be_visible()
    rakib.button("share.open").click()
    share = rakib.dialog("share.title")
    link = share.get_by_label(bn("share.link"))
    expect(link).to_have_value(rakib.page.url)
    expect(share.get_by_role("img", name=bn("share.qr"))).to_be_visible()
    share.get_by_role("button", name=bn("share.copy")).click()
    expect(share.get_by_role("button", name=bn("share.copied"))).to_be_visible()
    assert rakib.page.evaluate("navigator.clipboard.readText()") == rakib.page.url
    share.get_by_role("button", name=bn("dialog.close")).click()
    mita = Person(new_person(rakib.page.url), "মিতা")
    mita.give_name()
    mita.say("লিংক পেয়েছি")
    expect(rakib.said).to_have_text(["লিংক পেয়েছি"])


def test_rooms_with_more_people_come_first(
    new_person: NewPerson, enter: Enter, rooms: Rooms
) -> None:
    empty, busy = rooms.make(), rooms.make()
    visitor = new_person("/")
    link = visitor.get_by_role("link", name=busy.name)
    expect(link).to_contain_text(bn("rooms.nobody"))
    enter(busy, "রাকিব")
    mita = enter(busy, "মিতা")
    mita.say("এক", "দুই")
    expect(link).to_contain_text(bn("rooms.online", count=2), timeout=30_000)
    expect(link).to_contain_text(bn("rooms.messages", count=2), timeout=30_000)
    names = visitor.get_by_role("region", name=bn("rooms.list")).get_by_role("link")
    order = names.all_inner_texts()
    place = {
        room.id: next(n for n, text in enumerate(order) if room.name in text)
        for room in (busy, empty)
    }
    assert place[busy.id] < place[empty.id]


def test_going_back_leads_where_one_was(new_person: NewPerson, room: Room) -> None:
    page = new_person("/")
    page.get_by_role("link", name=room.name).click()
    rakib = Person(page, "রাকিব")
    rakib.give_name()
    rakib.is_in(room)
    page.go_back()
    expect(page).to_have_title(bn("app.name"))
    page.go_forward()
    rakib.is_in(room)
    expect(rakib.field).to_be_visible()
