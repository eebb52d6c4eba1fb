from __future__ import annotations

from typing import Literal

from shared.protocol.envelopes import Person, RosterEnvelope
from ws_service.announcer import Announcer


def change(op: Literal["j", "l", "n"], name: str, before: str | None = None) -> RosterEnvelope:
    person = Person(f"id-{before or name}", name, "#000000")
    old = None if before is None else Person(person.id, before, "#000000")
    return RosterEnvelope("e", 1, op, 0, person, old)


def told(*changes: RosterEnvelope) -> list[tuple[str, str, int]]:
    announcer = Announcer()
    for one in changes:
        announcer.note(one)
    return [(event.event, event.message, event.count) for event in announcer.take(0)]


def test_one_newcomer_is_told_in_the_words_of_the_original() -> None:
    assert told(change("j", "রাকিব")) == [("joined", "🎉 রাকিব চ্যাটরুমে যোগ দিয়েছেন!", 1)]


def test_one_leave_is_told_in_the_words_of_the_original() -> None:
    assert told(change("l", "রাকিব")) == [("left", "👋 রাকিব চ্যাটরুম ছেড়েছেন", 1)]


def test_a_rename_is_told_in_the_words_of_the_original() -> None:
    assert told(change("n", "রকি", "রাকিব")) == [("renamed", "📝 রাকিব এখন রকি নামে পরিচিত", 1)]


def test_a_burst_of_joins_is_folded_into_one_text() -> None:
    newcomers = [change("j", "রাকিব"), *(change("j", f"জন {n}") for n in range(12))]
    assert told(*newcomers) == [
        ("joined", "🎉 রাকিব এবং আরও ১২ জন চ্যাটরুমে যোগ দিয়েছেন!", 13),
    ]


def test_who_comes_and_goes_within_a_window_is_not_spoken_of() -> None:
    assert told(change("j", "রাকিব"), change("l", "রাকিব")) == []


def test_a_new_colour_is_shown_but_not_spoken_of() -> None:
    announcer = Announcer()
    announcer.note(change("n", "রাকিব", "রাকিব"))
    assert announcer.dirty
    assert announcer.take(0) == []
    assert not announcer.dirty


def test_who_leaves_and_comes_back_within_a_window_is_not_spoken_of() -> None:
    assert told(change("l", "রাকিব"), change("j", "রাকিব")) == []


def test_who_comes_and_is_renamed_within_a_window_comes_under_the_new_name() -> None:
    changes = [change("j", "রাকিব"), change("n", "রকি", "রাকিব")]
    assert told(*changes) == [("joined", "🎉 রকি চ্যাটরুমে যোগ দিয়েছেন!", 1)]
