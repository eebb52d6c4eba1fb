"""How many connections each address has, over all replicas. Each replica tells its own number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import structlog

from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.scripts import Scripts

log = structlog.stdlib.get_logger()

RENEWAL_SECONDS: Final = 4.0
"""A replica tells its numbers again so often."""

COUNT_TTL_MS: Final = 12_000
"""A number that its replica has not told again for so long does not count any more."""

COUNT_DOUBT_MS: Final = 6_000
"""Nor, for so long, does anybody lose their place for good because of it."""

TELL_CHUNK: Final = 500

Place = Literal["taken", "full", "later"]
"""What became of a connection: counted; refused; refused for as long as a replica that may be dead
is counted."""

_PLACES: Final[Mapping[bytes, Place]] = {b"taken": "taken", b"full": "full", b"later": "later"}


class ConnectionCounts:
    """While Redis is away nobody is refused; see `buckets.py`."""

    def __init__(self, batcher: CallBatcher, scripts: Scripts, instance: str) -> None:
        """`instance` is the name of this replica."""
        self._batcher = batcher
        self._scripts = scripts
        self._instance = instance

    async def add(self, address: str, count: int, most: int) -> Place:
        """This replica has `count` from `address`, with the newest; `most` 0: any number."""
        call = self._scripts.count_in(
            address,
            self._instance,
            count,
            ttl_ms=COUNT_TTL_MS,
            doubt_ms=COUNT_DOUBT_MS,
            most=most,
        )
        try:
            answer: bytes = await self._batcher.submit(call)
        except Unavailable as error:
            log.info("connections_not_counted", error=repr(error))
            return "taken"
        return _PLACES[answer]

    async def tell(self, counts: Mapping[str, int]) -> None:
        """This replica has these numbers of connections, by address; 0: none any more."""
        told = list(counts.items())
        for at in range(0, len(told), TELL_CHUNK):  # more than the way to Redis takes at once
            chunk = told[at : at + TELL_CHUNK]
            await asyncio.gather(*(self.add(address, count, 0) for address, count in chunk))
