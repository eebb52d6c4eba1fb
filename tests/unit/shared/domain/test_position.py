"""Positions that clients hand back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.position import MAX_SEQ, Position, parse_position
from shared.domain.rules import RuleViolation


@given(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True), st.integers(0, MAX_SEQ))
def test_a_position_that_was_given_out_is_read_back(epoch: str, seq: int) -> None:
    assert parse_position(epoch, str(seq)) == Position(epoch, seq)


@pytest.mark.parametrize(("epoch", "since"), [(None, None), ("", ""), (None, "")])
def test_a_first_connection_has_no_position(epoch: str | None, since: str | None) -> None:
    assert parse_position(epoch, since) is None


@pytest.mark.parametrize(
    ("epoch", "since", "field", "code"),
    [
        ("e1", None, "since", "blank"),
        (None, "5", "epoch", "blank"),
        ("e 1", "5", "epoch", "malformed"),
        ("e1\n", "5", "epoch", "malformed"),
        ("x" * 65, "5", "epoch", "malformed"),
        ("e1", "-1", "since", "not_a_number"),
        ("e1", "5.0", "since", "not_a_number"),
        ("e1", "৫", "since", "not_a_number"),
        ("e1", "9" * 5_000, "since", "not_a_number"),
        ("e1", str(MAX_SEQ + 1), "since", "out_of_range"),
    ],
)
def test_half_or_broken_positions_are_refused(
    epoch: str | None,
    since: str | None,
    field: str,
    code: str,
) -> None:
    with pytest.raises(RuleViolation) as caught:
        parse_position(epoch, since)

    assert (caught.value.field, caught.value.code) == (field, code)
