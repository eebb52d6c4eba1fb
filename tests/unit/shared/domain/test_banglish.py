"""Bangla and its romanisations meet in one key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.banglish import bangla_sounds, latin_sounds


@pytest.mark.parametrize(
    ("bangla", "spellings"),
    [
        ("বোকা", "boka booka bokaaa bokkka"),
        ("পাগল", "pagol pagal pagl paagol"),
        ("ছাগল", "chagol chhagol chagal cagol"),
        ("শয়তান", "shoytan shaytan shaitan soitan saytan"),
        ("গাধা", "gadha gada ghada"),
        ("কুত্তা", "kutta kuta kuttha"),
        ("হারামজাদা", "haramjada haramzada haaramjadaa"),
        ("বেয়াদব", "beyadob beyadab beiadob"),
        ("ফাজিল", "fajil fazil phajil"),
        ("ভণ্ডামি", "bhondami vondami bhandami"),
        ("বাঙালি", "bangali"),
        ("রাক্ষস", "rakkhos rakhos"),
        ("অজ্ঞানী", "oggani"),
        ("খাওয়াইয়া", "khaoaia khawaia"),
        ("ঐরাবত", "oirabot"),
        ("ঋণখেলাপি", "rinkhelapi rinokhelapi"),
        ("কুত্তার বাচ্চা", "kuttarbaccha kutarbacha"),
    ],
)
def test_the_ways_to_write_a_word_in_latin_share_its_sound(bangla: str, spellings: str) -> None:
    for spelling in spellings.split():
        assert latin_sounds(spelling) in bangla_sounds(bangla), spelling


def test_a_phrase_has_the_sound_of_its_words() -> None:
    assert latin_sounds("kuttar baccha") in bangla_sounds("কুত্তার বাচ্চা")


@pytest.mark.parametrize(
    ("bangla", "latin"),
    [
        ("বোকা", "baki"),
        ("বোকা", "bika"),
        ("মাগুর", "magur mach"),
        ("মাগি", "maggi"),
        ("কুত্তা", "quota"),
        ("শালা", "salam"),
        ("শালা", "salah"),
        ("পাগল", "pagla"),
        ("শুয়োর", "sure"),
    ],
)
def test_other_words_sound_different(bangla: str, latin: str) -> None:
    assert latin_sounds(latin) not in bangla_sounds(bangla)


@pytest.mark.parametrize("word", ["বাল", "মা", "বলদ", "লম্পট", "boka", "বোকাboka", "বোকা!", "", "ই"])
def test_words_that_would_be_taken_for_others_have_no_sound(word: str) -> None:
    assert bangla_sounds(word) == set()


def test_a_word_of_many_inherent_vowels_has_few_keys() -> None:
    assert len(bangla_sounds("অপদকলমগগনপবনকলসিকমলবরকত")) <= 4


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1), min_size=1))
def test_words_keep_their_number_and_their_sound_in_company(words: list[str]) -> None:
    assert latin_sounds(" ".join(words)).split(" ") == list(map(latin_sounds, words))
    assert all(map(latin_sounds, words))
