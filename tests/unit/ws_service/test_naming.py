from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from shared.domain.entities import User
from shared.presence.presence import Called
from shared.protocol.envelopes import Person
from shared.protocol.events import RosterUser
from shared.usecases.identify import Identity
from ws_service.naming import Entry, Naming, entry_of

RAKIB = User(UUID(int=1), b"", "রাকিব", "#ff0000", 0)


KARIM = RAKIB.called("করিম", None)


def worn(username: str = "রাকিব", color: str = "#ff0000") -> RosterUser:
    return RosterUser(id=str(RAKIB.id), username=username, color=color, joined_at="")


def entered(
    wish: User, worn: RosterUser | None, *, wait: float = 0.0, may_rename: bool = True
) -> tuple[Entry, int]:
    """How somebody comes in whom the session knows as রাকিব, and what new names it has cost."""
    asked = []

    def wait_to_rename() -> float:
        asked.append(wait)
        return wait

    identity = Identity(wish, RAKIB, None)
    return entry_of(identity, worn, wait_to_rename, may_rename=may_rename), len(asked)


def test_who_is_not_in_the_room_comes_in_under_any_name() -> None:
    assert entered(KARIM, None, wait=1.0) == (Entry(KARIM, keep=True), 0)


def test_who_comes_back_under_the_name_that_they_wear_takes_no_new_one() -> None:
    for name in ("রাকিব", "রাকিব ২"):
        assert entered(RAKIB, worn(name), wait=1.0) == (Entry(RAKIB, keep=True), 0)
    assert entered(KARIM, worn("করিম"), wait=1.0) == (Entry(KARIM, keep=True), 0)


@pytest.mark.parametrize("wish", [KARIM, RAKIB.called(None, "#00ff00")])
def test_who_is_in_the_room_takes_another_name_or_colour_in_their_turn(wish: User) -> None:
    assert entered(wish, worn()) == (Entry(wish, keep=False), 1)
    assert entered(wish, worn(), wait=1.0) == (Entry(RAKIB, keep=True), 1)


def test_a_name_that_was_taken_elsewhere_is_another_name_here() -> None:
    assert entered(RAKIB, worn("করিম")) == (Entry(RAKIB, keep=False), 1)


def test_who_may_take_no_other_name_keeps_the_one_that_they_have() -> None:
    for there in (None, worn()):
        assert entered(KARIM, there, may_rename=False) == (Entry(RAKIB, keep=True), 0)


def called(rv: int, username: str, asked: str | None = None, epoch: str = "e") -> Called:
    return Called(Person(str(RAKIB.id), username, "#00ff00", asked), epoch, rv)


@pytest.fixture
def naming() -> Naming:
    return Naming(RAKIB, RAKIB)


def test_a_number_is_shown_and_not_asked_for(naming: Naming) -> None:
    assert naming.number == 1
    naming.take(called(1, "রাকিব ২", "রাকিব"))
    assert naming.shown == replace(RAKIB, username="রাকিব ২", color="#00ff00")
    assert naming.asked == replace(RAKIB, color="#00ff00")
    assert naming.number == 2


def test_a_name_without_a_number_was_asked_for(naming: Naming) -> None:
    naming.take(called(1, "করিম"))
    assert naming.asked == naming.shown == replace(RAKIB, username="করিম", color="#00ff00")


def test_an_answer_that_comes_late_does_not_take_back_what_was_heard_after_it(
    naming: Naming,
) -> None:
    naming.take(called(5, "করিম"))
    naming.take(called(4, "রাকিব ২", "রাকিব"))
    assert naming.shown.username == "করিম"
    naming.take(called(1, "রাকিব ৩", "রাকিব", epoch="later"))
    assert naming.shown.username == "রাকিব ৩"
