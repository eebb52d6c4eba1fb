"""What all connections of a replica have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from structlog.contextvars import get_contextvars

from shared.runtime.histogram import Histogram
from shared.runtime.metrics import PUBLISH_SECONDS

if TYPE_CHECKING:
    from contextvars import Context

    from shared.protocol.close_codes import CloseCode
    from shared.protocol.errors import ErrorCode
    from ws_service.connection import Connection

_EXEMPLAR_IDS: Final = ("request_id",)
"""What leads from a slow message to its lines in the log."""


@dataclass(slots=True)
class Replica:
    """For the event loop's thread alone."""

    outbox_bytes: int
    """What a slow peer may leave waiting."""
    ticking: set[Connection] = field(default_factory=set)
    """Connections whose session waits for time to pass."""
    opened: int = 0
    """Connections that were let in."""
    closes: Counter[CloseCode] = field(default_factory=Counter)
    """Connections closed from this side."""
    refusals: Counter[ErrorCode] = field(default_factory=Counter)
    """Errors that were told."""
    recoveries: Counter[bool] = field(default_factory=Counter)
    """Reconnects with a position; True: with all that was missed."""
    publish_seconds: Histogram = field(default_factory=lambda: Histogram(PUBLISH_SECONDS.buckets))
    """From a message that was read and judged to its ack."""

    def took(self, seconds: float, context: Context) -> None:
        """A message was acknowledged; `context` knows on which connection."""
        self.publish_seconds.observe(seconds, partial(_ids_in, context))


def _ids_in(context: Context) -> dict[str, str]:
    known = context.run(get_contextvars)
    return {name: known[name] for name in _EXEMPLAR_IDS if name in known}
