from __future__ import annotations

from uuid import UUID

from api_service.admin.audit import changes_of, plain


def test_only_what_differs_is_told_old_and_new() -> None:
    old = {"name": "চা", "max_users": 50, "is_public": True}
    new = {"name": "কফি", "max_users": 50, "is_public": False}
    assert changes_of(old, new) == {
        "name": {"old": "চা", "new": "কফি"},
        "is_public": {"old": True, "new": False},
    }


def test_values_are_told_as_json_can_hold_them() -> None:
    assert [plain(value) for value in (None, True, 3, "চা")] == [None, True, 3, "চা"]
    assert plain(UUID(int=0)) == "00000000-0000-0000-0000-000000000000"
