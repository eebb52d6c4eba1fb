"""How clients of one kind of server speak, as far as a load needs it.

Frames are text payloads without their framing. What is said in a room carries a stamp, and whatever
arrives with a stamp is a delivery, in every dialect; only the other frames are looked at more
closely, so that counting deliveries costs the same whoever is measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

STAMP: Final = b"~t"
"""Before the time at which a message was due: ns of the monotonic clock, `STAMP_DIGITS` digits."""

STAMP_DIGITS: Final = 19


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a connection has heard its room."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One client on its way into one room."""

    base: str
    """`ws://host:port` of the server."""
    room: str
    """A UUID."""
    name: str
    """Of the person; unique in a run."""
    since: Position | None = None
    """Where to go on, for those who come back."""
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the first frame of a connection tells."""

    position: Position
    session: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A frame that is neither a live message nor an ack."""

    kind: str
    position: Position | None = None
    complete: bool = True
    code: str = ""
    retry_after: float | None = None


class Dialect(ABC):
    """One instance serves all connections of a process: no state of any of them is kept here.

    The servers we are compared with inherit what is said here of numbers: they have none.
    """

    subprotocols: Sequence[str] = ()
    """Offered in the handshake."""
    acks: bool = False
    """Does every accepted message get an ack?"""
    numbered: bool = False
    """Do messages have numbers, by which a client sees what it missed and comes back?"""
    live: bytes = b""
    """How a live message begins, where messages have numbers."""

    @abstractmethod
    def url(self, visit: Visit) -> str:
        """Where the socket is opened."""

    def greetings(self, visit: Visit) -> Sequence[bytes]:
        """Frames to send as soon as the socket is open."""
        return ()

    @abstractmethod
    def is_welcome(self, payload: bytes) -> bool:
        """Has the connection joined with this frame? It hears everything said from then on."""

    def is_ack(self, payload: bytes) -> bool:
        """Does this frame tell the sender that its message is accepted?"""
        return False

    def reply(self, payload: bytes, visit: Visit) -> bytes | None:
        """A frame to send in answer, such as a heartbeat's."""
        return None

    @abstractmethod
    def say(self, visit: Visit, text: str, number: int) -> bytes:
        """A frame that says `text` in the room; `number` is unique for the connection."""

    def read_welcome(self, payload: bytes) -> Welcome:
        """Of a frame that `is_welcome`; only where `numbered`."""
        raise NotImplementedError

    def read_answer(self, payload: bytes) -> Answer:
        """Of any other frame; only where `numbered`."""
        raise NotImplementedError

    def place_of(self, payload: bytes, epoch: str) -> Position:
        """The place of a live message; only where `numbered`."""
        raise NotImplementedError


def stamped(due_ns: int, size: int) -> str:
    """A text of `size` ASCII characters that carries its time."""
    return f"{STAMP.decode()}{due_ns:0{STAMP_DIGITS}d} ".ljust(size, "x")
