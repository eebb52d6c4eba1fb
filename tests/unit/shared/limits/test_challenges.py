from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from altcha import Challenge
from hypothesis import given
from hypothesis import strategies as st
from tests.proof_of_work import proof_of, solved

from shared.domain.effort import LEVELS, Purpose, Wish
from shared.limits.challenges import (
    MOST_PROOF_CHARACTERS,
    VALID_SECONDS,
    Solved,
    make_challenge,
    read_proof,
)
from shared.runtime.clock import SystemClock

SECRET = b"5" * 64
ROOM = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"
WISH = Wish(Purpose.JOIN, ROOM, "name-of-the-day")
NOW = SystemClock().micros() + 24 * 3600 * 1_000_000
"""Ahead of the clock, at which the library looks, too: these tests may run long after this line."""


@pytest.fixture(scope="module")
def challenge() -> Challenge:
    return make_challenge(SECRET, WISH, 0, NOW)


@pytest.fixture(scope="module")
def proof(challenge: Challenge) -> str:
    return proof_of(challenge)


def changed(proof: str, part: str, **fields: Any) -> str:
    """The proof with other values in one of its parts."""
    payload = json.loads(base64.b64decode(proof))
    found = payload
    for name in part.split("."):
        found = found[name]
    found.update(fields)
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_a_solved_challenge_is_a_proof(challenge: Challenge, proof: str) -> None:
    assert read_proof(SECRET, WISH, proof, NOW) == Solved(challenge.parameters.nonce, 0)
    assert len(proof) <= MOST_PROOF_CHARACTERS


@pytest.mark.parametrize(
    "other",
    [
        replace(WISH, purpose=Purpose.USER),
        replace(WISH, room="0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e02"),
        replace(WISH, room=""),
        replace(WISH, address="name-of-a-neighbour"),
        replace(WISH, address=""),
    ],
)
def test_a_proof_is_good_for_its_wish_alone(proof: str, other: Wish) -> None:
    assert read_proof(SECRET, other, proof, NOW) is None


def test_nothing_of_the_wish_can_be_read_from_a_challenge(challenge: Challenge) -> None:
    assert WISH.address not in json.dumps(challenge.to_dict())


def test_a_proof_of_another_day_is_none(proof: str) -> None:
    assert read_proof(b"6" * 64, WISH, proof, NOW) is None


def test_a_proof_is_good_for_two_minutes(proof: str) -> None:
    assert read_proof(SECRET, WISH, proof, NOW + (VALID_SECONDS - 2) * 1_000_000) is not None
    assert read_proof(SECRET, WISH, proof, NOW + (VALID_SECONDS + 1) * 1_000_000) is None


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        ("challenge.parameters", {"expiresAt": 4_000_000_000}),
        ("challenge.parameters", {"cost": 1}),
        ("challenge.parameters", {"keyPrefix": "00"}),
        ("challenge.parameters", {"nonce": "0" * 32}),
        ("challenge.parameters", {"keySignature": None}),
        ("challenge.parameters.data", {"level": 3}),
        ("challenge", {"signature": "0" * 64}),
        ("challenge", {"signature": None}),
        ("solution", {"derivedKey": "0" * 64}),
        ("solution", {"derivedKey": 7}),
    ],
)
def test_what_was_changed_in_any_part_is_no_proof(
    proof: str, part: str, fields: dict[str, Any]
) -> None:
    assert read_proof(SECRET, WISH, proof, NOW) is not None
    assert read_proof(SECRET, WISH, changed(proof, part, **fields), NOW) is None


def test_a_proof_that_is_blown_up_is_not_even_read(proof: str) -> None:
    inside = base64.b64decode(proof)
    longer = base64.b64encode(inside + b" " * 300).decode()
    assert read_proof(SECRET, WISH, longer, NOW) is not None
    longer = base64.b64encode(inside + b" " * MOST_PROOF_CHARACTERS).decode()
    assert read_proof(SECRET, WISH, longer, NOW) is None


def test_a_challenge_says_how_hard_it_is() -> None:
    for level, most in enumerate(LEVELS):
        made = make_challenge(SECRET, WISH, level, NOW)
        assert made.parameters.data == {"level": level, "most": most}


def test_the_solution_lies_below_what_was_said() -> None:
    for _ in range(3):
        payload = solved(make_challenge(SECRET, WISH, 0, NOW))
        assert 0 <= payload.solution.counter < LEVELS[0]


def test_no_two_challenges_are_the_same() -> None:
    nonces = {make_challenge(SECRET, WISH, 0, NOW).parameters.nonce for _ in range(20)}
    assert len(nonces) == 20


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["challenge", "solution", "parameters", "signature", "data", "algorithm", "nonce"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_somebody_sends_is_read_or_refused(value: Any) -> None:
    text = base64.b64encode(json.dumps(value).encode()).decode()
    assert read_proof(SECRET, WISH, text, NOW) is None


@given(st.text(max_size=64))
def test_whatever_text_somebody_sends_is_refused(text: str) -> None:
    assert read_proof(SECRET, WISH, text, NOW) is None


@pytest.mark.parametrize("text", ["", "[" * 3000, base64.b64encode(b"[" * 1400).decode()])
def test_what_is_empty_too_long_or_too_deep_is_refused(text: str) -> None:
    assert read_proof(SECRET, WISH, text, NOW) is None
