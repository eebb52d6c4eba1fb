"""Spans of a text on the borders of what readers see, and dots in their place."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

import regex

MASK: Final = "•"

_GRAPHEME: Final = regex.compile(r"\X")
# What shows nothing is no letter to hide: a dot in its place would make the word longer.
_SHOWS_NOTHING: Final = regex.compile(r"[\p{White_Space}\p{DI}\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+")

Span = tuple[int, int]
"""Begin and end in code points, as in a slice."""


def grapheme_spans(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return `spans` widened to whole graphemes, in order, those that meet made one."""
    borders = [0, *(match.end() for match in _GRAPHEME.finditer(text))]
    joined: list[Span] = []
    for start, end in sorted(spans):
        first = borders[bisect_right(borders, start) - 1]
        last = borders[bisect_left(borders, end)]
        if joined and first < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return tuple(joined)


def masked(text: str, spans: Iterable[Span]) -> str:
    """Return `text` with a dot for every grapheme within `spans`; as many graphemes as before.

    White space and what is invisible stays. `spans` are ordered, and of whole graphemes.
    """
    parts = []
    done = 0
    for start, end in spans:
        parts.append(text[done:start])
        parts += map(_hidden, _GRAPHEME.findall(text, start, end))
        done = end
    return "".join([*parts, text[done:]])


def _hidden(grapheme: str) -> str:
    return grapheme if _SHOWS_NOTHING.fullmatch(grapheme) else MASK
