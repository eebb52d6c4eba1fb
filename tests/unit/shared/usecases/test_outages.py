from __future__ import annotations

import pytest

from shared.message_store.unavailable import DataRefused, StoreUnavailable
from shared.protocol.errors import ErrorCode, Unavailable
from shared.usecases.outages import store_outage_as_unavailable


def test_an_outage_of_postgresql_may_be_retried() -> None:
    cause = StoreUnavailable("away")
    with pytest.raises(Unavailable) as caught, store_outage_as_unavailable():
        raise cause
    assert (caught.value.part, caught.value.code) == ("postgres", ErrorCode.UNAVAILABLE)
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("error", [DataRefused("23505"), ValueError("a bug")])
def test_all_else_passes_through(error: Exception) -> None:
    with pytest.raises(type(error)), store_outage_as_unavailable():
        raise error
