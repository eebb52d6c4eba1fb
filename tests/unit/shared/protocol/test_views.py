from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.protocol.errors import ERRORS, ErrorCode
from shared.protocol.views import ErrorView, MessageView, RoomView, View, error_example

VIEWS = [view for view in View.__subclasses__() if "examples" in view.model_json_schema()]


def test_all_views_but_the_plainest_have_examples() -> None:
    without = {view.__name__ for view in set(View.__subclasses__()) - set(VIEWS)}
    assert without == {"ErrorView", "IndexView", "SystemInfo"}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_every_example_is_a_view_of_its_class(view: type[View]) -> None:
    [example] = view.model_json_schema()["examples"]
    assert view.model_validate(example).model_dump(mode="json") == example


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_has_an_example_in_the_contracts_form(code: ErrorCode) -> None:
    example = error_example(code)
    ErrorView.model_validate(example)
    assert example["message"] == ERRORS[code].bn
    assert error_example(code, "en")["message"] == ERRORS[code].en


def test_an_undeclared_field_is_a_bug() -> None:
    [example] = RoomView.model_json_schema()["examples"]
    with pytest.raises(ValidationError):
        RoomView.model_validate({**example, "session_id": "x"})


def test_rooms_keep_the_originals_fields_first_and_in_order() -> None:
    assert list(RoomView.model_fields)[:9] == [
        "id",
        "name",
        "description",
        "is_public",
        "max_users",
        "online_users_count",
        "total_messages_count",
        "created_at",
        "updated_at",
    ]


def test_messages_have_the_originals_fields() -> None:
    original = {"id", "user", "content", "message_type", "file_url", "timestamp"}
    assert original <= set(MessageView.model_fields)


def test_texts_are_written_unescaped() -> None:
    [example] = RoomView.model_json_schema()["examples"]
    assert "সাধারণ আলোচনা" in RoomView.model_validate(example).model_dump_json()
