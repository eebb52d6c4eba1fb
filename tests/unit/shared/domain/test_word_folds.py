"""The form in which words are compared."""

from __future__ import annotations

import string
from itertools import accumulate

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.word_folds import (
    fold,
    fold_lightly,
    folded_places,
    leet_readings,
    squeezed,
    without_runs,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("মাগী", "মাগি"),
        ("মূর্খ", "মুর্খ"),
        ("বিষ", "বিশ"),
        ("সালা", "শালা"),
        ("যোকার", "জোকার"),
        ("হঠাৎ", "হঠাত"),
        ("রং", "রঙ"),
        ("বোঁকা", "বোকা"),
        ("দুঃখ", "দুখ"),
        ("\u09dc\u09dd\u09df", "ড\u09bcঢ\u09bcয\u09bc"),
        ("ব\u09bc", "র"),
        ("\u09f0", "র"),
        ("অা", "আ"),
        ("ক\u09be\u09c7", "কো"),
        ("ক\u09c7\u09be", "কো"),
        ("বো\u200cকা\u200d\u200b\ufeff\ufe0f", "বোকা"),
        ("BAD", "bad"),
        ("ｂａｄ", "bad"),
        ("𝓫𝖆𝚍", "bad"),
        ("ⓑⓐⓓ", "bad"),
        ("🅑🅰🇩", "bad"),
        ("ʙᴀᴅ", "bad"),
        ("вɑԁ", "bad"),
        ("βαd", "bad"),
        ("b\u0336a\u0336d\u0336", "bad"),
        ("bád", "bad"),
        ("Straße", "strasse"),
        ("\u0130diot", "idiot"),
        ("১২০", "120"),
        ("a\t\n\u00a0\u3000b", "a    b"),
        ("a।b—c", "a.b.c"),
        ("＄", "$"),
    ],
)
def test_what_a_reader_takes_for_the_same_folds_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ভয়", "ভজ"), ("বড়", "বড"), ("কাল", "খাল"), ("টাকা", "তাকা"), ("রক্ত", "রকত"), ("bad", "bat")],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(("one", "other"), [("শব", "সব"), ("গাঁজা", "গাজা"), ("জা", "যা")])
def test_the_light_form_keeps_what_tells_short_words_apart(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold_lightly(one) != fold_lightly(other)


@given(st.text())
def test_a_text_folds_letter_by_letter_so_that_places_are_known(text: str) -> None:
    folded = list(map(fold, text))
    assume("\u09be\u09c7" not in "".join(folded))  # put in order, at the same places

    assert "".join(folded) == fold(text)
    assert folded_places(text) == [0, *accumulate(map(len, folded))]


@given(st.text())
def test_a_place_is_known_for_every_character(text: str) -> None:
    places = folded_places(text)

    assert len(places) == len(text) + 1
    assert places[-1] == len(fold(text))


@given(st.text())
def test_no_capital_and_no_invisible_character_is_left(text: str) -> None:
    assert not set(fold(text)) & set(string.ascii_uppercase + "\u200b\u200c\u200d\u0301")


@pytest.mark.parametrize(
    ("word", "shorter"),
    [("boookaaa", "boka"), ("asssss", "ass"), ("বোকাা", "বোকা"), ("বোকাাাা", "বোকা"), ("goood", "good")],
)
def test_drawn_out_letters_are_shortened(word: str, shorter: str) -> None:
    assert (shorter, True) in squeezed(word)


def test_a_double_letter_is_no_exaggeration_yet() -> None:
    assert squeezed("good") == [("god", False)]


def test_one_of_each_run_is_left() -> None:
    assert without_runs("aabbbcda") == "abcda"


@pytest.mark.parametrize(
    ("word", "reading"),
    [("$h1t", "shit"), ("k1ll", "kill"), ("1oser", "loser"), ("b0k@", "boka"), ("!bad!", "bad")],
)
def test_digits_and_symbols_are_read_as_letters(word: str, reading: str) -> None:
    assert reading in leet_readings(word)
