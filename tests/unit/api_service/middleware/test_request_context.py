from __future__ import annotations

import pytest

from api_service.middleware.request_context import chosen_id


@pytest.mark.parametrize("given", ["a", "A-b_c.1", "0" * 64])
def test_a_well_formed_id_is_kept(given: str) -> None:
    assert chosen_id(given) == given


@pytest.mark.parametrize("given", [None, "", "a b", "a\nb", "0" * 65, "আ", "a;b", "a\n"])
def test_any_other_is_replaced(given: str | None) -> None:
    made = chosen_id(given)
    assert made != given
    assert chosen_id(made) == made
