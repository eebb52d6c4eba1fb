"""The numbers of the first page, each by itself: what is away leaves the others readable."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from api_service.admin.views.connections import room_names
from shared.domain.times import MICROS_PER_SECOND, datetime_of
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from api_service.admin.live import LiveState
    from api_service.wiring import Deps
    from shared.message_log.queues import QueueState
    from shared.message_store.records import Totals
    from shared.rooms.live_rooms import OnlineTotals

T = TypeVar("T")

HOT_ROOMS: Final = 10
OLDEST_SAMPLE_SECONDS: Final = 600
SHORTEST_SPAN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HotRoom:
    """A listed room with many people."""

    id: UUID
    name: str
    online: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the page shows; None: the server that knows it is away."""

    failing: Sequence[str]
    online: OnlineTotals | None
    hot: Sequence[HotRoom] | None
    queues: Sequence[QueueState] | None
    totals: Totals | None
    rate: float | None
    """Messages per second that came since the page was last asked for; None: not known yet."""
    now_micros: int

    @property
    def now(self) -> datetime:
        """When all this was asked."""
        return datetime_of(self.now_micros)

    @property
    def connections(self) -> int:
        """Open sockets."""
        return sum(queue.connections for queue in self.queues or ())

    @property
    def queued(self) -> int:
        """Entries that PostgreSQL does not have yet."""
        return sum(queue.queued for queue in self.queues or ())

    @property
    def dead(self) -> int:
        """Entries that PostgreSQL refused."""
        return sum(queue.dead for queue in self.queues or ())

    @property
    def lag_seconds(self) -> float:
        """Age of the oldest of the entries in all queues."""
        return max((self.lag_of(queue) for queue in self.queues or ()), default=0.0)

    def lag_of(self, queue: QueueState) -> float:
        """Age of the oldest entry of one queue, in seconds."""
        if queue.oldest_micros is None:
            return 0.0
        return round(max(0, self.now_micros - queue.oldest_micros) / MICROS_PER_SECOND, 1)

    @property
    def busy(self) -> list[QueueState]:
        """Partitions in which something waits, or was refused."""
        return [queue for queue in self.queues or () if queue.queued or queue.dead]


@dataclass(slots=True)
class Dashboard:
    """Asks for the numbers; remembers the totals of the last time, for the rate."""

    deps: Deps
    live: LiveState
    _last: tuple[float, int] | None = field(default=None)

    async def numbers(self) -> Numbers:
        """All of them, at once; never raises for a server that is away."""
        deps = self.deps
        now = deps.clock.micros()
        readiness, online, hot, queues, totals = await asyncio.gather(
            deps.readiness(),
            _or_none(deps.live.totals(now // 1000)),
            _or_none(self._hot_rooms()),
            _or_none(self.live.queues()),
            _or_none(deps.room_directory.totals()),
        )
        rate = None if totals is None else self._rate(totals.messages)
        return Numbers(readiness.failing, online, hot, queues, totals, rate, now)

    async def _hot_rooms(self) -> list[HotRoom]:
        ranked = await self.deps.live.ranked_public(HOT_ROOMS)
        names = await room_names(self.deps, {room for room, _ in ranked})
        return [HotRoom(room, names.get(room, str(room)), online) for room, online in ranked]

    def _rate(self, messages: int) -> float | None:
        """Messages per second since the last time."""
        now, last = self.deps.clock.monotonic(), self._last
        if last is not None and now - last[0] < SHORTEST_SPAN_SECONDS:
            return None
        self._last = (now, messages)
        if last is None or now - last[0] > OLDEST_SAMPLE_SECONDS:
            return None
        return round(max(0, messages - last[1]) / (now - last[0]), 1)


async def _or_none(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except (Unavailable, StoreUnavailable):
        return None
