"""Cutting texts into words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.word_folds import fold
from shared.domain.word_pieces import disguised, rule_words, word_spans, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("তুমি কেমন আছ?", "তুমি কেমন আছ"),
        ("a,b;c", "a b c"),
        ("bad!bad", "bad bad"),
        ("মহিলা ব াজে", "মহিলা বাজে"),
        ("ক.্ষমতা", "ক্ষমতা"),
        ("b😀d", "b d"),
        ("  ", ""),
    ],
)
def test_words_are_what_stands_between_other_things(text: str, words: str) -> None:
    assert words_of(fold(text)) == [fold(word) for word in words.split()]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("b@d", "bad"),
        ("@ss", "ass"),
        ("a$$!", "ass"),
        ("1diot", "idiot"),
        ("b.ad", "bad"),
        ("বা-জে", "বাজে"),
        ("ba-d,you", "bad"),
        ("b a d", "bad"),
    ],
)
def test_disguises_are_seen_through(text: str, word: str) -> None:
    assert fold(word) in {piece.text for piece in disguised(fold(text))}


@pytest.mark.parametrize("text", ["bad", "একটি সাধারণ কথা।", "455", "১৬ ডিসেম্বর", "ba d", "!!", "$ 5"])
def test_ordinary_writing_is_no_disguise(text: str) -> None:
    assert disguised(fold(text)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [("a$$", ["ass"]), ("son-of a gun", ["son", "of", "a", "gun"]), ("420", ["420"]), ("?!", [])],
)
def test_a_rule_is_read_as_texts_are(text: str, words: list[str]) -> None:
    assert rule_words(text) == words


@given(st.text(st.sampled_from("ab1বা্ক .!@\u200d"), max_size=60) | st.text())
def test_every_word_and_disguise_has_its_place(text: str) -> None:
    folded = fold(text)
    words = words_of(folded)
    spans = word_spans(folded)

    assert len(words) == len(spans)
    assert all(words)
    for piece in disguised(folded):
        assert 0 <= piece.start < piece.end <= len(folded)
