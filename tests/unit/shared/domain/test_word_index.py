"""Looking words up."""

from __future__ import annotations

import pytest

from shared.domain.word_index import HEAD, WordAction, WordIndex, entry_for

ENDINGS = frozenset({"s", "ish"})


def index_of(*keys: str, begins_words: bool = False) -> WordIndex:
    index = WordIndex()
    for key in keys:
        whole = key.replace(" ", "")
        index.add(key, entry_for(whole, WordAction.MASK, ENDINGS, begins_words=begins_words))
    return index


@pytest.mark.parametrize("word", ["fool", "fools", "foolish", "ox", "oxs", "a fool", "a fools"])
def test_a_word_is_found_with_its_endings(word: str) -> None:
    index = index_of("fool", "ox", "a fool")

    assert len(index.find(word)) == 1
    assert word[:HEAD] in index.heads


@pytest.mark.parametrize("word", ["", "f", "foo", "foolery", "afool", "oxen", "a", "fool s"])
def test_a_part_of_a_word_or_a_longer_one_is_not_found(word: str) -> None:
    assert index_of("fool", "ox", "a fool").find(word) == []


def test_what_begins_with_a_word_is_found_if_that_is_meant() -> None:
    index = index_of("fool", begins_words=True)
    assert index.find("foolery")
    assert not index.find("tomfoolery")


def test_nothing_short_stands_for_all_that_begins_with_it() -> None:
    assert not index_of("ox", begins_words=True).find("oxford")


def test_every_rule_of_a_word_is_told() -> None:
    index = index_of("fool")
    index.add("fools", entry_for("fools", WordAction.BLOCK, ENDINGS, begins_words=False))

    assert {entry.action for entry in index.find("fools")} == {WordAction.MASK, WordAction.BLOCK}


def test_a_rule_that_is_there_twice_is_found_once() -> None:
    assert len(index_of("fool", "fool").find("fool")) == 1


def test_phrases_are_known_by_what_they_open_with() -> None:
    index = index_of("son of a fool")

    assert all(opening in index.openings for opening in ("son", "son of", "son of a"))
    assert "son of a fool" not in index.openings


def test_an_empty_index_is_false_and_finds_nothing() -> None:
    assert not WordIndex()
    assert WordIndex().find("fool") == []
