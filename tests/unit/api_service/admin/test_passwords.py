from __future__ import annotations

import unicodedata

import pytest

from api_service.admin.passwords import (
    NOBODY,
    check_password,
    hash_password,
    is_outdated,
    matches,
)
from shared.domain.rules import RuleViolation


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "blank"),
        (" " * 14, "blank"),
        ("elevenchars", "too_short"),
        ("ছোট", "too_short"),
        ("x" * 201, "too_long"),
        ("my name is Rakib!", "holds_the_name"),
        ("my name is RAKIB!", "holds_the_name"),
        ("abababababab", "too_plain"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_password("rakib", password)
    assert (caught.value.field, caught.value.code) == ("password", code)


def test_a_long_password_of_any_script_is_taken() -> None:
    assert check_password("rakib", "চায়ের দোকানে আড্ডা") == unicodedata.normalize(
        "NFC", "চায়ের দোকানে আড্ডা"
    )
    assert check_password("rakib", "correct horse battery") == "correct horse battery"


def test_the_hash_is_argon2id_and_another_one_each_time() -> None:
    one, other = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert one != other


def test_only_the_password_itself_matches_however_its_letters_are_composed() -> None:
    hashed = hash_password("আড্ডায় চায়ের কাপ")
    assert matches(hashed, unicodedata.normalize("NFD", "আড্ডায় চায়ের কাপ"))
    assert not matches(hashed, "আড্ডায় চায়ের কাপ ")
    assert not matches(hashed, "")


def test_nobody_matches_where_there_is_no_account_and_it_costs_the_same() -> None:
    assert not matches(None, "anything at all")
    assert not is_outdated(NOBODY)
    parameters = NOBODY.rsplit("$", 2)[0]
    assert hash_password("correct horse battery").startswith(parameters + "$")


def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not matches("not a hash", "anything at all")
