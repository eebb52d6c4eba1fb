"""What a room may be called, say and hold."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.rooms import (
    ROOM_RULES,
    check_max_users,
    default_room_name,
    normalise_description,
    normalise_room_name,
)
from shared.domain.rules import RuleViolation
from shared.domain.text import grapheme_count, utf8_length


def test_a_room_is_named_by_the_rules_of_names() -> None:
    assert normalise_room_name("  সাধারণ   আড্ডা ") == "সাধারণ আড্ডা"

    with pytest.raises(RuleViolation) as caught:
        normalise_room_name("ক" * 101)

    assert (caught.value.field, caught.value.code) == ("name", "too_long")


def test_a_room_opened_by_its_id_is_named_after_it() -> None:
    name = default_room_name(UUID("123e4567-e89b-12d3-a456-426614174000"))

    assert name == "রুম 123e4567"
    assert normalise_room_name(name) == name


@pytest.mark.parametrize("raw", [None, "", " \n ", "\u200b"])
def test_a_description_that_says_nothing_is_none(raw: str | None) -> None:
    assert normalise_description(raw) is None


def test_a_description_keeps_its_lines() -> None:
    assert normalise_description(" প্রথম\r\nদ্বিতীয়\u2028তৃতী\u09df ") == "প্রথম\nদ্বিতীয়\nতৃতীয\u09bc"


@pytest.mark.parametrize("raw", ["a\x00b", "a\x1bb", "a\u202eb", "a\u2066b"])
def test_a_description_with_controls_is_refused(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_description(raw)

    assert (caught.value.field, caught.value.code) == ("description", "control_characters")


@pytest.mark.parametrize(
    ("raw", "unit"),
    [("ক" * 2_001, "graphemes"), (("ক" + "\u0301" * 29) * 1_000, "bytes")],
)
def test_a_description_too_long_for_people_or_machines_is_refused(raw: str, unit: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_description(raw)

    assert (caught.value.field, caught.value.code) == ("description", "too_long")
    assert caught.value.data["unit"] == unit


def test_a_description_of_the_full_length_fits() -> None:
    for letter in ("ক", "স্ত্রী"):
        assert normalise_description(letter * 2_000) == letter * 2_000


@given(st.text(max_size=200))
def test_an_accepted_description_is_within_its_limits_and_stays_as_it_is(raw: str) -> None:
    try:
        text = normalise_description(raw)
    except RuleViolation:
        return

    if text is not None:
        assert grapheme_count(text) <= ROOM_RULES.max_description_graphemes
        assert utf8_length(text) <= ROOM_RULES.max_description_bytes
    assert normalise_description(text) == text


@pytest.mark.parametrize(("raw", "people"), [(2, 2), (100_000, 100_000), ("50", 50), (" 50 ", 50)])
def test_a_capacity_within_the_range_is_taken(raw: object, people: int) -> None:
    assert check_max_users(raw) == people


@pytest.mark.parametrize("raw", [None, True, 2.5, "many", "", "৫০", "1e3", [50]])
def test_a_capacity_that_is_no_integer_is_refused(raw: object) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_max_users(raw)

    assert (caught.value.field, caught.value.code) == ("max_users", "not_a_number")


@pytest.mark.parametrize("raw", [1, 0, -5, 100_001, "999999999999"])
def test_a_capacity_out_of_range_names_the_range(raw: object) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_max_users(raw)

    assert caught.value.code == "out_of_range"
    assert caught.value.data == {"minimum": 2, "maximum": 100_000}


def test_the_default_capacity_is_within_the_range() -> None:
    assert check_max_users(ROOM_RULES.default_max_users) == 100
