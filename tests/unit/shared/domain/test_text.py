"""Bangla, emoji and invisible characters under the rules of Unicode."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.text import (
    MAX_MARKS_IN_A_RUN,
    comparison_key,
    exceeds_graphemes,
    grapheme_count,
    has_bidi_override,
    has_control_characters,
    nfc,
    strip_blank,
    unify_newlines,
    utf8_length,
    without_unsafe_characters,
)

# Letters, signs and joiners in which Bangla's difficulties live, beside any other text.
BANGLA_AND_ANY = st.text(
    st.one_of(
        st.sampled_from("কষরযবড়ঢ়তা েোৌৗ়্ঁংঃৎঅও০৪৭\u09df\u09dc\u09dd\u200c\u200d\u200b\ufeff"),
        st.sampled_from("aAiIl1mM0oñéİıßς\u0345\u0344\u0301\u0316 \t\n\r\u2028"),
        st.characters(),
    ),
    max_size=60,
)

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
RAB = "র\u200d্যাব"


@pytest.mark.parametrize(
    ("composed", "decomposed"),
    [("\u09dc", "ড\u09bc"), ("\u09dd", "ঢ\u09bc"), ("\u09df", "য\u09bc")],
)
def test_both_spellings_of_a_dotted_letter_become_one(composed: str, decomposed: str) -> None:
    assert composed != decomposed
    assert nfc(composed) == nfc(decomposed) == decomposed


def test_split_vowel_signs_become_one_sign() -> None:
    assert nfc("ক\u09c7\u09be") == "ক\u09cb"
    assert nfc("ক\u09c7\u09d7") == "ক\u09cc"


def test_joiners_survive_normalisation() -> None:
    assert nfc(RAB) == RAB
    assert nfc(FAMILY) == FAMILY


def test_a_tower_of_marks_is_cut_and_the_text_after_it_kept() -> None:
    tower = "ক" + "\u0301" * 5_000 + "খ"

    assert nfc(tower) == "ক" + "\u0301" * MAX_MARKS_IN_A_RUN + "খ"


def test_marks_that_normalisation_splits_are_cut_again() -> None:
    assert len(nfc("x" + "\u0344" * MAX_MARKS_IN_A_RUN)) == 1 + MAX_MARKS_IN_A_RUN


@given(BANGLA_AND_ANY)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = nfc(text)

    assert nfc(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("adda", 4),
        ("a\r\nb", 3),
        ("ক্ষমতা", 3),
        ("ক্ষ", 1),
        ("স্ত্রী", 1),
        (RAB, 2),
        ("ক্\u200cষ", 2),
        ("য\u09bc", 1),
        ("\u09df", 1),
        ("রাকিব", 3),
        ("বাংলাদেশ", 4),
        (FAMILY, 1),
        ("👍🏽", 1),
        ("🇧🇩🇧🇩", 2),
        ("❤\ufe0f", 1),
    ],
)
def test_length_is_what_a_reader_counts(text: str, count: int) -> None:
    assert grapheme_count(text) == count


@given(st.text(st.characters(max_codepoint=127)))
def test_the_ascii_shortcut_agrees_with_the_full_count(text: str) -> None:
    # A trailing non-ASCII character that joins nothing forces the full path.
    assert grapheme_count(text) + 1 == grapheme_count(text + "ক")


@given(BANGLA_AND_ANY, st.integers(0, 80))
def test_exceeding_a_limit_agrees_with_counting(text: str, limit: int) -> None:
    assert exceeds_graphemes(text, limit) == (grapheme_count(text) > limit)


@pytest.mark.parametrize(("text", "length"), [("adda", 4), ("আড্ডা", 15), ("\ud800", 3)])
def test_machine_length_is_utf8_bytes(text: str, length: int) -> None:
    assert utf8_length(text) == length


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n",
        "\u200d",
        "\u200c",
        "\u200b",
        "\ufeff",
        " \u200b\u00a0\ufeff ",
        "\u2800",
        "\u3164",
    ],
)
def test_text_that_shows_nothing_is_blank(text: str) -> None:
    assert strip_blank(text) == ""


def test_trimming_leaves_inner_and_joining_characters() -> None:
    assert strip_blank("  ক  খ \n") == "ক  খ"
    assert strip_blank(f" {RAB} ") == RAB
    assert strip_blank(f"\u00a0{FAMILY}\u3000") == FAMILY


@given(BANGLA_AND_ANY)
def test_trimming_twice_is_trimming_once(text: str) -> None:
    assert strip_blank(strip_blank(text)) == strip_blank(text)


def test_every_line_break_becomes_one_newline() -> None:
    assert (
        unify_newlines("a\r\nb\rc\x85d\u2028e\u2029f\x0bg\x0ch\ni") == "a\nb\nc\nd\ne\nf\ng\nh\ni"
    )


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9f", "\u2028", "\ud800"])
def test_controls_are_noticed_with_and_without_newlines(character: str) -> None:
    assert has_control_characters(f"ক{character}খ", allow_newlines=True)
    assert has_control_characters(f"ক{character}খ", allow_newlines=False)


@pytest.mark.parametrize("character", ["\n", "\t"])
def test_newlines_and_tabs_are_controls_only_where_a_line_is_asked(character: str) -> None:
    assert not has_control_characters(f"ক{character}খ", allow_newlines=True)
    assert has_control_characters(f"ক{character}খ", allow_newlines=False)


def test_bangla_and_emoji_have_no_controls() -> None:
    assert not has_control_characters(RAB + FAMILY, allow_newlines=False)


@pytest.mark.parametrize("character", ["\u202a", "\u202b", "\u202d", "\u202e", "\u2066", "\u2069"])
def test_explicit_bidi_formatting_is_noticed(character: str) -> None:
    assert has_bidi_override(f"ক{character}খ")


@pytest.mark.parametrize("text", ["adda", RAB, "\u200eadda\u200f", "سلام"])
def test_natural_text_has_no_bidi_formatting(text: str) -> None:
    assert not has_bidi_override(text)


def test_unsafe_characters_vanish_and_the_rest_stays() -> None:
    assert without_unsafe_characters("a\x00\x1bb\u202ec\ud800\n\td\u2067e") == "abc\n\td\u2067e"


@given(BANGLA_AND_ANY)
def test_what_is_left_after_cleaning_can_be_encoded_and_stored(text: str) -> None:
    clean = without_unsafe_characters(unify_newlines(text))

    assert not has_control_characters(clean, allow_newlines=True)
    assert clean.encode().decode() == clean


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rakib", "rAKIB"),
        (" রাকিব   হাসান ", "রাকিব\u00a0হাসান"),
        ("আমি পড়\u200cি", "আমি পড\u09bcি"),
        ("\u09df", "য\u09bc"),
        ("\u09dc", "ড\u09bc"),
        ("\u09dd", "ঢ\u09bc"),
        (RAB, "র্যাব"),
        ("ক\u09c7\u200d\u09be", "কো"),
        ("❤\ufe0f", "❤"),
        ("Straße", "STRASSE"),
        ("\ufeffরাকিব", "রাকিব\u00ad"),
    ],
)
def test_texts_a_reader_calls_the_same_share_a_key(one: str, other: str) -> None:
    assert comparison_key(one) == comparison_key(other)


@pytest.mark.parametrize(("one", "other"), [("রাকিব", "রকিব"), ("ড", "ড\u09bc"), ("ক্ষ", "কষ")])
def test_different_words_keep_different_keys(one: str, other: str) -> None:
    assert comparison_key(one) != comparison_key(other)


@given(BANGLA_AND_ANY)
def test_the_key_of_a_key_is_the_key(text: str) -> None:
    key = comparison_key(text)

    assert comparison_key(key) == key
    assert comparison_key(unicodedata.normalize("NFD", text)) == key


def test_no_printable_character_is_a_break_or_unsafe() -> None:
    printable = "".join(filter(str.isprintable, map(chr, range(0x110000))))
    assert without_unsafe_characters(unify_newlines(printable)) == printable
