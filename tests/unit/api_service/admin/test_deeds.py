from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from api_service.admin.deeds import Act, found
from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed

ROOM = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"


def act(**form: str) -> Act:
    anything: Any = SimpleNamespace()
    return Act(anything, anything, anything, None, form)


def test_a_form_is_read_without_the_space_around() -> None:
    filled = act(name="  চা  ", box="1")
    assert (filled.text("name"), filled.text("nothing")) == ("চা", "")
    assert (filled.checked("box"), filled.checked("name2")) == (True, False)


def test_no_room_stands_for_all_rooms() -> None:
    assert act().room() == UUID(int=0)
    assert act(room_id=ROOM).room() == UUID(ROOM)
    with pytest.raises(ValidationFailed) as caught:
        act(room_id="ক্রিকেট").room()
    assert caught.value.problems == {"room_id": ["not_a_uuid"]}


def test_only_what_can_be_chosen_is_a_choice() -> None:
    assert act(kind="ban").choice("kind", ("ban", "mute")) == "ban"
    with pytest.raises(ValidationFailed):
        act(kind="kick").choice("kind", ("ban", "mute"))


def test_a_row_that_is_not_there_is_told_as_such() -> None:
    assert found("row") == "row"
    with pytest.raises(ChatError) as caught:
        found(None)
    assert caught.value.code is ErrorCode.NOT_FOUND
