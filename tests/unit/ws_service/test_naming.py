from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from shared.domain.entities import User
from shared.presence.presence import Called
from shared.protocol.envelopes import Person
from ws_service.naming import Naming

RAKIB = User(UUID(int=1), b"", "রাকিব", "#ff0000", 0)


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
