"""How long calls to Redis take, by script: of each client for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import REDIS_CALLS

if TYPE_CHECKING:
    from redis.asyncio import Redis

_TIMES: WeakKeyDictionary[Redis, CallTimes] = WeakKeyDictionary()


class CallTimes:
    """For the event loop's thread alone."""

    __slots__ = ("__weakref__", "by_name")

    def __init__(self) -> None:
        self.by_name: dict[str, Histogram] = {}
        """Seconds by the name of the script; plain commands are one."""

    def took(self, name: str, seconds: float) -> None:
        """One call was answered."""
        times = self.by_name.get(name)
        if times is None:
            times = self.by_name[name] = Histogram(REDIS_CALLS.buckets)
        times.observe(seconds)


def times_of(redis: Redis) -> CallTimes:
    """Those of all calls over `redis`."""
    times = _TIMES.get(redis)
    if times is None:
        times = _TIMES[redis] = CallTimes()
    return times
