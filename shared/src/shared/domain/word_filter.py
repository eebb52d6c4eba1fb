"""Finds words that a list forbids, however they are dressed up. Pure; the list is handed in.

A text is folded (word_folds) and cut into words. Each is looked up (word_index) with an ending or
without (word_endings), and in Latin letters by its sound as well (banglish), after letters that
others stand for, inner punctuation, letters that stand apart (spelled_out) and drawn-out ones are
seen through. Words are looked up, not searched for: nothing is found within another word,
and the work does not grow with the list. What is found, what is not, what it costs: ADR-0014.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import regex

from shared.domain import rules
from shared.domain.banglish import bangla_sounds, latin_sounds
from shared.domain.masking import Span, grapheme_spans, masked
from shared.domain.rules import RuleViolation
from shared.domain.text import exceeds_graphemes, nfc, strip_blank
from shared.domain.word_endings import bangla_endings, latin_endings, sound_endings
from shared.domain.word_folds import (
    REPEATED,
    fold,
    fold_lightly,
    folded_places,
    squeezed,
    without_runs,
)
from shared.domain.word_index import HEAD, Entry, WordAction, WordIndex, entry_for
from shared.domain.word_pieces import (
    LATIN,
    disguised,
    rule_words,
    without_gaps,
    word_spans,
    words_of,
)

WORD_FIELD: Final = "word"
MAX_WORD_GRAPHEMES: Final = 60
MAX_WORDS: Final = 6
"""Of a phrase; of a longer one what it is without its spaces is found."""
ANY_ENDING: Final = "*"
_FEWEST_LETTERS_BEFORE_ANY_ENDING: Final = 3
_FEWEST_SOUNDS_BEFORE_ANY_ENDING: Final = 5
_SHORT_WORD: Final = 4
_NUKTA: Final = "\u09bc"
_CHANDRABINDU: Final = "ঁ"

_BANGLA: Final = regex.compile(r"\p{sc=Beng}")
_NO_LETTERS: Final = regex.compile(r"[\p{P}\p{S}\s]+")
_STRENGTH: Final = {action: strength for strength, action in enumerate(WordAction)}


@dataclass(frozen=True, slots=True)
class WordRule:
    """A forbidden word or phrase, and what becomes of messages with it.

    With * at its end everything that begins with it is meant, else the word and its inflection.
    """

    text: str
    action: WordAction


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a filter says of one text.

    Attributes:
        action: the strongest of the words that were found; None if there are none.
        spans: where they stand, in code points of the text, whole graphemes, in order, none
            touching another's graphemes.

    """

    action: WordAction | None
    spans: tuple[Span, ...]

    def masked(self, content: str) -> str:
        """Return the judged `content` with a dot for each grapheme of the words; as long as it."""
        return masked(content, self.spans)


CLEAN: Final = Verdict(None, ())


class WordFilter:
    """A compiled list. Never changes; may be used by many at once."""

    __slots__ = ("_sounds", "_spellings", "rules")

    def __init__(
        self, spellings: WordIndex, sounds: WordIndex, rules: frozenset[WordRule] = frozenset()
    ) -> None:
        """Made by compile_filter, of these `rules`."""
        self.rules = rules
        self._spellings = spellings
        self._sounds = sounds

    def __bool__(self) -> bool:
        """Is there any word on the list?"""
        return bool(self._spellings)

    def judge(self, content: str) -> Verdict:
        """Return what is found in `content`, any text. Raises nothing."""
        if not self._spellings:
            return CLEAN
        folded = fold(content)
        words, disguises = words_of(folded), disguised(folded)
        others = [piece.text for piece in disguises]
        in_words = _in_words(self._spellings, words)
        in_others = _in_words(self._spellings, others, alone=True)
        if REPEATED.search(folded):
            in_words += _drawn_out(self._spellings, words)
            in_others += _drawn_out(self._spellings, others)
        if self._sounds and LATIN.search(folded):
            in_words += _in_words(self._sounds, _sounded(words))
            in_others += _in_words(self._sounds, _sounded(others), alone=True)
        if not in_words and not in_others:
            return CLEAN
        spans = word_spans(folded)
        found = [(entry, spans[first][0], spans[last][1]) for entry, first, last in in_words]
        found += [(entry, disguises[at].start, disguises[at].end) for entry, at, _ in in_others]
        return _verdict(content, found)


def normalise_word(raw: str) -> str:
    """Return the text of a rule as it is kept and shown: NFC, single spaces.

    Raises:
        RuleViolation: word; blank (no letter or digit in it), too_long (60 graphemes), or
            too_broad (fewer than three letters before the *).

    """
    text = " ".join(nfc(strip_blank(raw)).split())
    if exceeds_graphemes(text, MAX_WORD_GRAPHEMES):
        limit = MAX_WORD_GRAPHEMES
        raise RuleViolation(WORD_FIELD, rules.TOO_LONG, limit=limit, unit="graphemes")
    words = rule_words(text)
    letters = "".join(words)
    if not letters:
        raise RuleViolation(WORD_FIELD, rules.BLANK)
    if len(words) > MAX_WORDS:
        raise RuleViolation(WORD_FIELD, rules.TOO_LONG, limit=MAX_WORDS, unit="words")
    if text.endswith(ANY_ENDING) and len(letters) < _FEWEST_LETTERS_BEFORE_ANY_ENDING:
        minimum = _FEWEST_LETTERS_BEFORE_ANY_ENDING
        raise RuleViolation(WORD_FIELD, rules.TOO_BROAD, minimum=minimum)
    return text


