"""Dots in place of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.masking import grapheme_spans, masked
from shared.domain.text import grapheme_count

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
TRICKY = st.text(
    st.one_of(
        st.sampled_from("কষরা্ি\u200c\u200d\u200b\u0301🇧🇩👨👩\ufe0f🏽\r\n \u0600\u1100\u1161"),
        st.characters(),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("bad boy", (0, 3), "••• boy"),
        ("ক্ষমতা", (0, 6), "•••"),
        ("আ ক্ষমতা", (3, 4), "আ •মতা"),
        ("b a\td", (0, 5), "• •\t•"),
        ("b\u200ba\u200dd", (0, 5), "•\u200b••"),
        (f"a{FAMILY}b", (2, 3), "a•b"),
        ("a\r\nb", (0, 4), "•\r\n•"),
    ],
)
def test_each_visible_character_becomes_a_dot(text: str, span: tuple[int, int], shown: str) -> None:
    assert masked(text, grapheme_spans(text, [span])) == shown


def test_spans_come_in_order_and_those_that_overlap_become_one() -> None:
    assert grapheme_spans("abcdefgh", [(5, 7), (0, 2), (1, 3), (3, 4)]) == ((0, 3), (3, 4), (5, 7))
    assert grapheme_spans("কিখি", [(0, 1), (1, 2)]) == ((0, 2),)


@given(TRICKY, st.data())
def test_as_many_characters_are_left_as_there_were(text: str, data: st.DataObject) -> None:
    place = st.integers(0, len(text))
    raw = data.draw(st.lists(st.tuples(place, place).filter(lambda span: span[0] < span[1])))
    spans = grapheme_spans(text, raw)

    assert grapheme_count(masked(text, spans)) == grapheme_count(text)
    assert list(spans) == sorted(spans)
    assert grapheme_spans(text, spans) == spans
