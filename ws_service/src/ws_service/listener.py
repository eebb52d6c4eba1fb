"""What a room knows of those who listen in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from shared.protocol.close_codes import CloseCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from shared.domain.entities import User
    from shared.protocol.envelopes import Person
    from ws_service.fan_out import Seat


class Listener(Protocol):
    """A connection, as far as its room is concerned."""

    id: UUID
    roster_deltas: bool
    seat: Seat | None
    """Its place in the room, if it is in one; it has the socket while frames may go there."""

    @property
    def user(self) -> User:
        """Whose it is."""

    def sit(self, seat: Seat) -> None:
        """Takes its place."""

    def deliver(self, frames: bytes) -> None:
        """Frames for everybody in the room; never waits."""

    def take_name(self, people: Mapping[str, Person]) -> None:
        """People of the room, by id, as they are called now."""

    def judge(self) -> None:
        """The rules of the room are others now."""

    def close(self, code: CloseCode) -> None:
        """Starts to close."""


def end_session(members: Iterable[Listener], user_id: str) -> None:
    """Closes the connections of somebody whose session is no more."""
    for member in list(members):
        if str(member.user.id) == user_id:
            member.close(CloseCode.REFUSED)
