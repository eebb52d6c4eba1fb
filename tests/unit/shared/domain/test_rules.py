"""The shape of a broken rule."""

from __future__ import annotations

from shared.domain import rules
from shared.domain.rules import RULE_CODES, RuleViolation


def test_a_violation_carries_field_code_and_data_but_no_text() -> None:
    violation = RuleViolation("username", rules.TOO_LONG, limit=100, unit="graphemes")

    assert violation.field == "username"
    assert violation.code == "too_long"
    assert violation.data == {"limit": 100, "unit": "graphemes"}
    assert violation.args == ("username", "too_long")


def test_every_declared_code_is_in_the_set_of_codes() -> None:
    declared = {
        value
        for name, value in vars(rules).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }

    assert declared == RULE_CODES
