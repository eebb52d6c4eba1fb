"""The hottest loop of all: what it does, it does for every delivery."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ws_service.listener import Listener

NO_SOCKET: Final = -1


class Seat:
    """A member's place among those who hear the same."""

    __slots__ = ("_seats", "place")

    def __init__(self, seats: Seats, place: int) -> None:
        self._seats = seats
        self.place = place

    def let(self, fd: int) -> None:
        """From now on whole frames may be written to `fd`; NO_SOCKET: they may not."""
        self._seats.fds[self.place] = fd

    def leave(self) -> None:
        """Nothing is written here any more; not to be used afterwards."""
        fds, members = self._seats.fds, self._seats.members
        fd, member = fds.pop(), members.pop()
        if self.place < len(fds):  # the last one moves up
            fds[self.place], members[self.place] = fd, member
            assert member.seat is not None  # noqa: S101 - it has just been found here
            member.seat.place = self.place


class Seats:
    """Members, and side by side in memory their sockets: whoever is not well is looked up."""

    __slots__ = ("fds", "members")

    def __init__(self) -> None:
        self.fds: array[int] = array("i")
        self.members: list[Listener] = []

    def add(self, member: Listener) -> Seat:
        """A seat for `member`, without a socket yet."""
        self.fds.append(NO_SOCKET)
        self.members.append(member)
        return Seat(self, len(self.fds) - 1)

    def write(self, frames: bytes) -> None:
        """Writes whole frames to each; never waits.

        Nearly every member has a socket that is open and takes all, and then this is one call of
        the system and nothing else. `deliver` does the rest: for who is still being brought up to
        date, who reads slowly, and who is gone.
        """
        if not frames:
            return
        size, write = len(frames), os.write
        left: list[tuple[Listener, int]] = []
        for place, fd in enumerate(self.fds):
            try:
                taken = write(fd, frames)
            except OSError:  # not open, full, or gone: `deliver` knows
                taken = 0
            if taken != size:
                left.append((self.members[place], taken))
        for member, taken in left:  # who may leave by it
            member.deliver(frames[taken:])
