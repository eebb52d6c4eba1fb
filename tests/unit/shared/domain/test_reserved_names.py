"""Who may not be called what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import DEFAULT_USERNAME
from shared.domain.reserved_names import NOTHING_RESERVED, ReservedNames
from shared.domain.rules import RuleViolation
from shared.runtime.settings import RESERVED_NAMES

RESERVED = ReservedNames(RESERVED_NAMES)


@pytest.mark.parametrize("name", RESERVED_NAMES)
def test_every_name_of_the_list_is_reserved(name: str) -> None:
    assert RESERVED.has(name.rstrip("*"))
    assert RESERVED.has(name.rstrip("*").upper())


@pytest.mark.parametrize(
    "name",
    [
        "a d m i n",
        "a.d.m.i.n",
        "-= Admin =-",
        "A\u200bdmin",
        "аdmin",  # Cyrillic а
        "ADMlN",
        "4dm1n",
        "@dm!n",
        "m0derat0r",
        "admin007",
        "১ Admin ২",
        "ａｄｍｉｎ",
        "𝐀𝐝𝐦𝐢𝐧",
        "Ⓐⓓⓜⓘⓝ",
        "🅰🅳🅼🅸🅽",
        "🇦 🇩 🇲 🇮 🇳",
        "ᴀᴅᴍɪɴ",
        "ádmín",
        "a͓d͓m͓i͓n͓",
        "a🔥d🔥m🔥i🔥n",
        "🔥 এডমিন 🔥",
        "এ ড মি ন",
        "অ\u200d্যাডমিন",
        "আড্ডা ২",
        "Adda Support",
        "আড্ডা সাপোর্ট",
    ],
)
def test_no_ornament_hides_a_reserved_name(name: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        RESERVED.check(name)
    assert (caught.value.field, caught.value.code) == ("username", "reserved")


@pytest.mark.parametrize("name", ["Admin Rakib", "রাকিব (এডমিন)", "rakib_admin", "মডারেটর-রাকিব"])
def test_a_name_with_a_star_is_not_even_a_word_of_one(name: str) -> None:
    assert RESERVED.has(name)


@pytest.mark.parametrize(
    "name",
    [
        DEFAULT_USERNAME,
        "রাকিব",
        "Ada",
        "Madhu",
        "আড্ডাবাজ",
        "আড্ডা প্রেমী",
        "System Engineer",
        "Adminul",
        "Mod Mia",
        "১২৩",
        "🙂",
        "…",
    ],
)
def test_names_that_only_resemble_a_reserved_one_are_free(name: str) -> None:
    RESERVED.check(name)


@given(st.text(max_size=60))
def test_every_text_is_judged_and_an_empty_list_forbids_none(text: str) -> None:
    RESERVED.has(text)
    assert not NOTHING_RESERVED.has(text)
    assert not ReservedNames(("*", " ", "🙂")).has(text)
