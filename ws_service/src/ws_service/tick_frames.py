"""The frames of one event-loop tick in one room: they go out together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.times import MICROS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.runtime.clock import Clock
    from ws_service.fan_out import Seats
    from ws_service.room_tally import RoomTally
    from ws_service.tick_end import TickEnd


class TickFrames:
    """Two versions of the same tick: connections with `roster=delta` get deltas, no lists."""

    def __init__(
        self, tick_end: TickEnd, flush: Callable[[], None], clock: Clock, tally: RoomTally
    ) -> None:
        """`flush` is called at the end of the tick of the first frame."""
        self._tick_end = tick_end
        self._flush = flush
        self._clock = clock
        self._tally = tally
        self._sent_micros: list[int] = []
        """When Redis took the messages of this tick."""
        self._lists: list[bytes] = []
        self._deltas: list[bytes] = []
        self._differ = False

    def add(self, frame: bytes) -> None:
        """For everybody."""
        self._begin()
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

    def write(self, seats: Seats, delta_seats: Seats) -> None:
        """Everything so far to everybody, and counts it: once per room, not per delivery."""
        heard = len(self._lists) * len(seats.members)
        heard += len(self._deltas) * len(delta_seats.members)
        sent, self._sent_micros = self._sent_micros, []
        lists, deltas = self._take()
        seats.write(lists)
        delta_seats.write(deltas)
        if heard:
            self._tally.deliveries += heard
            now = self._clock.micros()
            for micros in sent:
                self._tally.lag.observe((now - micros) / MICROS_PER_SECOND)

    def _take(self) -> tuple[bytes, bytes]:
        lists = b"".join(self._lists)
        deltas = b"".join(self._deltas) if self._differ else lists
        self._differ = False
        self._lists.clear()
        self._deltas.clear()
        return lists, deltas

    def _begin(self) -> None:
        if not self._lists and not self._deltas:
            self._tick_end.write_room(self._flush)
