"""What the connections of one process count, and how long things took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from hdrh.histogram import HdrHistogram as Histogram  # type: ignore[import-untyped]

__all__ = ["Durations", "Histogram", "Tally", "new_histogram"]

LOWEST_MICROS: Final = 1
HIGHEST_MICROS: Final = 3_600_000_000
DIGITS: Final = 3


def new_histogram() -> Histogram:
    """Of durations in µs, exact to three digits (HdrHistogram)."""
    return Histogram(LOWEST_MICROS, HIGHEST_MICROS, DIGITS)


class Durations:
    """Collects nanoseconds cheaply; a histogram is made of them once in a while."""

    def __init__(self) -> None:
        self._fresh: list[int] = []
        self.add = self._fresh.append  # the hot path: no call in between

    def take(self) -> Histogram:
        """What was added since the last call."""
        histogram = new_histogram()
        micros = np.asarray(self._fresh, dtype=np.int64) // 1000
        self._fresh.clear()
        for value, count in zip(*np.unique(micros, return_counts=True), strict=True):
            histogram.record_value(max(int(value), LOWEST_MICROS), int(count))
        return histogram


@dataclass(slots=True)
class Tally:
    """Counts since the start of a process; only ever growing, but for `connected`."""

    connected: int = 0
    joined: int = 0
    """Welcomes, first ones and of those who came back."""
    sent: int = 0
    acked: int = 0
    delivered: int = 0
    received_bytes: int = 0
    """Payloads of all frames."""
    recovered: int = 0
    """Messages that came with `recovered`; they are in `delivered` too."""
    lost: int = 0
    """Numbers that a connection never heard, though it should have."""
    doubled: int = 0
    """Messages that a connection heard more than once."""
    lists: int = 0
    """`user_list` frames."""
    refusals: Counter[str] = field(default_factory=Counter)
    """`error` frames, by their code."""
    closes: Counter[str] = field(default_factory=Counter)
    """Connections that ended otherwise than by this side, by close code or error."""
    joining: Durations = field(default_factory=Durations)
    acking: Durations = field(default_factory=Durations)
    delivering: Durations = field(default_factory=Durations)

    def counts(self) -> dict[str, int]:
        """The plain counters."""
        return {
            name: getattr(self, name)
            for name in (
                "connected",
                "joined",
                "sent",
                "acked",
                "delivered",
                "received_bytes",
                "recovered",
                "lost",
                "doubled",
                "lists",
            )
        }
