"""Endings under which a word is still that word: the inflection of Bangla, in both scripts.

Only what the word itself can take: র and রা after a vowel, ের and েরা after a consonant. So কাম
is not found in কামরা (a room). What makes another word of it (শয়তান, শয়তানি) is no ending.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from shared.domain.banglish import latin_sounds
from shared.domain.word_folds import fold

NO_ENDINGS: Final[frozenset[str]] = frozenset()
_FEWEST_BANGLA_LETTERS: Final = 2
_FEWEST_LATIN_LETTERS: Final = 4

_BANGLA_SIGN_SET: Final = frozenset("\u09bc\u09cd\u09d7") | {*map(chr, range(0x09BE, 0x09CD))}
_BANGLA_VOWELS: Final = (_BANGLA_SIGN_SET - {"\u09bc", "\u09cd"}) | {*"অইউঋএঐওঔ"}

# What counts a word ends in a vowel, whatever the word ends in.
_COUNTS: Final = ("টা", "টি", "টো", "টুকু", "খানা", "গুলো", "গুলা", "গুলি")
_CASES_OF_COUNTS: Final = ("", "র", "কে", "তে", "য়")
_EMPHASES: Final = ("", "ই", "ও", "রে", "তো")
_SOUND_COUNTS: Final = ("ta", "ti", "tuku", "khana", "gulo", "gula", "guli")
_SOUND_CASES_OF_COUNTS: Final = ("", "r", "ke", "te", "y")
# "o" has no sound here, "to" would be a mere t, and with "i" shala, shalar would be a salary.
_SOUND_EMPHASES: Final = ("", "re")


def _joined(*parts: tuple[str, ...]) -> set[str]:
    return {"".join(chosen) for chosen in product(*parts)}


def _bangla(*cases: str) -> frozenset[str]:
    endings = _joined(_COUNTS, _CASES_OF_COUNTS, _EMPHASES) | _joined(cases, _EMPHASES)
    return frozenset(map(fold, endings)) - {""}


def _sounds(*cases: str) -> frozenset[str]:
    endings = _joined(_SOUND_COUNTS, _SOUND_CASES_OF_COUNTS, _SOUND_EMPHASES)
    return frozenset(map(latin_sounds, endings | _joined(cases, _SOUND_EMPHASES))) - {""}


_AFTER_VOWELS: Final = _bangla("", "র", "য়", "তে", "কে", "রা", "দের", "দেরকে")
_AFTER_CONSONANTS: Final = _bangla(
    *("", "ের", "ে", "েতে", "কে", "েরা", "দের", "েদের", "দেরকে", "েদেরকে", "্"),
)
_AFTER_LONG_WORDS: Final = _AFTER_CONSONANTS | _bangla("রা")  # শয়তানরা, as one speaks

_SOUNDS_AFTER_VOWELS: Final = _sounds("", "r", "y", "te", "ke", "ra", "der", "derke")
_SOUNDS_AFTER_CONSONANTS: Final = _sounds(
    *("", "er", "e", "ete", "ke", "era", "ra", "der", "eder", "derke", "ederke"),
)
_LATIN: Final = frozenset({"s", "es", "ta", "ti", "gulo", "gula", "guli", "ra", "der", "ke"})


def bangla_endings(word: str) -> frozenset[str]:
    """Return the endings, folded, of `word`, folded; a word of one letter has none."""
    letters = sum(letter not in _BANGLA_SIGN_SET for letter in word)
    if letters < _FEWEST_BANGLA_LETTERS:
        return NO_ENDINGS
    if word[-1] in _BANGLA_VOWELS:
        return _AFTER_VOWELS
    return _AFTER_CONSONANTS if letters == _FEWEST_BANGLA_LETTERS else _AFTER_LONG_WORDS


def latin_endings(word: str) -> frozenset[str]:
    """Return what `word`, folded and of English or Banglish, can take; a short one nothing."""
    if len(word) < _FEWEST_LATIN_LETTERS:
        return NO_ENDINGS
    return _LATIN | {"r"} if word[-1] in "aiou" else _LATIN


def sound_endings(key: str) -> frozenset[str]:
    """Return the endings of the sound of a Bangla word; see banglish."""
    return _SOUNDS_AFTER_VOWELS if key[-1] in "aeiu" else _SOUNDS_AFTER_CONSONANTS
