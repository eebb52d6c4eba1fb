"""Rows of single letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.spelled_out import LONGEST_ROW, spelled_out
from shared.domain.word_folds import fold

SINGLE = st.text(st.sampled_from("abkসেনাবজ\u09be\u09cd .!12"), max_size=80)


def readings(text: str) -> set[str]:
    return {piece.text for piece in spelled_out(fold(text))}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("b a d", "bad"),
        ("b.a.d", "bad"),
        ("b-a--d!", "bad"),
        ("bb aa d", "bad"),
        ("b 4 d", "bad"),
        ("u r b a d", "bad"),
        ("b a d u", "bad"),
        ("i am   b a d", "bad"),
        ("b a d   b o y", "boy"),
        ("ব া জ ে", "বাজে"),
        ("ব.া.জ.ে", "বাজে"),
        ("বো কা", "বোকা"),
        ("তুই বো কা রে", "বোকা"),
        ("ক ু ত ্ ত া", "কুত্তা"),
        ("হা রা মি", "হারামি"),
    ],
)
def test_letters_that_stand_apart_make_a_word(text: str, word: str) -> None:
    assert fold(word) in readings(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [("c l a s s", "ass"), ("g r a s s", "ass"), ("b a d l y", "bad"), ("ম বো কা ল", "বোকা")],
)
def test_no_word_is_found_in_the_middle_of_a_row(text: str, word: str) -> None:
    assert fold(word) not in readings(text)


@pytest.mark.parametrize("text", ["", "সে কি না", "a i", "1 2 3", "b d", "class", "না বা", "plan b"])
def test_words_of_one_letter_spell_nothing(text: str) -> None:
    assert readings(text) == set()


@given(SINGLE)
def test_a_reading_stands_where_it_says(text: str) -> None:
    folded = fold(text)
    for piece in spelled_out(folded):
        assert 0 <= piece.start < piece.end <= len(folded)
        assert len(piece.text) <= piece.end - piece.start


@pytest.mark.parametrize("row", ["b a ", "a b  ", "a ", "বা ব  ", "b4.", "ব া  "])
def test_the_readings_grow_with_the_text_and_not_faster(row: str) -> None:
    counts = [sum(1 for _ in spelled_out(fold(row * length))) for length in (100, 200, 400)]
    assert counts[2] - counts[1] <= 2 * (counts[1] - counts[0]) + 1
    assert counts[2] <= 8 * 400


def test_a_row_longer_than_any_word_is_not_read() -> None:
    assert readings("b " * (LONGEST_ROW + 1)) == set()
    assert readings("b d " * (LONGEST_ROW // 2)) != set()
