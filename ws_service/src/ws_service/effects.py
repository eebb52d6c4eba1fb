"""What follows from a frame: `session.py` decides it, `connection.py` carries it out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shared.protocol.close_codes import CloseCode
    from shared.protocol.errors import ChatError
    from shared.usecases.post_message import CheckedDraft


class Post(NamedTuple):
    """Send a message to the room, and an `ack` if it has a client_id."""

    draft: CheckedDraft


class Unheard(NamedTuple):
    """A message that the room does not get: it waits for staff, or its author alone hears it."""

    draft: CheckedDraft
    held: bool


@dataclass(frozen=True, slots=True)
class Typing:
    """Tell the room that the user types or stopped."""

    typing: bool


@dataclass(frozen=True, slots=True)
class Rename:
    """Take a new name or colour, in their stored form; None keeps what is."""

    username: str | None
    color: str | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """Answer with a part of history."""

    before: int | None
    after: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class Pong:
    """Answer a ping."""

    t: int | float | str | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell the sender why nothing was done."""

    error: ChatError
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Read nothing more for so many seconds at least."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection."""

    code: CloseCode


Effect = Post | Unheard | Typing | Rename | Fetch | Pong | Refuse | Pause | Close
