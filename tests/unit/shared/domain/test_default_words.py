"""The list to begin with, against what people say."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.domain.default_words import DEFAULT_WORDS
from shared.domain.word_filter import WordRule, compile_filter, normalise_word

INNOCENT = [
    line
    for line in (Path(__file__).parent / "innocent_sentences.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
FILTER = compile_filter(DEFAULT_WORDS)


def test_the_list_is_small() -> None:
    assert len(DEFAULT_WORDS) <= 16


@pytest.mark.parametrize("rule", DEFAULT_WORDS, ids=lambda rule: rule.text)
def test_its_words_are_as_rules_are_kept_and_found(rule: WordRule) -> None:
    assert normalise_word(rule.text) == rule.text
    assert FILTER.judge(f"তুই {rule.text}!").action == rule.action


@pytest.mark.parametrize(
    "text",
    [
        "haramjada",
        "kuttar baccha",
        "shuorer bacha",
        "beyadob",
        "bodmash",
        "fazil",
        "bekub",
        "1d1ot",
    ],
)
def test_it_knows_them_in_latin_letters(text: str) -> None:
    assert FILTER.judge(text).action is not None


def test_there_are_enough_innocent_sentences() -> None:
    bangla = [line for line in INNOCENT if any("\u0980" <= letter <= "\u09ff" for letter in line)]
    assert len(bangla) >= 200


def test_ordinary_sentences_have_nothing_of_it() -> None:
    assert [line for line in INNOCENT if FILTER.judge(line).spans] == []


def test_ordinary_sentences_in_a_row_have_nothing_of_it() -> None:
    assert FILTER.judge(" ".join(INNOCENT)).action is None
    assert FILTER.judge("\n".join(reversed(INNOCENT))).action is None
