"""Addresses that floods come from: for some seconds nobody new is let in from there. Pure.

One flooder among the thousands behind a carrier's NAT shuts no door: what counts is how many of an
address' connections to this replica were closed as floods, beside those that are still here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LEAST: Final = 0.9
"""Floods that shut a door: one, or so many flights within a second or two."""
SHARE: Final = 0.5
"""Of floods of an address, in these and the connections that are here from it together."""
FLIGHTS_PER_FLOOD: Final = 10
"""So many who came and went at once count as much as one who was closed as a flood."""
FADING_SECONDS: Final = 15.0
"""After which a flood counts for a third; who floods again and again is still but a few."""
FIRST_SECONDS: Final = 4.0
"""How long the door is shut at first; twice as long each time,"""
MOST_SECONDS: Final = 64.0
"""until so long."""
FORGIVEN_SECONDS: Final = 120.0
"""Without a flood, after which the next one is the first again."""
MOST_KEPT: Final = 65_536
"""Addresses; beyond it the oldest is forgotten."""


@dataclass(slots=True)
class _Record:
    floods: float = 0.0
    flooded_at: float = 0.0
    shut_seconds: float = 0.0
    shut_until: float = -math.inf


class FloodDoor:
    """Of one replica. `now` is in seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def __len__(self) -> int:
        return len(self._records)

    def flooded(self, address: str, here: int, now: float) -> float:
        """A connection from `address` was closed as a flood; `here` others are left.

        Returns for how many seconds the door is shut from now on; 0.0: it is as it was.
        """
        return self._count(address, 1.0, here, now)

    def fled(self, address: str, here: int, now: float) -> float:
        """The same of a connection that has gone as soon as it had come."""
        return self._count(address, 1 / FLIGHTS_PER_FLOOD, here, now)

    def _count(self, address: str, floods: float, here: int, now: float) -> float:
        record = self._records.pop(address, None) or _Record(flooded_at=now)
        self._records[address] = record  # the newest is the last
        if len(self._records) > MOST_KEPT:
            del self._records[next(iter(self._records))]
        silence = now - record.flooded_at
        if silence > FORGIVEN_SECONDS:
            record.shut_seconds = 0.0
        record.floods = record.floods * math.exp(-silence / FADING_SECONDS) + floods
        record.flooded_at = now
        few = record.floods < max(LEAST, SHARE * (record.floods + here))
        if now < record.shut_until or few:
            return 0.0
        longer = max(FIRST_SECONDS, 2 * record.shut_seconds)
        record.shut_seconds = min(longer, MOST_SECONDS)
        record.shut_until = now + record.shut_seconds
        return record.shut_seconds

    def suspects(self, address: str, now: float) -> bool:
        """Was it shut for `address` lately?"""
        record = self._records.get(address)
        if record is None or not record.shut_seconds:
            return False
        return now - record.flooded_at <= FORGIVEN_SECONDS

    def wait(self, address: str, now: float) -> float:
        """Seconds until somebody from `address` may come in; 0.0: now."""
        record = self._records.get(address)
        return 0.0 if record is None else max(0.0, record.shut_until - now)
