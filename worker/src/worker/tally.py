"""What this worker has done, in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import BATCH_ENTRIES, COMMIT_SECONDS


@dataclass(slots=True)
class Tally:
    """Of all its parts together. For the event loop's thread alone."""

    batch_entries: Histogram = field(default_factory=lambda: Histogram(BATCH_ENTRIES.buckets))
    commit_seconds: Histogram = field(default_factory=lambda: Histogram(COMMIT_SECONDS.buckets))
    stored: int = 0
    """Messages that were not in PostgreSQL before."""
    buried: int = 0
    """Entries that were put to the dead letters."""
    reclaimed: int = 0
    """Entries of silent peers."""
    reaped: int = 0
    """Expired connections, and leaves that were told."""
