"""Names with a number behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.confusables import confusable_skeleton
from shared.domain.names import MAX_NAME_BYTES, MAX_NAME_GRAPHEMES, normalise_username
from shared.domain.rules import RuleViolation
from shared.domain.text import grapheme_count
from shared.domain.worn_names import is_worn, number_of, numbered, stem

NUMBERS = st.integers(2, 999_999)


@pytest.mark.parametrize("name", ["রাকিব", "১২", "রাকিব ২"])
def test_a_name_is_worn_with_any_number_or_none(name: str) -> None:
    assert all(is_worn(numbered(name, number), name) for number in (1, 2, 12))
    assert not is_worn("করিম", name)
    assert not is_worn(f"{name} ২ক", name)


@pytest.mark.parametrize(
    ("name", "number", "worn"),
    [
        ("রাকিব", 1, "রাকিব"),
        ("রাকিব", 2, "রাকিব ২"),
        ("রাকিব", 340, "রাকিব ৩৪০"),
        ("রাকিব ২", 3, "রাকিব ২ ৩"),
        ("Rakib", 10, "Rakib ১০"),
    ],
)
def test_who_is_not_the_first_has_a_number_in_bangla_digits(
    name: str, number: int, worn: str
) -> None:
    assert numbered(name, number) == worn
    assert number_of(worn, name) == number


@pytest.mark.parametrize("worn", ["রাকিব", "করিম ২", "রাকিব ০২", "রাকিব 2", "রাকিব ১", "রাকিব ²"])
def test_another_name_has_no_number(worn: str) -> None:
    assert number_of(worn, "রাকিব") == 1


@pytest.mark.parametrize("letter", ["ক", "ক্ষ্মৌঁ", "x", "👨\u200d👩\u200d👧\u200d👦"])
def test_the_longest_names_are_cut_for_their_number(letter: str) -> None:
    longest = normalise_username(letter * min(MAX_NAME_GRAPHEMES, 3200 // len(letter.encode())))
    worn = numbered(longest, 999_999)
    assert worn.endswith(" ৯৯৯৯৯৯")
    assert normalise_username(worn) == worn
    assert number_of(worn, longest) == 999_999


@given(st.text(min_size=1, max_size=120), NUMBERS)
def test_a_number_keeps_every_name_within_the_rules(text: str, number: int) -> None:
    try:
        name = normalise_username(text)
    except RuleViolation:
        return
    worn = numbered(name, number)
    assert grapheme_count(worn) <= MAX_NAME_GRAPHEMES
    assert len(worn.encode()) <= MAX_NAME_BYTES
    assert number_of(worn, name) == number


@given(st.text(min_size=1, max_size=120), NUMBERS)
def test_the_skeleton_of_a_numbered_name_is_its_stem_and_the_number(text: str, number: int) -> None:
    """The script in Redis puts it together so."""
    try:
        name = normalise_username(text)
    except RuleViolation:
        return
    digits = confusable_skeleton(numbered("x", number)).removeprefix("x ")
    whole = confusable_skeleton(numbered(name, number))
    assert whole == f"{confusable_skeleton(stem(name))} {digits}"


@given(NUMBERS, NUMBERS)
def test_two_numbers_never_look_alike(one: int, other: int) -> None:
    alike = confusable_skeleton(numbered("ক", one)) == confusable_skeleton(numbered("ক", other))
    assert alike == (one == other)
