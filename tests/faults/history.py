"""What happened in one run, as its clients and the servers tell it: data, and nothing else.

Times are seconds since the run began. A message is known by its content, which says who sent it
where and as which of theirs; everywhere else it is an index into `History.sendings`. Views are kept
in arrays: a long run shows ten million messages to its readers.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

STRANGER: Final = -1
"""Index of a message that nobody has sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server says that a message is."""

    seq: int
    message_id: str


@dataclass(slots=True)
class Sending:
    """One message, from its author's first attempt to its ack."""

    room: int
    author: int
    number: int
    """Counts the author's messages; they are sent one after another."""
    began: float
    acked: float | None = None
    place: Place | None = None

    @property
    def content(self) -> str:
        return f"{self.room}/{self.author}/{self.number}"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was told to a reader between two messages."""

    at: int
    """Index of the first message after it."""
    kind: str
    """`welcome`: a connection, with the room's head; `break`: begin anew after `seq`."""
    epoch: str
    seq: int
    time: float


@dataclass(slots=True)
class View:
    """What one reader was shown, in its order, over all its connections."""

    reader: str
    room: int
    seqs: array[int] = field(default_factory=lambda: array("q"))
    messages: array[int] = field(default_factory=lambda: array("q"))
    marks: list[Mark] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Contents that nobody has sent."""


@dataclass(frozen=True, slots=True)
class Row:
    """A message as REST or PostgreSQL has it after the run."""

    seq: int
    message_id: str
    content: str


@dataclass(frozen=True, slots=True)
class Emptying:
    """Redis was emptied on purpose: what PostgreSQL did not have then is lost, and only that."""

    began: float
    ended: float
    stored: frozenset[str]
    """Contents that PostgreSQL had just before."""


@dataclass(frozen=True, slots=True)
class Failover:
    """Another server became master: what only the old one had is gone, none of it acknowledged."""

    began: float
    ended: float


@dataclass(slots=True)
class History:
    """Everything that is known of a run."""

    sendings: list[Sending] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    rest: dict[int, list[Row]] = field(default_factory=dict)
    """By room, in order of seq."""
    rest_totals: dict[int, int] = field(default_factory=dict)
    postgres: dict[int, list[Row]] = field(default_factory=dict)
    emptyings: list[Emptying] = field(default_factory=list)
    failovers: list[Failover] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    """Content → index of its sending."""

    def add(self, sending: Sending) -> None:
        """Before the first attempt: a message that is shown must be known."""
        self.index[sending.content] = len(self.sendings)
        self.sendings.append(sending)

    def show(self, view: View, seq: int, content: str) -> None:
        """A reader was shown a message."""
        message = self.index.get(content, STRANGER)
        if message == STRANGER:
            view.strangers.append(content)
        view.seqs.append(seq)
        view.messages.append(message)
