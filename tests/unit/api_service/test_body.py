from __future__ import annotations

import pytest

from api_service.body import is_json


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"],
)
def test_kinds_of_json_are_json(content_type: str) -> None:
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "text/json", "application/x-www-form-urlencoded", "json", "a/b/json"],
)
def test_other_types_are_not(content_type: str | None) -> None:
    assert not is_json(content_type)
