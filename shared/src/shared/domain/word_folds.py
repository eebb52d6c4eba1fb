"""The form in which words are compared by the word filter, and the way back to what was written.

Every code point folds by itself, to some or no characters, whatever stands beside it. So a text
is folded by one `str.translate`, and any place in the result is found again in the original.
In a folded text letters are letters of Bangla, a-z, or of other scripts as they are; white space
is " ", punctuation and symbols are ".", digits are ASCII, and `@ $ € ! |`, which may stand for
letters, are themselves. The whole table, and why, is in ADR-0014.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import accumulate, chain
from typing import Final

import regex

LEET_SYMBOLS: Final = "@$€!|"
SEPARATORS: Final = rf" .{LEET_SYMBOLS}"
"""What a folded text has between words."""
BANGLA_SIGNS: Final = "\u09bc\u09be-\u09cd\u09d7\u09e2\u09e3"
"""Nukta, vowel signs, hasanta: a word never begins with one. For a regular expression's set."""

# Scripts with small and capital letters, Indic ones, punctuation, compatibility forms, emoji and
# tags. What is in none of them folds to itself, Han and Hangul above all.
_FOLDED_RANGES: Final = (
    (0x0000, 0x3040),
    (0xA640, 0xA7FF),
    (0xFB00, 0xFB07),
    (0xFE00, 0xFE70),
    (0xFEFF, 0x10000),
    (0x1D400, 0x1D800),
    (0x1F000, 0x1FB00),
    (0xE0000, 0xE01F0),
)

_DROPPED: Final = regex.compile(
    r"\p{DI}|[\p{sc=Zinh}&&\p{M}]|[\p{Cc}--\s]|[\u2800\ufff9-\ufffb]", regex.V1
)

# Bangla. One sound, or one shape, has one letter here.
_BANGLA: Final = {
    "ী": "ি",
    "ূ": "ু",
    "ঈ": "ই",
    "ঊ": "উ",
    "ণ": "ন",
    "ষ": "শ",
    "ঙ": "ং",
    "ৎ": "ত",
    "ঃ": "",  # often a colon
    "আ": "অা",  # Bijoy's converters write both
    "র": "ব\u09bc",  # fonts draw them alike
    "ৰ": "ব\u09bc",
    "ৱ": "ব\u09bc",
}
# Where whole words differ by it (সব and শব, গাজা and গাঁজা), so not for every rule.
_BANGLA_COARSE: Final = {"স": "শ", "য": "জ", "ঁ": ""}

_SHAPES: Final = (
    ("авекмнорстухѕіјһӏԁԛԝ", "abekmhopctyxsijhldqw"),
    ("αβεζηικμνορτυχ", "abezhikmnoptyx"),
    ("ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz"),
    ("ɑɡıøłđħŧ", "agioldht"),
)
# White letters on black, and the halves of flags.
_LETTERS_BY_NUMBER: Final = (0x1F150, 0x1F170, 0x1F1E6)
_LATIN: Final = {
    **{
        shape: letter
        for shapes, letters in _SHAPES
        for shape, letter in zip(shapes, letters, strict=True)
    },
    **{
        chr(first + place): chr(ord("a") + place)
        for first in _LETTERS_BY_NUMBER
        for place in range(26)
    },
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
}

_WRONG_ORDER: Final = "\u09be\u09c7"  # া + ে, drawn as ো, which folds to ে + া

_LONG_RUN: Final = re.compile(r"(.)\1\1+")
_RUN: Final = re.compile(r"(.)\1+")
_SIGN_RUN: Final = re.compile(rf"([{BANGLA_SIGNS}])\1+")
REPEATED: Final = re.compile(r"([^ .\d])\1")
"""Something stands twice, so `squeezed` may have something to say."""

_LEET: Final = tuple(
    str.maketrans("0345789@$€1!|", f"oeastbgase{3 * letter}") for letter in ("i", "l")
)


def fold(text: str) -> str:
    """Return `text` folded. Linear, and for the most part at the speed of `str.translate`."""
    return _in_order(text.translate(_coarse_table()))


def fold_lightly(text: str) -> str:
    """Return `text` folded, but স and শ, য and জ, and a chandrabindu stay what they are."""
    return _in_order(text.translate(_light_table()))


def folded_places(text: str) -> list[int]:
    """Where in `fold(text)` each code point of `text` begins, and at last where the last ends."""
    table = _coarse_table()
    return [0, *accumulate(len(table.get(ord(character), "?")) for character in text)]


def squeezed(word: str) -> list[tuple[str, bool]]:
    """Return what a folded word may be with drawn-out letters shortened: boookaaa, boka.

    A letter that stands twice is no exaggeration yet (good, god). So the last one is to be
    believed for long words only, where the flag is false.
    """
    plain = _SIGN_RUN.sub(r"\1", word)  # no sign ever stands twice
    drawn_out = _LONG_RUN.search(plain) is not None
    found = [(plain, True)] if plain != word else []
    if drawn_out:
        found += [(_LONG_RUN.sub(r"\1\1", plain), True), (_LONG_RUN.sub(r"\1", plain), True)]
    return [*found, (without_runs(plain), drawn_out)]


def without_runs(word: str) -> str:
    """Return `word` with one of every letter that is repeated: idiiot, idiot."""
    return _RUN.sub(r"\1", word)


def leet_readings(word: str) -> set[str]:
    """Return what a folded word with digits and symbols says: {"shit", "shlt"} of "$h1t"."""
    return {word.strip("!|").translate(table) for table in _LEET}


def _in_order(folded: str) -> str:
    if _WRONG_ORDER in folded:
        return folded.replace(_WRONG_ORDER, _WRONG_ORDER[::-1])
    return folded


@cache
def _light_table() -> dict[int, str]:
    table = {}
    for code in chain.from_iterable(range(*bounds) for bounds in _FOLDED_RANGES):
        character = chr(code)
        folded = _folded(character)
        if folded != character:
            table[code] = folded
    return table


@cache
def _coarse_table() -> dict[int, str]:
    coarse = str.maketrans(_BANGLA_COARSE)
    table = {code: folded.translate(coarse) for code, folded in _light_table().items()}
    return table | {ord(letter): folded for letter, folded in _BANGLA_COARSE.items()}


def _folded(character: str) -> str:
    if character in _LATIN:  # before they are decomposed: some of them are symbols
        return _LATIN[character]
    once = unicodedata.normalize("NFKD", character).casefold()
    return "".join(map(_folded_part, unicodedata.normalize("NFKD", once)))


def _folded_part(character: str) -> str:
    if character in LEET_SYMBOLS:
        return character
    if character.isspace():
        return " "
    if _DROPPED.match(character):
        return ""
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(character)[0] in "PS":
        return "."
    return _BANGLA.get(character, _LATIN.get(character, character))
