"""Names that would pass for the service or for those who run it; nobody may wear them.

Compared by look (see confusables.py), and without what people put around letters to get past a
comparison: spaces, dots, emoji, digits behind the name, digits for letters, letters in boxes.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import regex

from shared.domain import rules
from shared.domain.confusables import confusable_skeleton
from shared.domain.names import USERNAME_FIELD
from shared.domain.rules import RuleViolation

if TYPE_CHECKING:
    from collections.abc import Iterable

REMEMBERED: Final = 4096
"""Names whose judgement is kept: in a storm everybody is called the same."""

_A_TO_Z: Final = range(ord("a"), ord("z") + 1)
_STYLED: Final = {
    first + at: letter
    # 🅐 🅰 🇦 and on; those that NFKC knows (Ⓐ 🄰 𝐀 Ａ) are letters already.
    for first in (0x1F150, 0x1F170, 0x1F1E6)
    for at, letter in enumerate(_A_TO_Z)
} | str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
_DIGITS_FOR_LETTERS: Final = str.maketrans("013457@$€!+", "oieastaseit")
_ORNAMENTS: Final = regex.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
"""Combining marks that belong to no letter of Bangla: a͓d͓m͓i͓n͓."""
_NUMBER: Final = regex.compile(r"(?<![\p{L}\p{M}\p{N}])\p{N}+|\p{N}+(?![\p{L}\p{M}\p{N}])")
"""Before or behind a word: admin007."""
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]+")


class ReservedNames:
    """What a list of names forbids. A `*` behind one forbids it as one word of a name, too."""

    def __init__(self, names: Iterable[str]) -> None:
        looks = {name: "".join(_words(_plain(name))) for name in names}
        self._names = set(looks.values()) - {""}
        self._in_names = {look for name, look in looks.items() if name.endswith("*") and look}
        self.has = lru_cache(REMEMBERED)(self._has)

    def check(self, name: str) -> None:
        """Raises RuleViolation, username and reserved, for a name that is."""
        if self.has(name):
            raise RuleViolation(USERNAME_FIELD, rules.RESERVED)

    def _has(self, name: str) -> bool:
        plain = _plain(name)
        bare = _NUMBER.sub(" ", plain)
        return self._forbids(_words(plain)) or (bare != plain and self._forbids(_words(bare)))

    def _forbids(self, words: list[str]) -> bool:
        if not words:
            return False
        return (
            "".join(words) in self._names
            or not self._in_names.isdisjoint(words)
            or self._names.issuperset(words)
        )


def _plain(name: str) -> str:
    """`name` in letters without style and ornament."""
    return _ORNAMENTS.sub("", unicodedata.normalize("NFKD", name)).translate(_STYLED)


def _words(plain: str) -> list[str]:
    """What a glance reads as words: with digits for letters."""
    return _WORD.findall(confusable_skeleton(plain.translate(_DIGITS_FOR_LETTERS)))


NOTHING_RESERVED: Final = ReservedNames(())
