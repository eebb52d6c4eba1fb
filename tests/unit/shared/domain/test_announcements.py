"""Announcements read as the original's, alone and folded."""

from __future__ import annotations

import pytest

from shared.domain.announcements import bangla_digits, joined_text, left_text, renamed_text


def test_one_newcomer_is_announced_as_in_the_original() -> None:
    assert joined_text(["রাকিব"]) == "🎉 রাকিব চ্যাটরুমে যোগ দিয়েছেন!"


def test_a_burst_of_newcomers_is_one_text_with_the_first_name_and_a_count() -> None:
    names = ["রাকিব", *(f"user{number}" for number in range(12))]

    assert joined_text(names) == "🎉 রাকিব এবং আরও ১২ জন চ্যাটরুমে যোগ দিয়েছেন!"


def test_two_newcomers_are_one_and_one_more() -> None:
    assert joined_text(["রাকিব", "সুমি"]) == "🎉 রাকিব এবং আরও ১ জন চ্যাটরুমে যোগ দিয়েছেন!"


def test_leaving_is_announced_alone_and_folded() -> None:
    assert left_text(["রাকিব"]) == "👋 রাকিব চ্যাটরুম ছেড়েছেন"
    assert left_text(["রাকিব", "ক", "খ"]) == "👋 রাকিব এবং আরও ২ জন চ্যাটরুম ছেড়েছেন"


def test_a_rename_names_both() -> None:
    assert renamed_text("রাকিব", "রনি") == "📝 রাকিব এখন রনি নামে পরিচিত"


def test_braces_in_a_name_are_only_text() -> None:
    assert joined_text(["{0}%s"]) == "🎉 {0}%s চ্যাটরুমে যোগ দিয়েছেন!"


def test_nobody_cannot_be_announced() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        joined_text([])
    with pytest.raises(ValueError, match="needs a name"):
        left_text([])


@pytest.mark.parametrize(
    ("number", "text"), [(0, "০"), (12, "১২"), (9_876_543, "৯৮৭৬৫৪৩"), (-5, "-৫")]
)
def test_numbers_are_written_in_bangla_digits(number: int, text: str) -> None:
    assert bangla_digits(number) == text
