from __future__ import annotations

import pytest

from api_service.limiter import Limiter
from shared.protocol.errors import ErrorCode, Unavailable


def test_a_burst_passes_and_then_it_is_told_when_to_come_back() -> None:
    limiter = Limiter(burst=2, per_second=1)
    limiter.take("a", 0)
    limiter.take("a", 0)
    with pytest.raises(Unavailable) as caught:
        limiter.take("a", 0)
    assert caught.value.code is ErrorCode.RATE_LIMITED
    assert caught.value.retry_after == pytest.approx(1)
    limiter.take("a", 1)


def test_keys_do_not_share() -> None:
    limiter = Limiter(burst=1, per_second=1)
    limiter.take("a", 0)
    limiter.take("b", 0)


def test_the_key_that_was_not_used_for_longest_is_forgotten() -> None:
    limiter = Limiter(burst=1, per_second=0.001, most_keys=2)
    limiter.take("a", 0)
    limiter.take("b", 0)
    limiter.take("c", 0)
    limiter.take("a", 0)
    with pytest.raises(Unavailable):
        limiter.take("c", 0)
