"""Counts values by size, for hot paths: two additions and a search, no labels, no locks."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

About = Callable[[], Mapping[str, str]]
"""Ids of what a value was measured at; asked seldom."""


class Exemplar(NamedTuple):
    """One value of many, and what to look for in the logs."""

    labels: Mapping[str, str]
    value: float
    at: float
    """s since 1970 UTC."""


class Bucket(NamedTuple):
    """How many values were at most `upto`."""

    upto: float
    values: int
    exemplar: Exemplar | None


class Histogram:
    """For the event loop's thread alone."""

    __slots__ = ("_bounds", "_counts", "_exemplars", "_fresh", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` of the buckets, ascending; one more holds what is above."""
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._exemplars: list[Exemplar | None] = [None] * len(self._counts)
        self._fresh: set[int] = set()
        """Buckets with an exemplar from after the last reading: one is enough."""
        self.total = 0.0
        """Sum of all values."""

    def observe(self, value: float, about: About | None = None) -> None:
        """Counts one value."""
        at = bisect_left(self._bounds, value)
        self._counts[at] += 1
        self.total += value
        if about is not None and at not in self._fresh:
            self._fresh.add(at)
            self._exemplars[at] = Exemplar(about(), value, time.time())

    def buckets(self) -> list[Bucket]:
        """As Prometheus wants them: each includes those before it. New exemplars may come now."""
        self._fresh.clear()
        found: list[Bucket] = []
        count = 0
        bounds = (*self._bounds, float("inf"))
        for upto, more, exemplar in zip(bounds, self._counts, self._exemplars, strict=True):
            count += more
            found.append(Bucket(upto, count, exemplar))
        return found
