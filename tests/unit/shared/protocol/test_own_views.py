from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.protocol.own_views import ErasureView, MeView, OwnView


@pytest.mark.parametrize("view", [MeView, ErasureView])
def test_every_example_is_a_view_of_its_class(view: type[OwnView]) -> None:
    [example] = view.model_json_schema()["examples"]
    assert view.model_validate(example).model_dump(mode="json") == example


def test_an_undeclared_field_is_a_bug() -> None:
    [example] = MeView.model_json_schema()["examples"]
    with pytest.raises(ValidationError):
        MeView.model_validate({**example, "session_id": "x"})
