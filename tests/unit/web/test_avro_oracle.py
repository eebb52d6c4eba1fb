"""The Bangla which the typing tests of the page compare with is that of avro-py, as installed."""

from __future__ import annotations

import importlib.util
import json
import re
from types import ModuleType

import pytest
from tests.conftest import ROOT

FOLDER = ROOT / "gateway" / "web" / "tests" / "avro"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """write_words.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("write_words", FOLDER / "write_words.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_words_are_what_avro_py_writes_now(generator: ModuleType) -> None:
    committed = (FOLDER / "words.json").read_text(encoding="utf-8")
    assert json.loads(committed) == [list(pair) for pair in generator.pairs()]
    assert committed == generator.as_text(generator.pairs())


def test_the_words_are_many_and_none_is_told_twice(generator: ModuleType) -> None:
    words, sentences = generator.romanised()
    romans = [roman for roman, _ in generator.pairs()]
    assert len(words) >= 1200
    assert len(sentences) >= 30
    assert len(romans) >= 2200
    assert len(set(romans)) == len(romans)


def test_the_words_are_typed_with_the_keys_of_a_roman_keyboard(generator: ModuleType) -> None:
    words, sentences = generator.romanised()
    assert [one for one in (*words, *sentences) if not re.fullmatch(r"[ -~]+", one)] == []
