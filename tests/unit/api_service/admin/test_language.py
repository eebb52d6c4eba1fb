from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api_service.admin.language import Speech, choose

BANGLA, ENGLISH = Speech("bn"), Speech("en")


@pytest.mark.parametrize(
    ("asked", "kept", "header", "chosen"),
    [
        (None, None, None, "bn"),
        (None, None, "en-GB,bn;q=0.5", "en"),
        (None, None, "fr", "bn"),
        (None, "en", "bn", "en"),
        ("bn", "en", "en", "bn"),
        ("xx", "yy", "en", "en"),
    ],
)
def test_ones_own_choice_comes_before_the_browsers(
    asked: str | None, kept: str | None, header: str | None, chosen: str
) -> None:
    assert choose(asked, kept, header) == chosen


def test_numbers_and_times_are_written_in_the_digits_of_the_language() -> None:
    moment = datetime(2026, 11, 26, 18, 30, tzinfo=UTC)
    assert BANGLA.number(1234567) == "১,২৩৪,৫৬৭"
    assert ENGLISH.number(12.5) == "12.5"
    assert BANGLA.plain_number(2026) == "২০২৬"
    assert BANGLA.moment(moment) == "২০২৬-১১-২৭ ০০:৩০:০০"
    assert ENGLISH.moment(moment) == "2026-11-27 00:30:00"
    assert ENGLISH.moment(None) == "—"
    assert (BANGLA.month(1), ENGLISH.month(12)) == ("জানুয়ারি", "December")


def test_problems_have_words_whether_they_are_ours_or_those_of_the_api() -> None:
    assert ENGLISH.problem("too_short") == "At least 12 characters"
    assert ENGLISH.problem("blank") == "May not be blank"
    assert ENGLISH.problem("message_not_found") == "Message not found"
    assert BANGLA.problem("unheard of") == "সঠিক নয়"


def test_a_status_and_an_action_have_words_and_unknown_ones_do_no_harm() -> None:
    assert ENGLISH.status(404) == "There is nothing here."
    assert ENGLISH.status(418) == ENGLISH.status(400)
    assert ENGLISH.action("login") == "logged in"
    assert ENGLISH.action("something_of_the_future") == "something_of_the_future"


def test_braces_of_a_text_are_filled() -> None:
    assert "১২ সেকেন্ড" in BANGLA.text("login.wait", seconds=BANGLA.number(12))
