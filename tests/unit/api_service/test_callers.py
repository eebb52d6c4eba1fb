from __future__ import annotations

from uuid import uuid4

import pytest

from api_service.callers import Caller, bearer_token
from shared.domain.entities import User
from shared.protocol.errors import ChatError, ErrorCode

USER = User(uuid4(), b"x" * 32, "রাকিব", "#ff0000", 0)


def test_without_the_header_there_is_no_token() -> None:
    assert bearer_token(None) is None


@pytest.mark.parametrize("header", ["Bearer abc", "bearer  abc ", " BEARER abc"])
def test_the_scheme_is_read_in_any_case(header: str) -> None:
    assert bearer_token(header) == "abc"


@pytest.mark.parametrize("header", ["", "Basic abc", "abc", "Token abc"])
def test_other_schemes_are_unknown_sessions(header: str) -> None:
    with pytest.raises(ChatError) as caught:
        bearer_token(header)
    assert caught.value.code is ErrorCode.SESSION_UNKNOWN


def test_people_act_for_themselves_and_administrators_for_all() -> None:
    assert Caller(USER, "s").may_act_for(USER.id)
    assert not Caller(USER, "s").may_act_for(uuid4())
    assert not Caller(USER, "s").may_act_for(None)
    assert Caller(None).is_admin
    assert Caller(None).may_act_for(None)


def test_the_session_is_not_in_the_text_of_a_caller() -> None:
    assert "geheim" not in repr(Caller(USER, "geheim"))
