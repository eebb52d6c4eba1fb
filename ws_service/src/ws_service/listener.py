"""What a room knows of those who listen in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.protocol.close_codes import CloseCode
    from shared.protocol.envelopes import Person


class Outlet(Protocol):
    """Where bytes may be written."""

    open_fd: int
    """A socket that takes whole frames just now; -1: it does not."""


class ClosedOutlet:
    """One that never takes any."""

    __slots__ = ()
    open_fd = -1


CLOSED: Final = ClosedOutlet()


class Listener(Protocol):
    """A connection, as far as its room is concerned."""

    id: UUID
    roster_deltas: bool
    outlet: Outlet
    """The socket, while frames for the room may go there at once; else CLOSED."""

    def deliver(self, frames: bytes) -> None:
        """Frames for everybody in the room; never waits."""

    def take_name(self, people: Mapping[str, Person]) -> None:
        """People of the room, by id, as they are called now."""

    def close(self, code: CloseCode) -> None:
        """Starts to close."""