def compile_filter(word_rules: Iterable[WordRule]) -> WordFilter:
    """Return the filter of these rules, in any order. A rule without a letter finds nothing."""
    spellings, sounds = WordIndex(), WordIndex()
    made_of = tuple(word_rules)
    for rule in made_of:
        add_rule(spellings, sounds, rule)
    return WordFilter(spellings, sounds, frozenset(made_of))


def add_rule(spellings: WordIndex, sounds: WordIndex, rule: WordRule) -> None:
    """Put a rule into the indexes that a filter is made of."""
    body = rule.text.rstrip(f"{ANY_ENDING} ")
    is_open = rule.text.rstrip().endswith(ANY_ENDING)
    words = rule_words(body)
    if not words:
        return
    is_bangla = _BANGLA.search(body) is not None
    _add_spellings(spellings, body, words, rule.action, is_bangla=is_bangla, is_open=is_open)
    if is_bangla:
        _add_sounds(sounds, body, rule.action, is_open=is_open)


_Found = tuple[Entry, int, int]
"""With its first and last word, counted from 0, or with its place in the folded text."""


def _add_spellings(
    index: WordIndex,
    body: str,
    words: list[str],
    action: WordAction,
    *,
    is_bangla: bool,
    is_open: bool,
) -> None:
    whole = "".join(words)
    entry = entry_for(
        whole,
        action,
        bangla_endings(whole) if is_bangla else latin_endings(whole),
        begins_words=is_open,
        spelling=_careful_spelling(body, whole) if is_bangla else None,
    )
    keys = {whole, " ".join(words)} if len(words) <= MAX_WORDS else {whole}
    if entry.is_long:
        keys |= set(map(without_runs, keys))
    for key in keys:
        index.add(key, entry)


def _add_sounds(index: WordIndex, body: str, action: WordAction, *, is_open: bool) -> None:
    for key in bangla_sounds(_NO_LETTERS.sub(" ", body).strip()):
        if key.count(" ") >= MAX_WORDS:
            continue
        whole = key.replace(" ", "")
        begins_words = is_open and len(whole) >= _FEWEST_SOUNDS_BEFORE_ANY_ENDING
        index.add(key, entry_for(whole, action, sound_endings(key), begins_words=begins_words))


def _careful_spelling(body: str, whole: str) -> str | None:
    """What a text must begin with, for words that folding makes too many others' equal."""
    if len(whole.replace(_NUKTA, "")) >= _SHORT_WORD and _CHANDRABINDU not in body:
        return None
    return without_runs(without_gaps(fold_lightly(body)))


def _is_spelled(spelling: str, written: str) -> bool:
    read = without_runs(without_gaps(fold_lightly(written)))
    if _CHANDRABINDU not in spelling:
        read = read.replace(_CHANDRABINDU, "")
    return read.startswith(spelling)


def _sounded(words: Sequence[str]) -> list[str]:
    """The sounds of those in Latin letters, nothing for the others; as many as before."""
    latin = [word if word.isascii() and word.isalpha() else "" for word in words]
    sounds = iter(latin_sounds(" ".join(filter(None, latin))).split(" "))
    return [next(sounds) if word else "" for word in latin]


def _in_words(index: WordIndex, words: Sequence[str], *, alone: bool = False) -> list[_Found]:
    """What is in these words; unless each is `alone`, in what they make in a row as well."""
    heads = index.heads
    places = [place for place, word in enumerate(words) if word[:HEAD] in heads]
    found = [(entry, place, place) for place in places for entry in index.find(words[place])]
    if not alone:
        found += chain(_phrases(index, words), _compounds(index, words, places))
    return found


def _drawn_out(index: WordIndex, words: Sequence[str]) -> Iterator[_Found]:
    for place, word in enumerate(words):
        if REPEATED.search(word):
            for shorter, is_sure in squeezed(word):
                for entry in index.find(shorter):
                    if is_sure or entry.is_long:
                        yield entry, place, place


def _phrases(index: WordIndex, words: Sequence[str]) -> Iterator[_Found]:
    openings = index.openings
    for first, word in enumerate(words):
        phrase, last = word, first
        while phrase in openings and last + 1 < len(words):
            last += 1
            phrase = f"{phrase} {words[last]}"
            for entry in index.find(phrase):
                yield entry, first, last


def _compounds(index: WordIndex, words: Sequence[str], places: Iterable[int]) -> Iterator[_Found]:
    """Long words that are written as two, of which the first is at one of `places`."""
    for first in places:
        if first + 1 < len(words) and words[first + 1]:
            for entry in index.find(words[first] + words[first + 1]):
                if entry.is_compound and not entry.begins_words:
                    yield entry, first, first + 1


def _verdict(content: str, found: Iterable[_Found]) -> Verdict:
    """Back to the text as it was written, whose spelling may yet say that it is another word."""
    folded_at = folded_places(content)
    actions: list[WordAction] = []
    spans: list[Span] = []
    for entry, start, end in found:
        span = bisect_right(folded_at, start) - 1, bisect_left(folded_at, end)
        if entry.spelling is None or _is_spelled(entry.spelling, content[slice(*span)]):
            actions.append(entry.action)
            spans.append(span)
    if not actions:
        return CLEAN
    return Verdict(max(actions, key=_STRENGTH.__getitem__), grapheme_spans(content, spans))
