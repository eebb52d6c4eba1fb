"""What breaks is mended by itself: nothing is lost, nothing is shown twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.tcp_proxy import proxy_in_thread
from tests.web.network import Network
from tests.web.people import Person, remembering
from tests.web.replicas import REPLICAS, enter_at, serving
from tests.web.texts import bn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.conftest import NewPerson
    from tests.web.people import Enter
    from tests.web.rooms import Room, Rooms
    from tests.web.troubles import Troubles

    from local_stack.stack import Stack

LONGEST_WAIT_MS = 20_000
"""Between two attempts to connect (`gateway/web/src/connection/backoff.ts`)."""

LOST = r"WebSocket connection to|Failed to load resource|net::ERR_"


@pytest.fixture
def network(stack: Stack, troubles: Troubles) -> Iterator[Network]:
    """Of one person; its absence is no trouble."""
    with proxy_in_thread("127.0.0.1", stack.options.port) as proxy:
        network = Network(proxy)
        troubles.also_from(network.url)
        troubles.expect(LOST)
        yield network


def seqs(person: Person) -> list[int]:
    """Of what is drawn."""
    found = person.page.locator("[data-message]").evaluate_all(
        "rows => rows.map((row) => Number(row.dataset.message))"
    )
    return [int(each) for each in found]


def quiet(person: Person) -> None:
    """Nothing is said of the connection."""
    for key in ("connection.offline", "connection.none", "connection.connecting", "close.restart"):
        expect(person.page.get_by_text(person.text(key))).to_have_count(0)
    expect(person.button("connection.retry")).to_have_count(0)


@pytest.mark.parametrize("victim", REPLICAS)
def test_a_killed_replica_is_hardly_noticed(
    new_person: NewPerson, room: Room, rooms: Rooms, stack: Stack, troubles: Troubles, victim: str
) -> None:
    rakib, mita = Person(new_person(), "রাকিব"), Person(new_person(), "মিতা")
    for person, replica in zip((rakib, mita), REPLICAS, strict=True):
        enter_at(stack, replica, person, room)
    troubles.expect(LOST)
    rakib.say("আগে ১")
    mita.say("আগে ২")
    said = ["আগে ১", "আগে ২"]
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(said)
    stack.kill(victim)
    for number in range(1, 6):
        for person in (rakib, mita):
            person.say(f"{person.name} {number}")
    for person in (rakib, mita):
        expect(person.pending).to_have_count(0)
        expect(person.said).to_have_count(12)
        quiet(person)
    stack.wait_ready(victim)
    shown = rakib.said.all_inner_texts()
    assert shown == mita.said.all_inner_texts() == rooms.messages(room)
    assert seqs(rakib) == seqs(mita) == list(range(1, 13))
    for name in ("রাকিব", "মিতা"):
        own = [content for content in shown if content.startswith(name)]
        assert own == [f"{name} {number}" for number in range(1, 6)]
    assert serving(stack, lambda: rakib.come_back(room)) in REPLICAS


def test_what_is_written_without_a_network_goes_out_when_it_is_back(
    enter: Enter, room: Room, rooms: Rooms, network: Network
) -> None:
    mita, rakib = enter(room, "মিতা"), enter(room, "রাকিব", base_url=network.url)
    rakib.say("আগে")
    expect(mita.said).to_have_text(["আগে"])
    expect(rakib.pending).to_have_count(0)  # others may hear a message before its author's ack
    rakib.kept_offline()
    network.leave(rakib)
    expect(rakib.page.get_by_text(bn("connection.offline"))).to_be_visible()
    written = ["এক", "দুই", "তিন"]
    rakib.say(*written)
    expect(rakib.pending).to_have_text(written)
    waiting = rakib.page.locator("[data-pending]")
    expect(waiting).to_contain_text([bn("message.waiting")] * 3)
    rakib.page.reload()
    expect(rakib.pending).to_have_text(written)
    assert rooms.messages(room) == ["আগে"]
    network.come_back(rakib)
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(["আগে", *written])
    expect(rakib.pending).to_have_count(0)
    quiet(rakib)
    rakib.come_back(room)
    expect(rakib.said).to_have_text(["আগে", *written])
    assert rooms.messages(room) == ["আগে", *written]


def test_who_was_in_airplane_mode_gets_what_was_missed(
    enter: Enter, room: Room, network: Network
) -> None:
    mita, rakib = enter(room, "মিতা"), enter(room, "রাকিব", base_url=network.url)
    mita.say("আগে")
    expect(rakib.said).to_have_text(["আগে"])
    network.leave(rakib)
    expect(rakib.page.get_by_text(bn("connection.offline"))).to_be_visible()
    missed = [f"ওড়ার সময় {number}" for number in range(1, 8)]
    mita.say(*missed)
    mita.choose("আগে", "message.reply")
    mita.say("উত্তর")
    expect(mita.said).to_have_text(["আগে", *missed, "উত্তর"])
    expect(rakib.said).to_have_text(["আগে"])
    network.come_back(rakib)
    expect(rakib.said).to_have_text(["আগে", *missed, "উত্তর"])
    quiet(rakib)
    rakib.say("এসে গেছি")
    for reader in (rakib, mita):
        expect(reader.said).to_have_text(["আগে", *missed, "উত্তর", "এসে গেছি"])


def test_the_page_opens_without_a_network_after_a_first_visit(
    enter: Enter, room: Room, network: Network
) -> None:
    rakib = enter(room, "রাকিব", base_url=network.url)
    rakib.kept_offline()
    network.leave(rakib)
    rakib.page.goto(room.path)
    expect(rakib.field).to_be_visible()
    expect(rakib.page.get_by_text(bn("connection.offline"))).to_be_visible()
    rakib.page.goto("/")
    expect(rakib.page.get_by_role("alert")).to_contain_text(bn("error.network"))
    # A list that nobody looks at is not refreshed: nothing but the button brings it back.
    rakib.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    network.come_back(rakib)
    rakib.page.get_by_role("button", name=bn("error.retry")).click()
    expect(rakib.page.get_by_role("alert")).to_have_count(0)


def test_a_part_that_could_not_be_fetched_is_there_when_the_page_was_loaded_again(
    enter: Enter, room: Room, stack: Stack, troubles: Troubles
) -> None:
    troubles.expect(LOST)
    troubles.expect("Service Worker registration blocked")
    avro = remembering(stack.url, phonetic=True)
    rakib = enter(room, "রাকিব", service_workers="block", **avro)
    parts = re.compile(r"/assets/(EmojiPicker|typing)-")
    rakib.page.route(parts, lambda route: route.abort())
    rakib.page.reload()
    rakib.is_in(room)
    rakib.button("composer.emoji").click()
    expect(rakib.page.get_by_text(bn("error.network"))).to_have_count(1)
    expect(rakib.page.get_by_text(bn("app.new_version"))).to_have_count(0)
    rakib.page.unroute(parts)
    rakib.button("app.reload").click()
    rakib.is_in(room)
    rakib.button("composer.emoji").click()
    expect(rakib.page.get_by_role("group", name=bn("emoji.title"))).to_be_visible()
    expect(rakib.button("composer.phonetic_on")).to_be_visible()  # as it was wanted


def test_a_full_room_can_be_entered_when_somebody_leaves(
    new_person: NewPerson, enter: Enter, rooms: Rooms
) -> None:
    small = rooms.make(max_users=2)
    rakib, mita = enter(small, "রাকিব"), enter(small, "মিতা")
    third = Person(new_person(), "তৃতীয়")
    third.page.goto(small.path)
    third.give_name()
    full = third.page.get_by_role("alert").filter(has_text=bn("close.room_full"))
    expect(full).to_be_visible()
    full.get_by_role("button", name=bn("connection.retry")).click()
    expect(full).to_be_visible()
    mita.page.goto("/")
    expect(rakib.button("room.people_open", count=1)).to_be_visible()
    full.get_by_role("button", name=bn("connection.retry")).click()
    expect(full).to_have_count(0)
    third.is_in(small)
    third.say("জায়গা পেলাম")
    expect(rakib.said).to_have_text(["জায়গা পেলাম"])


def test_a_long_break_is_told_and_ends_without_a_word(
    enter: Enter, room: Room, stack: Stack, troubles: Troubles
) -> None:
    rakib = enter(room, "রাকিব")
    troubles.expect(LOST)
    for replica in REPLICAS:
        stack.hold(replica)
    try:
        told = (
            rakib.page.get_by_role("main")
            .get_by_role("status")
            .filter(has_text=re.compile("সংযোগ"))
        )
        expect(told.filter(has=rakib.button("connection.retry"))).to_be_visible()
        expect(rakib.page.get_by_role("alert")).to_have_count(0)
        rakib.say("এর মধ্যে লিখি")
        expect(rakib.pending).to_have_text(["এর মধ্যে লিখি"])
    finally:
        for replica in REPLICAS:
            stack.release(replica)
    for replica in REPLICAS:
        stack.wait_ready(replica)
    # Whoever looks at the page again waits less; a click could come when it is back by itself.
    rakib.page.evaluate("dispatchEvent(new Event('pageshow'))")
    expect(rakib.said).to_have_text(["এর মধ্যে লিখি"], timeout=2 * LONGEST_WAIT_MS)
    quiet(rakib)
