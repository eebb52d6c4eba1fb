"""The words that a list forbids, by the key under which they are looked up."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HEAD: Final = 3
_SHORTEST_COMPOUND: Final = 6
_SHORTEST_LONG_WORD: Final = 5


class WordAction(StrEnum):
    """What becomes of a message with the word; the later one is the stronger one."""

    MASK = "mask"
    HOLD = "hold"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Entry:
    """A forbidden word under one of its keys."""

    action: WordAction
    endings: frozenset[str]
    """With which it is still that word."""
    is_long: bool = False
    """A double letter more or less does not make another word of it."""
    is_compound: bool = False
    """So long that two words in a row which make it are it."""
    begins_words: bool = False
    """Whatever begins with it is meant."""
    spelling: str | None = None
    """For a word that others are mistaken for when letters are folded: what it must begin with."""


def entry_for(
    key: str,
    action: WordAction,
    endings: frozenset[str],
    *,
    begins_words: bool,
    spelling: str | None = None,
) -> Entry:
    """Return the entry of a word whose key, without spaces, is `key`."""
    return Entry(
        action,
        endings,
        is_long=len(key) >= _SHORTEST_LONG_WORD,
        is_compound=len(key) >= _SHORTEST_COMPOUND,
        begins_words=begins_words and len(key) >= HEAD,
        spelling=spelling,
    )


class WordIndex:
    """Looks words up; what that costs depends on the word alone, not on how many are forbidden."""

    __slots__ = ("_entries", "_lengths", "_openings")

    def __init__(self) -> None:
        self._entries: dict[str, list[Entry]] = {}
        self._lengths: dict[str, list[int]] = {}
        """Of the keys with this head."""
        self._openings: set[str] = set()
        """Of phrases: their first word, their first two, …"""

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, key: str, entry: Entry) -> None:
        """Forbid `key`: a word, or a phrase with single spaces."""
        entries = self._entries.setdefault(key, [])
        if entry not in entries:  # a list that says one thing a thousand times costs no more
            entries.append(entry)
        endings = ("", *entry.endings) if len(key) < HEAD else ("",)
        for head in {(key + ending)[:HEAD] for ending in endings}:
            lengths = self._lengths.setdefault(head, [])
            if len(key) not in lengths:
                lengths.append(len(key))
        place = key.find(" ")
        while place != -1:
            self._openings.add(key[:place])
            place = key.find(" ", place + 1)

    def find(self, word: str) -> list[Entry]:
        """Return what `word`, a word or a phrase, is, with an ending or without."""
        found: list[Entry] = []
        for length in self._lengths.get(word[:HEAD], ()):
            for entry in self._entries.get(word[:length], ()):
                ending = word[length:]
                if not ending or ending in entry.endings or entry.begins_words:
                    found.append(entry)
        return found

    @property
    def heads(self) -> Container[str]:
        """What the first HEAD letters of a word must be, so that it may be found."""
        return self._lengths

    @property
    def openings(self) -> Container[str]:
        """What phrases begin with: one word or more, but not all."""
        return self._openings
