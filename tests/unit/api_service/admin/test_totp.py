from __future__ import annotations

import pytest

from api_service.admin.totp import address_of, matching_step, new_secret, picture_of

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""Of RFC 6238, appendix B: "12345678901234567890"."""


@pytest.mark.parametrize(
    ("now", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    assert matching_step(SECRET, code, now) == now // 30


def test_a_clock_may_be_off_by_one_step_and_no_more() -> None:
    step = 1234567890 // 30
    assert matching_step(SECRET, "005924", (step + 1) * 30 + 29) == step
    assert matching_step(SECRET, "005924", (step - 1) * 30) == step
    assert matching_step(SECRET, "005924", (step + 2) * 30) is None
    assert matching_step(SECRET, "005924", (step - 1) * 30 - 1) is None


def test_spaces_within_a_code_are_those_that_authenticators_show() -> None:
    assert matching_step(SECRET, " 005 924", 1234567890) == 1234567890 // 30


@pytest.mark.parametrize("code", ["", "00592", "0059245", "abcdef", "০০৫৯২৪", "00592-"])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert matching_step(SECRET, code, 1234567890) is None


def test_the_address_names_who_and_where_and_can_be_photographed() -> None:
    secret = new_secret()
    address = address_of("rakib", secret)
    assert address == f"otpauth://totp/Adda:rakib?secret={secret}&issuer=Adda"
    assert len(picture_of(address).splitlines()) > 15


def test_each_secret_is_another_and_has_160_bits() -> None:
    assert new_secret() != new_secret()
    assert len(new_secret()) == 32
