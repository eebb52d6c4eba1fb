"""Names and colours of people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import (
    DEFAULT_COLOR,
    DEFAULT_USERNAME,
    MAX_NAME_BYTES,
    MAX_NAME_GRAPHEMES,
    normalise_color,
    normalise_name,
    normalise_username,
)
from shared.domain.rules import RuleViolation
from shared.domain.text import grapheme_count, utf8_length

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("রাকিব", "রাকিব"),
        ("  রাকিব \u00a0\u3000 হাসান\n", "রাকিব হাসান"),
        ("হৃদ\u09df", "হৃদয\u09bc"),
        ("র\u200d্যাব", "র\u200d্যাব"),
        (FAMILY, FAMILY),
        ("❤\ufe0f", "❤\ufe0f"),
        ("\ufeff \u200bরাকিব\u200b \u00ad", "রাকিব"),
    ],
)
def test_a_name_is_normalised_trimmed_and_folded(raw: str, name: str) -> None:
    assert normalise_username(raw) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("রাকিব ✓", "রাকিব"),
        ("রাকিব ✔\ufe0f .", "রাকিব ."),
        ("✅☑🗹রাকিব√", "রাকিব"),
        ("🛡\ufe0f রাকিব 👑 হাসান", "রাকিব হাসান"),
        ("⭐রাকিব★", "রাকিব"),
        ("♛ রাকিব ✪", "রাকিব"),
        ("🔥 রাকিব 🌸", "🔥 রাকিব 🌸"),
    ],
)
def test_a_name_wears_no_badge(raw: str, name: str) -> None:
    assert normalise_username(raw) == name
    assert normalise_username(name) == name


def test_the_name_of_a_room_may_have_stars() -> None:
    assert normalise_name("⭐ তারকা", field="name") == "⭐ তারকা"


@pytest.mark.parametrize("raw", ["👑", "✔\ufe0f \u200d ★"])
def test_a_badge_is_no_name(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_username(raw)

    assert (caught.value.field, caught.value.code) == ("username", "reserved")


def test_the_defaults_obey_the_rules() -> None:
    assert normalise_username(DEFAULT_USERNAME) == DEFAULT_USERNAME
    assert normalise_color(DEFAULT_COLOR) == DEFAULT_COLOR


@pytest.mark.parametrize("raw", ["", "  ", "\u200d\u200c", "\u200b", "\ufeff", "\u2800"])
def test_a_name_that_shows_nothing_is_blank(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_username(raw)

    assert (caught.value.field, caught.value.code) == ("username", "blank")


@pytest.mark.parametrize(
    "raw",
    [
        "ra\nkib",
        "ra\tkib",
        "ra\x00kib",
        "ra\u2028kib",
        "ra\x9bkib",
        "\u202ebikar",
        "a\u2067b",
        "\ud800a",
    ],
)
def test_a_name_with_controls_or_bidi_formatting_is_refused(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_username(raw)

    assert caught.value.code == "control_characters"


def test_a_hundred_conjuncts_fit_and_one_more_does_not() -> None:
    conjunct = "ব্দ"  # two letters and a hasanta to the machine, one character to a reader
    for letter in ("ক", conjunct, "ক্ষ্মৌঁ"):
        longest = letter * MAX_NAME_GRAPHEMES
        assert utf8_length(longest) <= MAX_NAME_BYTES
        assert normalise_username(longest) == longest

    with pytest.raises(RuleViolation) as caught:
        normalise_username(conjunct * (MAX_NAME_GRAPHEMES + 1))

    assert caught.value.data == {"limit": MAX_NAME_GRAPHEMES, "unit": "graphemes"}


@pytest.mark.parametrize("raw", [FAMILY * 200, "ক" + "\u0301" * 10_000, "x" * 100_000])
def test_a_name_too_large_for_machines_is_refused_whatever_readers_count(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_username(raw)

    assert caught.value.code == "too_long"
    assert caught.value.data == {"limit": MAX_NAME_BYTES, "unit": "bytes"}


def test_a_name_may_grow_under_normalisation() -> None:
    raw = "\U0001d160" * MAX_NAME_GRAPHEMES  # NFC writes each note as its three parts
    assert utf8_length(normalise_username(raw)) == 3 * utf8_length(raw)


def test_the_broken_field_is_the_one_that_was_asked_for() -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_name("", field="name")

    assert caught.value.field == "name"


@given(st.text(max_size=120))
def test_an_accepted_name_is_within_its_limits_and_stays_as_it_is(raw: str) -> None:
    try:
        name = normalise_username(raw)
    except RuleViolation:
        return

    assert 1 <= grapheme_count(name) <= MAX_NAME_GRAPHEMES
    assert utf8_length(name) <= MAX_NAME_BYTES
    assert normalise_username(name) == name


@pytest.mark.parametrize(
    ("raw", "color"),
    [("#FF00aa", "#ff00aa"), ("#0Af", "#00aaff"), (" #007bff ", "#007bff")],
)
def test_a_colour_is_written_in_one_way(raw: str, color: str) -> None:
    assert normalise_color(raw) == color


@pytest.mark.parametrize(
    "raw",
    ["", "red", "007bff", "#007bf", "#gggggg", "#007bff0", "#০০৭bff", "#fff\n;x", "#ff;}{*"],
)
def test_what_is_no_colour_is_refused(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_color(raw)

    assert (caught.value.field, caught.value.code) == ("color", "not_a_color")
