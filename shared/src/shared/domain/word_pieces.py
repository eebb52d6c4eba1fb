"""Cuts folded texts into what may be words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from shared.domain.masking import Span
from shared.domain.spelled_out import Piece, spelled_out
from shared.domain.word_folds import BANGLA_SIGNS, LEET_SYMBOLS, SEPARATORS, fold, leet_readings

# A sign that stands apart belongs to the letter before it: no word begins with one.
_WORD: Final = re.compile(
    f"[^{SEPARATORS}]++(?:[{SEPARATORS}]++[{BANGLA_SIGNS}][^{SEPARATORS}]*+)*+"
)
_SIGN_APART: Final = re.compile(f"[{SEPARATORS}][{BANGLA_SIGNS}]")
_GAPS: Final = re.compile(f"[{SEPARATORS}]+")
# Between white space, words with something else than letters between them.
_GLUED: Final = re.compile(
    f"(?<![^{SEPARATORS}])[^{SEPARATORS}]++(?:[.{LEET_SYMBOLS}]++[^{SEPARATORS}]++)++"
)
_CHUNK: Final = re.compile("[^ .]+")
# Most texts have none of these: one fast look spares them the work.
_MAYBE_GLUED: Final = re.compile(f"[.{LEET_SYMBOLS}][^{SEPARATORS}]")
LATIN: Final = re.compile("[a-z]")
"""Whether a folded text has Latin letters."""
_LEET: Final = re.compile(f"[0-9{LEET_SYMBOLS}]")


def words_of(folded: str) -> list[str]:
    """Return the words of a folded text in order."""
    words: list[str] = _WORD.findall(folded)
    return list(map(without_gaps, words)) if _SIGN_APART.search(folded) else words


def word_spans(folded: str) -> list[Span]:
    """Return where the words are that words_of returns."""
    return [match.span() for match in _WORD.finditer(folded)]


def disguised(folded: str) -> list[Piece]:
    """Return what else may be a word of a folded text, if one sees through what is done to it."""
    return [*_leet(folded), *_glued(folded), *spelled_out(folded)]


def rule_words(text: str) -> list[str]:
    """Return the folded words of a rule; in one like "a$$" the symbols are letters."""
    chunks = _CHUNK.findall(fold(text))
    read = [min(leet_readings(chunk)) if _is_leet(chunk) else chunk for chunk in chunks]
    return [word for chunk in read for word in words_of(chunk)]


def without_gaps(text: str) -> str:
    """Return a part of a folded text without what stands between words."""
    return _GAPS.sub("", text)


def _leet(folded: str) -> Iterator[Piece]:
    if not _is_leet(folded):
        return
    for match in _CHUNK.finditer(folded):
        if _is_leet(match[0]):
            for reading in leet_readings(match[0]):
                yield Piece(reading, match.start(), match.end())


def _is_leet(chunk: str) -> bool:
    return LATIN.search(chunk) is not None and _LEET.search(chunk) is not None


def _glued(folded: str) -> Iterator[Piece]:
    if not _MAYBE_GLUED.search(folded):
        return
    for match in _GLUED.finditer(folded):
        yield Piece(without_gaps(match[0]), match.start(), match.end())
        parts = [
            Piece(part[0], match.start() + part.start(), match.start() + part.end())
            for part in _WORD.finditer(match[0])
        ]
        if len(parts) > 2:  # noqa: PLR2004  # else they are the whole
            for one, other in pairwise(parts):
                yield Piece(one.text + other.text, one.start, other.end)
