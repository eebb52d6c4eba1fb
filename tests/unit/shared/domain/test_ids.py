"""Identifiers: made, read, refused."""

from __future__ import annotations

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import (
    chosen_request_id,
    is_session_id,
    parse_uuid,
    session_hash,
    uuid7,
    uuid7_micros,
    uuid7_text,
)

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM_BITS = st.integers(0, 2**74 - 1)


def test_the_example_of_rfc_9562_comes_out() -> None:
    random_bits = 0xCC3 << 62 | 0x18C4DC0C0C07398F

    assert uuid7(0x017F22E279B0, random_bits) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(MILLISECONDS, RANDOM_BITS)
def test_a_uuid7_has_its_version_its_variant_and_its_time(now_ms: int, random_bits: int) -> None:
    identifier = uuid7(now_ms, random_bits)

    assert identifier.version == 7
    assert identifier.int >> 62 & 0b11 == 0b10
    assert uuid7_micros(identifier) == now_ms * 1000
    assert uuid7_text(now_ms, random_bits) == str(identifier)


@given(MILLISECONDS, MILLISECONDS, RANDOM_BITS, RANDOM_BITS)
def test_later_ids_sort_later(one: int, other: int, bits: int, other_bits: int) -> None:
    if one != other:
        first, second = uuid7(one, bits), uuid7(other, other_bits)
        assert (first < second) == (one < other)
        assert (str(first) < str(second)) == (one < other)


@given(RANDOM_BITS, RANDOM_BITS)
def test_different_random_bits_give_different_ids(bits: int, other_bits: int) -> None:
    assert (uuid7(0, bits) == uuid7(0, other_bits)) == (bits == other_bits)


@pytest.mark.parametrize(("now_ms", "bits"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**74)])
def test_numbers_that_do_not_fit_a_uuid7_are_refused(now_ms: int, bits: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        uuid7(now_ms, bits)


def test_another_version_has_no_time_to_read() -> None:
    with pytest.raises(ValueError, match="not a UUIDv7"):
        uuid7_micros(UUID("a1b2c3d4-e5f6-4890-9234-567890abcdef"))


@pytest.mark.parametrize(
    "raw",
    [
        "123e4567-e89b-12d3-a456-426614174000",
        "123E4567-E89B-12D3-A456-426614174000",
        "123e4567e89b12d3a456426614174000",
    ],
)
def test_the_usual_spellings_of_a_uuid_are_read(raw: str) -> None:
    assert str(parse_uuid(raw)) == "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "room",
        "{123e4567-e89b-12d3-a456-426614174000}",
        "urn:uuid:123e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-426614174000\n",
        "123e-4567e89b-12d3-a456-426614174000",
        "১২৩e4567-e89b-12d3-a456-426614174000",
        "g23e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_other_spellings_of_a_uuid_are_not(raw: str) -> None:
    assert parse_uuid(raw) is None


@given(st.uuids())
def test_every_uuid_is_read_back(identifier: UUID) -> None:
    assert parse_uuid(str(identifier)) == parse_uuid(identifier.hex) == identifier


def test_a_session_is_known_by_its_sha256() -> None:
    session_id = "a1b2c3d4-e5f6-7890-1234-567890abcdef"

    assert session_hash(session_id) == hashlib.sha256(session_id.encode()).digest()
    assert len(session_hash("\ud800")) == 32


@pytest.mark.parametrize("raw", ["a1b2c3d4-e5f6-7890-1234-567890abcdef", "x" * 16, "~" * 255])
def test_a_well_formed_session_id_is_accepted(raw: str) -> None:
    assert is_session_id(raw)


@pytest.mark.parametrize(
    "raw", ["", "x" * 15, "x" * 256, "x" * 20 + " ", "x" * 20 + "\n", "ক" * 20]
)
def test_a_malformed_session_id_is_not(raw: str) -> None:
    assert not is_session_id(raw)


@pytest.mark.parametrize("given", ["a", "A-b_c.1", "0" * 64])
def test_a_harmless_request_id_is_kept(given: str) -> None:
    assert chosen_request_id(given, "new") == given


@pytest.mark.parametrize("given", [None, "", "a b", "a\nb", "0" * 65, "আ", "a;b", "a\n"])
def test_any_other_request_id_is_replaced(given: str | None) -> None:
    assert chosen_request_id(given, "new") == "new"
