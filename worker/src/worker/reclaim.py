"""When to take over what dead peers left pending; `IngestStreams.claim` says how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from shared.runtime.clock import Clock
    from worker.entry import Entry
    from worker.ingest_streams import IngestStreams
    from worker.tally import Tally

log = structlog.stdlib.get_logger()


class Reclaimer:
    """Looks every `every` seconds for entries that nobody touched for `idle` seconds."""

    def __init__(
        self, streams: IngestStreams, clock: Clock, tally: Tally, *, idle: float, every: float
    ) -> None:
        self._streams = streams
        self._tally = tally
        self._clock = clock
        self._idle = idle
        self._every = every
        self._next = clock.monotonic()

    async def claim_if_due(self, count: int) -> list[Entry]:
        """At most `count` entries of each stream; nothing while it is not time yet."""
        now = self._clock.monotonic()
        if now < self._next:
            return []
        entries = await self._streams.claim(count, self._idle)
        self._tally.reclaimed += len(entries)
        if entries:
            log.info("reclaimed", entries=len(entries))
        else:
            self._next = now + self._every
        return entries
