"""Who hears one room on this replica, and how much of it at a time.

All frames of one event-loop tick go out in one write per connection. A crowd must leave room for
everybody else: what takes long is followed by a rest, and long lists go to a few at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from ws_service.fan_out import Seats
from ws_service.tick_frames import TickFrames

if TYPE_CHECKING:
    from uuid import UUID

    from shared.runtime.clock import Clock
    from ws_service.listener import Listener
    from ws_service.room_tally import RoomTally
    from ws_service.tick_end import TickEnd

SPREAD_BYTES: Final = 1 << 15
"""Of lists at once, to so many members as that makes; then everybody else has a turn."""
SPREAD_SECONDS: Final = 0.005
"""From one such part to the next."""

CROWD: Final = 20
"""More hear a room than people talk with each other."""
UNHURRIED_SECONDS: Final = 0.001
"""For each more who hears it, that a notice of typing waits for something else to be told: in a
crowd it would cost as much as a message, and there messages come all the time."""


class Audience:
    """For the event loop's thread alone."""

    def __init__(self, tick_end: TickEnd, clock: Clock, tally: RoomTally) -> None:
        self.members: dict[UUID, Listener] = {}
        self._tally = tally
        self._seats, self._delta_seats = Seats(), Seats()
        """Of those who hear lists of users, and of those who hear changes of them instead."""
        self._late: dict[Listener, tuple[int, int]] = {}
        """Who came while frames waited, and how many bytes of them are none of theirs."""
        self._tick = TickFrames(tick_end, self.flush, clock, tally)
        self._without_list: deque[Listener] = deque()
        self._list = b""
        self._spreading: asyncio.TimerHandle | None = None

    @property
    def hears_deltas(self) -> bool:
        """Is there anybody who hears changes instead of lists?"""
        return bool(self._delta_seats.members) or any(m.roster_deltas for m in self._late)

    def emit(self, frame: bytes) -> None:
        """For everybody, at the end of this tick."""
        self._tick.add(frame)

    def emit_message(self, frame: bytes, micros: int) -> None:
        """For everybody, at the end of this tick; Redis took it at `micros`."""
        self._tick.add_message(frame, micros)

    def emit_unhurried(self, frame: bytes) -> None:
        """For everybody, in a crowd with what comes next; the later at the latest, the more."""
        crowd = max(0, len(self.members) - CROWD)
        self._tick.add(frame, crowd * UNHURRIED_SECONDS)

    def emit_delta(self, frame: bytes) -> None:
        """For those who hear changes, at the end of this tick."""
        self._tick.add_delta(frame)

    def emit_list(self, frame: bytes) -> float:
        """For those who hear lists; returns the seconds that this takes, in parts if it is much."""
        # Who has no seat yet waits for the end of this tick, but not for the next list.
        late = (member for member in self._late if not member.roster_deltas)
        members = [*self._seats.members, *late]
        size = len(frame) * len(members)
        if size <= SPREAD_BYTES:
            self._without_list.clear()  # of an older one
            self._tick.add_list(frame)
            return 0.0
        self._list = frame
        # First who had no turn when the last one went round.
        left = dict.fromkeys(self._without_list)
        self._without_list.extend(member for member in members if member not in left)
        if self._spreading is None:
            self._spread()
        return size / SPREAD_BYTES * SPREAD_SECONDS

    def _spread(self) -> None:
        self._spreading = None
        for _ in range(max(1, SPREAD_BYTES // len(self._list))):
            if not self._without_list:
                return
            member = self._without_list.popleft()
            if member.id in self.members:  # it may have left meanwhile
                member.deliver(self._list)
                self._tally.deliveries += 1
        self._spreading = asyncio.get_running_loop().call_later(SPREAD_SECONDS, self._spread)

    def flush(self) -> None:
        """Writes what was emitted: one write per connection."""
        lists, deltas = self._tick.write(self._seats, self._delta_seats)
        late, self._late = self._late, {}
        for member, (of_lists, of_deltas) in late.items():
            rest = deltas[of_deltas:] if member.roster_deltas else lists[of_lists:]
            if rest:
                member.deliver(rest)
                self._tally.deliveries += 1
            if member.id in self.members:  # it may have left by that
                self._seat(member)

    def add(self, member: Listener) -> None:
        """From now on it hears everything, and nothing that was emitted before."""
        self.members[member.id] = member
        waiting = self._tick.sizes()
        if any(waiting):
            self._late[member] = waiting
        else:
            self._seat(member)

    def _seat(self, member: Listener) -> None:
        seats = self._delta_seats if member.roster_deltas else self._seats
        member.sit(seats.add(member))

    def remove(self, member: Listener) -> None:
        """It hears nothing any more."""
        self.members.pop(member.id, None)
        self._late.pop(member, None)
        if member.seat is not None:
            member.seat.leave()
            member.seat = None

    def stop(self) -> None:
        """Forgets timers."""
        if self._spreading is not None:
            self._spreading.cancel()
