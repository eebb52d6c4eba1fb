"""How Redis answers to a message, and what that means for who sent it."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.protocol.errors import ChatError, ErrorCode, Unavailable

_REFUSALS: Final = {
    "closed": ErrorCode.ROOM_NOT_FOUND,
    "conflict": ErrorCode.CLIENT_ID_CONFLICT,
    "revised": ErrorCode.CONFLICT,
    "gone": ErrorCode.MESSAGE_NOT_FOUND,
}


class RoomNotLoaded(Exception):
    """Redis does not know the room: load it from PostgreSQL and try again."""


class Published(NamedTuple):
    """A message's place. `again`: this client_id was answered before, nothing was sent now."""

    message_id: str
    seq: int
    micros: int
    again: bool


def refusal(outcome: bytes) -> Exception | None:
    """What the first word of a script's answer refuses with; None if it does not."""
    word = outcome.decode()
    if word == "no_room":
        return RoomNotLoaded()
    if word == "backlog":
        return Unavailable("ingest", 5.0, ErrorCode.OVERLOADED)
    return ChatError(_REFUSALS[word]) if word in _REFUSALS else None
