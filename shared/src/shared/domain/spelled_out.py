"""Words whose letters stand apart: "b a d", "b.a.d", "ব া জ ে". Found in folded texts.

Single letters in a row are what to look at. Such a row says one word, or a few with wider gaps
between them, perhaps with ordinary words of one letter at its ends ("u r b a d", "বো কা রে"). Never
is a word looked for in the middle of others, so "c l a s s" is no insult, and the work for a row
grows with its length only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from shared.domain.word_folds import BANGLA_SIGNS, SEPARATORS, fold, leet_readings

LONGEST_ROW: Final = 40
"""Letters of a row that are read as one word; so much has the longest rule that is worth it."""
_MOST_BESIDE: Final = 4
_FEWEST_LATIN_LETTERS: Final = 3

_GAP: Final = f"[{SEPARATORS}]"
_LETTER: Final = "[\u0985-\u09b9]\u09bc?+"
# A letter of Bangla with what is written on and below it; each of them may stand apart as well.
_BANGLA_UNIT: Final = (
    f"{_LETTER}(?:{_GAP}*+\u09cd{_GAP}*+{_LETTER})*+(?:{_GAP}*+[{BANGLA_SIGNS}])*+"
)
# From the gap on, since what has none before it is passed over fast; from the gap's beginning,
# since a long one must not be tried from each of its places.
_BETWEEN: Final = f"(?<!{_GAP}){_GAP}++"
_UNIT: Final = re.compile(f"{_BETWEEN}({_BANGLA_UNIT}|([a-z0-9])\\2*+)(?![^{SEPARATORS}])")
_GAPS: Final = re.compile(f"{_GAP}+")

# Words of one letter that people write, in rows, without spelling anything.
_BANGLA_WORDS: Final = (
    "অ আ ই উ এ ও কি কী কে খা গো ঘা চা ছি জা জি টা টি ডি তা তে তো দা দি দু দে না নি নে পা পি বা বি ভি "
    "মা যা যে রে সি সে হা হে হ্যাঁ"
)
_ORDINARY: Final = frozenset({*"aekioru0123456789", *map(fold, _BANGLA_WORDS.split())})


class Piece(NamedTuple):
    """A letter or word, with its place in the folded text."""

    text: str
    start: int
    end: int


class _Letter(NamedTuple):
    text: str
    start: int
    end: int
    is_ordinary: bool


def spelled_out(folded: str) -> Iterator[Piece]:
    """Yield what rows of single letters may say, each reading with its place."""
    for row in _rows(folded):
        for part in _parts(row):
            yield from _readings(part)


def _rows(folded: str) -> Iterator[list[_Letter]]:
    row: list[_Letter] = []
    for match in _UNIT.finditer(f" {folded}"):
        if row and row[-1].end != match.start() - 1:  # a word of more letters is between them
            if len(row) > 1:
                yield row
            row = []
        text = match[2] or _GAPS.sub("", match[1])
        # A sign that stands apart from its letter is never ordinary.
        is_ordinary = (match[2] or match[1]) in _ORDINARY
        row.append(_Letter(text, match.start(1) - 1, match.end() - 1, is_ordinary=is_ordinary))
    if len(row) > 1:
        yield row


def _parts(row: list[_Letter]) -> Iterator[list[_Letter]]:
    """The row, and if its gaps differ also what stands between the wider ones."""
    yield row
    gaps = [after.start - before.end for before, after in pairwise(row)]
    narrow = min(gaps)
    if max(gaps) == narrow:
        return
    first = 0
    for place, gap in enumerate([*gaps, narrow + 1], 1):
        if gap > narrow:
            if place - first > 1:
                yield row[first:place]
            first = place


def _readings(part: list[_Letter]) -> Iterator[Piece]:
    starts = _ordinary_at_start(part)
    ends = _ordinary_at_start(part[::-1])
    for start in range(starts + 1):
        for end in range(len(part) - ends, len(part) + 1):
            units = part[start:end]
            if 1 < len(units) <= LONGEST_ROW and not all(unit.is_ordinary for unit in units):
                yield from _words(units)


def _words(units: list[_Letter]) -> Iterator[Piece]:
    word = "".join(unit.text for unit in units)
    if not word.isascii():
        yield Piece(word, units[0].start, units[-1].end)
    elif len(word) >= _FEWEST_LATIN_LETTERS:
        for reading in {word, *leet_readings(word)}:
            yield Piece(reading, units[0].start, units[-1].end)


def _ordinary_at_start(units: list[_Letter]) -> int:
    for place, unit in enumerate(units[:_MOST_BESIDE]):
        if not unit.is_ordinary:
            return place
    return min(len(units), _MOST_BESIDE)
