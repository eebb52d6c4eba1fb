"""What all rooms of a replica have done together."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import FAN_OUT_LAG


@dataclass(slots=True)
class RoomTally:
    """For the event loop's thread alone."""

    deliveries: int = 0
    """Events times the sockets they went to."""
    lag: Histogram = field(default_factory=lambda: Histogram(FAN_OUT_LAG.buckets))
    """Of each message, from Redis to the last socket here; s."""
    gaps: int = 0
    """That were found and filled."""
    continuity_lost: int = 0
    """Rooms that everybody had to reload."""
