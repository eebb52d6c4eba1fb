"""Patterns of names that are kept out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from shared.domain import name_patterns
from shared.domain.confusables import confusable_skeleton
from shared.domain.name_patterns import NamePattern, first_match, normalise_pattern
from shared.domain.rules import RuleViolation


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("admin", "ADM1N"),
        ("admin", "аdmіn"),
        ("admin", "ad\u200bmin"),
        ("admin*", "administrator"),
        ("admin*", "Admin"),
        ("*admin*", "the real Admin 7"),
        ("ad?in", "admin"),
        ("ad?in", "adrnin"),
        ("?omin", "momin"),
        ("*n", "barn"),
        ("r*n", "rn"),
        ("বট-*", "বট-৪২"),
        ("?মতা", "ক্ষমতা"),
        ("ক্ষ?তা", "ক্ষমতা"),
        ("রাকি?", "রাকিব"),
        ("র?কিব", "রককিব"),
        ("*স্প্যাম*", "আমি স্প‍্যামার"),
        ("spam ??", "SPAM 07"),
        ("**spam**", "spam"),
        ("ｓｐａｍ＊", "spammer"),
    ],
)
def test_a_name_that_looks_like_the_pattern_matches(pattern: str, name: str) -> None:
    assert NamePattern(pattern).matches(name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("admin", "admins"),
        ("admin", "an admin"),
        ("admin*", "badmin"),
        ("ad?in", "adin"),
        ("ad??in", "admin x"),
        ("spam ??", "spam 7"),
        ("বট-*", "বটগাছ"),
        ("a*b", "ab c"),
        ("a.c", "abc"),
        ("[ab]*", "abc"),
        ("?", ""),
        ("??মতা", "ক্ষমতা"),
        ("রাকিব", "রাকিবা"),
        ("", "a"),
    ],
)
def test_another_name_does_not(pattern: str, name: str) -> None:
    assert not NamePattern(pattern).matches(name)


PIECES = st.text("ab*?", max_size=12)


def matches_slowly(pattern: str, name: str) -> bool:
    """What the words `*` and `?` mean, tried out."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches_slowly(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return bool(name) and pattern[0] in {"?", name[0]} and matches_slowly(pattern[1:], name[1:])


@given(PIECES, st.text("ab", max_size=10))
def test_it_says_what_trying_all_ways_says(pattern: str, name: str) -> None:
    assert NamePattern(pattern).matches(name) == matches_slowly(pattern, name)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_pattern_meets_any_name(pattern: str, name: str) -> None:
    NamePattern(pattern).matches(name)
    if not set(confusable_skeleton(f"_{name}_")) & {"*", "?", " "}:
        assert NamePattern(name).matches(name)
        assert NamePattern(f"*{name}*").matches(name)


class CountingPlaces(dict[str, int]):
    looked_up = 0

    @override
    def get(self, key: str, default: int = 0, /) -> int:  # type: ignore[override]
        self.looked_up += 1
        return super().get(key, default)


@pytest.mark.parametrize(
    "pattern", ["*a" * 50 + "b", "a*" * 50 + "b", "?" * 60 + "*" * 40 + "b", "*" * 100 + "b"]
)
def test_each_character_of_a_name_is_looked_at_once(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = NamePattern(pattern)
    places = CountingPlaces(compiled._exact)
    monkeypatch.setattr(compiled, "_exact", places)

    assert not compiled.matches("a" * 100 + "c")
    assert places.looked_up == 101


def test_the_first_pattern_that_matches_is_told() -> None:
    patterns = [NamePattern(text) for text in ("spam*", "*admin*", "admin")]

    assert first_match(patterns, "Admin") is patterns[1]
    assert first_match(patterns, "রাকিব") is None


@pytest.mark.parametrize(("raw", "text"), [("  admin* ", "admin*"), ("রাকিব  ?", "রাকিব ?")])
def test_a_pattern_is_kept_in_one_form(raw: str, text: str) -> None:
    assert normalise_pattern(raw) == text


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "blank"),
        ("*", "too_broad"),
        ("a*", "too_broad"),
        ("m*", "too_broad"),
        ("?* ?", "too_broad"),
        ("＊＊＊", "too_broad"),
        ("a\x00b", "control_characters"),
        ("a" * 101, "too_long"),
    ],
)
def test_a_pattern_that_matches_everybody_or_nobody_is_refused(raw: str, code: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_pattern(raw)

    assert (caught.value.field, caught.value.code) == (name_patterns.PATTERN_FIELD, code)
