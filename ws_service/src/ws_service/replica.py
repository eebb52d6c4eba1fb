"""What all connections of a replica have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ws_service.connection import Connection


@dataclass(slots=True)
class Replica:
    """For the event loop's thread alone."""

    outbox_bytes: int
    """What a slow peer may leave waiting."""
    ticking: set[Connection] = field(default_factory=set)
    """Connections whose session waits for time to pass."""
    closes: Counter[str] = field(default_factory=Counter)
    """Connections closed from this side, by the name of the code."""
