from __future__ import annotations

from dataclasses import FrozenInstanceError
from uuid import UUID

import pytest

from shared.domain.entities import RoomSettings, User

USER = User(UUID(int=1), b"\x01" * 32, "রাকিব", "#ff0000", 5)


@pytest.mark.parametrize(
    ("username", "color", "expected"),
    [
        (None, None, ("রাকিব", "#ff0000")),
        ("সুমন", None, ("সুমন", "#ff0000")),
        (None, "#00ff00", ("রাকিব", "#00ff00")),
        ("সুমন", "#00ff00", ("সুমন", "#00ff00")),
        ("", "", ("রাকিব", "#ff0000")),
    ],
)
def test_another_name_or_colour_replaces_only_what_is_given(
    username: str | None, color: str | None, expected: tuple[str, str]
) -> None:
    renamed = USER.called(username, color)
    assert (renamed.username, renamed.color) == expected
    assert (renamed.id, renamed.session_hash, renamed.created_micros) == (
        USER.id,
        USER.session_hash,
        USER.created_micros,
    )


def test_a_person_who_is_called_as_before_is_equal() -> None:
    assert USER.called("রাকিব", "#ff0000") == USER


def test_people_and_rooms_are_values() -> None:
    room = RoomSettings(UUID(int=2), "আড্ডা", None, True, 100, None, 0, 0)
    with pytest.raises(FrozenInstanceError):
        USER.username = "অন্য কেউ"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        room.max_users = 5  # type: ignore[misc]
    assert len({USER, USER.called(None, None), room}) == 2
