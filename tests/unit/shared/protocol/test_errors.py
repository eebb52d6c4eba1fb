from __future__ import annotations

import pytest

from shared.domain.rules import RULE_CODES
from shared.protocol.close_codes import CLOSES, MAX_REASON_BYTES, CloseCode, close_text
from shared.protocol.errors import (
    ERRORS,
    FIELD_TEXTS,
    ErrorCode,
    Unavailable,
    ValidationFailed,
    language_of,
)


def test_every_code_has_a_row_with_both_texts() -> None:
    assert set(ERRORS) == set(ErrorCode)
    assert all(info.bn and info.en for info in ERRORS.values())


def test_every_close_code_has_a_row_and_its_own_label() -> None:
    assert set(CLOSES) == set(CloseCode)
    assert len({info.label for info in CLOSES.values()}) == len(CLOSES)


def test_codes_to_reconnect_on_are_those_of_the_contract() -> None:
    assert {int(code) for code, info in CLOSES.items() if info.reconnect} == {
        1012,
        1013,
        4100,
        4101,
        4102,
    }


def test_every_rule_of_the_domain_has_a_text() -> None:
    assert set(FIELD_TEXTS) >= RULE_CODES


def test_field_texts_are_in_the_readers_language() -> None:
    error = ValidationFailed.of("username", "blank")
    assert error.field_texts("bn") == {"username": ["ফাঁকা রাখা যাবে না"]}
    assert error.field_texts("en") == {"username": ["May not be blank"]}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "bn"),
        ("", "bn"),
        ("bn-BD,bn;q=0.9,en;q=0.8", "bn"),
        ("en-GB,en;q=0.9", "en"),
        ("en;q=0.5, bn;q=0.9", "bn"),
        ("fr,de;q=0.5", "bn"),
        ("en;q=x", "bn"),
        ("en, bn", "bn"),
        ("*", "bn"),
    ],
)
def test_the_language_is_bangla_unless_english_is_preferred(
    header: str | None, language: str
) -> None:
    assert language_of(header) == language


def test_every_close_text_fits_into_a_close_frame() -> None:
    texts = [close_text(code, language) for code in CloseCode for language in ("bn", "en")]
    assert max(len(text.encode()) for text in texts) <= MAX_REASON_BYTES


def test_a_retry_is_told_between_its_time_and_twice_that() -> None:
    error = Unavailable("redis", 2.5)
    assert [error.spread_retry_after(chance) for chance in (0.0, 0.1234, 0.5)] == [2.5, 2.808, 3.75]
    assert error.spread_retry_after(0.999_999) == pytest.approx(5)
