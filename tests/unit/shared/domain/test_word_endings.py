"""What may follow a word so that it is still that word."""

from __future__ import annotations

import pytest

from shared.domain.banglish import latin_sounds
from shared.domain.word_endings import bangla_endings, latin_endings, sound_endings
from shared.domain.word_folds import fold


@pytest.mark.parametrize(
    ("word", "endings"),
    [
        ("বোকা", "র রা কে য় তে টা টি টার টাকে গুলো গুলোকে গুলোর দের দেরকে ই ও রাও রে"),
        ("বাল", "ের ে টা কে েরা ই ও ের্ই".replace("র্ই", "রই")),
        ("শয়তান", "রা েরা ের দের েদের গুলা ে"),
        ("মূর্খ", "ের েরা টা"),
    ],
)
def test_the_inflection_of_bangla_is_known(word: str, endings: str) -> None:
    for ending in endings.split():
        assert fold(ending) in bangla_endings(fold(word)), ending


@pytest.mark.parametrize(
    ("word", "ending"),
    [("কাম", "রা"), ("বাল", "তি"), ("বাল", "ক"), ("বোকা", "ের"), ("শয়তান", "ি"), ("পাগল", "া")],
)
def test_what_makes_another_word_is_no_ending(word: str, ending: str) -> None:
    assert fold(ending) not in bangla_endings(fold(word))


@pytest.mark.parametrize("word", ["মা", "কি", "ক", "ক্"])
def test_a_word_of_one_letter_takes_nothing(word: str) -> None:
    assert not bangla_endings(fold(word))


@pytest.mark.parametrize("ending", ["s", "es", "ta", "gulo", "ra", "der", "ke", "r"])
def test_banglish_and_english_take_theirs(ending: str) -> None:
    assert ending in latin_endings("boka")


def test_short_latin_words_take_nothing_and_r_needs_a_vowel() -> None:
    assert not latin_endings("bad")
    assert "r" not in latin_endings("mast")


@pytest.mark.parametrize(
    ("word", "inflected"),
    [
        ("boka", "bokar bokara bokader bokake bokatake bokagulo"),
        ("pagol", "pagoler pagolra pagole"),
    ],
)
def test_the_sound_of_a_word_takes_the_sound_of_endings(word: str, inflected: str) -> None:
    key = latin_sounds(word)
    for spelling in inflected.split():
        assert latin_sounds(spelling).removeprefix(key) in sound_endings(key)


@pytest.mark.parametrize(
    ("word", "other"), [("shala", "salary"), ("shala", "salat"), ("shala", "salam")]
)
def test_other_words_are_no_inflection(word: str, other: str) -> None:
    key = latin_sounds(word)
    assert latin_sounds(other).removeprefix(key) not in sound_endings(key)
