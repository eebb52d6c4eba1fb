"""Token buckets by key, so many as memory allows. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from shared.domain.token_bucket import TokenBucket
from shared.protocol.errors import ErrorCode, Unavailable

MOST_KEYS: Final = 50_000
"""Buckets that are kept; the one that was not used for longest is forgotten, and full again."""


class Limiter:
    """A token bucket per key."""

    def __init__(self, burst: float, per_second: float, most_keys: int = MOST_KEYS) -> None:
        self._burst = burst
        self._per_second = per_second
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, key: str, now: float) -> None:
        """Counts one request; `now` in seconds of a clock that never runs backwards.

        Raises:
            Unavailable: `rate_limited`.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._burst, self._per_second, now)
            if len(self._buckets) > self._most_keys:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
        wait = bucket.take(now)
        if wait:
            raise Unavailable(key, wait, ErrorCode.RATE_LIMITED)
