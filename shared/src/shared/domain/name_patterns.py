"""Patterns for names that are kept out: `*` is anything, `?` one character, the rest look-alikes.

Matched by a set of places in the pattern that moves over the name once (Shift-And), so no pattern
can make it slow. A regular expression, which `fnmatch` makes of patterns as well, tries the ways to
share a name among many stars one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import regex

from shared.domain import rules
from shared.domain.confusables import confusable_skeleton
from shared.domain.names import normalise_name
from shared.domain.rules import RuleViolation

PATTERN_FIELD: Final = "pattern"
ANY: Final = "*"
ONE: Final = "?"
FEWEST_LETTERS: Final = 2

_GRAPHEME: Final = regex.compile(r"\X")
_WILDCARDS: Final = {ord(wildcard): "" for wildcard in (ANY, ONE, " ", "＊", "？")}
# What the skeleton makes of m, which is one character all the same.
_R, _N = "rn"


class NamePattern:
    """A compiled pattern; matches whole names. Never changes."""

    __slots__ = ("_any", "_end", "_exact", "_one", "text")

    def __init__(self, text: str) -> None:
        """Compile `text`, as normalise_pattern returns it, or any other text."""
        self.text = text
        # Places in the pattern are bits: n is after its nth code point, stars not counted.
        self._any = 0
        self._one = 0
        self._exact: dict[str, int] = {}
        place = 1
        for character in confusable_skeleton(text):
            if character == ANY:
                self._any |= place
                continue
            if character == ONE:
                self._one |= place
            else:
                self._exact[character] = self._exact.get(character, 0) | place
            place <<= 1
        self._end = place

    def matches(self, name: str) -> bool:
        """Return whether the whole of `name` looks like the pattern."""
        return self._matches(_code_points(name))

    def _matches(self, name: Sequence[tuple[str, bool]]) -> bool:
        reached, before_one, previous = 1, 0, ""
        for character, is_first in name:
            stepped = (reached & self._exact.get(character, 0)) << 1 | reached & self._any
            if is_first:
                one = (reached & self._one) << 1
                stepped |= one
                if character == _N and previous == _R:
                    stepped |= before_one
                before_one = one
            else:  # belongs to what ? has taken already
                stepped |= before_one
            reached, previous = stepped, character
        return reached & self._end != 0


def first_match(patterns: Iterable[NamePattern], name: str) -> NamePattern | None:
    """Return the first pattern that matches; what a name looks like is found out once for all."""
    code_points = _code_points(name)
    return next((one for one in patterns if one._matches(code_points)), None)  # noqa: SLF001  # ours


def normalise_pattern(raw: str) -> str:
    """Return the pattern as it is kept and shown; the rules of names, and one more.

    Raises:
        RuleViolation: pattern; as normalise_name, or too_broad: fewer than two characters that
            are no wildcards.

    """
    text = normalise_name(raw, field=PATTERN_FIELD)
    if len(_GRAPHEME.findall(text.translate(_WILDCARDS))) < FEWEST_LETTERS:
        raise RuleViolation(PATTERN_FIELD, rules.TOO_BROAD, minimum=FEWEST_LETTERS)
    return text


def _code_points(name: str) -> list[tuple[str, bool]]:
    """Those of the skeleton, each with whether it is the first of what a reader sees as one."""
    return [
        (character, place == 0)
        for match in _GRAPHEME.finditer(confusable_skeleton(name))
        for place, character in enumerate(match[0])
    ]
