"""The frames of one event-loop tick in one room: they go out together."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

from shared.domain.times import MICROS_PER_SECOND
from shared.domain.token_bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.runtime.clock import Clock
    from ws_service.fan_out import Seats
    from ws_service.room_tally import RoomTally
    from ws_service.tick_end import TickEnd


LONG_SECONDS: Final = 0.002
"""Of a flush: it is for a crowd, and costs as much again at the gateway. After it comes a rest: a
crowd that is told much must leave time to everybody else. What comes meanwhile goes out together,
which is cheaper."""
REST_TIMES: Final = 4
"""So many times longer than the flush is the rest,"""
MOST_REST_SECONDS: Final = 0.015
"""but only where that is no longer than this, so that nobody notices it; else it is as long as the
flush."""
FREE_SECONDS: Final = 0.015
"""Of long flushes that nothing rests after, and"""
FREE_SHARE: Final = 0.1
"""the share of time that this grows by: a crowd that talks calmly is never kept waiting."""


class TickFrames:
    """Two versions of the same tick: connections with `roster=delta` get deltas, no lists."""

    def __init__(
        self,
        tick_end: TickEnd,
        flush: Callable[[], None],
        clock: Clock,
        tally: RoomTally,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`flush` is called at the end of the tick of the first frame, or after the rest."""
        self._tick_end = tick_end
        self._flush = flush
        self._clock = clock
        self._tally = tally
        self._sent_micros: list[int] = []
        """When Redis took the messages of this tick."""
        self._now = timer
        self._lists: list[bytes] = []
        self._deltas: list[bytes] = []
        self._differ = False
        self._rests_until = 0.0
        self._free = TokenBucket(FREE_SECONDS, FREE_SHARE, timer())
        self._due = math.inf
        """When the next flush comes."""
        self._timer: asyncio.TimerHandle | None = None

    def sizes(self) -> tuple[int, int]:
        """Bytes that wait, for those without and with deltas."""
        return sum(map(len, self._lists)), sum(map(len, self._deltas))

    def add(self, frame: bytes, within: float = 0.0) -> None:
        """For everybody; after `within` seconds at the latest, and before that with other frames.

        0.0: at the end of this tick.
        """
        self._begin(within)
        self._lists.append(frame)
        self._deltas.append(frame)

    def add_message(self, frame: bytes, micros: int) -> None:
        """For everybody; how long it took since `micros` is counted."""
        self.add(frame)
        self._sent_micros.append(micros)

    def add_list(self, frame: bytes) -> None:
        """For those without deltas."""
        self._begin()
        self._differ = True
        self._lists.append(frame)

    def add_delta(self, frame: bytes) -> None:
        """For those with deltas."""
        self._begin()
        self._differ = True
        self._deltas.append(frame)

    def write(self, seats: Seats, delta_seats: Seats) -> tuple[bytes, bytes]:
        """Everything so far to everybody, and counts it: once per room, not per delivery.

        Returns what that was, for those without and with deltas.
        """
        heard = len(self._lists) * len(seats.members)
        heard += len(self._deltas) * len(delta_seats.members)
        sent, self._sent_micros = self._sent_micros, []
        began = self._now()
        lists, deltas = self._take()
        seats.write(lists)
        delta_seats.write(deltas)
        self._rest(self._now() - began)
        if heard:
            self._tally.deliveries += heard
            now = self._clock.micros()
            for micros in sent:
                # Redis' clock may be ahead of ours.
                self._tally.lag.observe(max(0, now - micros) / MICROS_PER_SECOND)
        return lists, deltas

    def _take(self) -> tuple[bytes, bytes]:
        self._due = math.inf
        self._forget_timer()
        lists = b"".join(self._lists)
        deltas = b"".join(self._deltas) if self._differ else lists
        self._differ = False
        self._lists.clear()
        self._deltas.clear()
        return lists, deltas

    def _begin(self, within: float = 0.0) -> None:
        now = self._now()
        due = max(now + within, self._rests_until)
        if due >= self._due:
            return
        self._due = due
        self._forget_timer()
        if due > now:
            self._timer = asyncio.get_running_loop().call_later(due - now, self._flush)
        else:
            self._tick_end.write_room(self._flush)

    def _rest(self, seconds: float) -> None:
        """Writing has taken so long."""
        if seconds < LONG_SECONDS:
            return
        now = self._now()
        if seconds > FREE_SECONDS or self._free.take(now, seconds) > 0:
            rest = max(seconds, min(REST_TIMES * seconds, MOST_REST_SECONDS))
            self._rests_until = now + rest

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
