"""What of all that arrives is new, and what is missing. Pure: events in, events and wishes out.

The server promises gapless numbers and the missed messages after a reconnect; this class holds it
to that. A program behind it sees every message once and in order, or is told (`recovered` with
`complete: false`) that the room was begun anew and must be reloaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from shared.domain.position import Position
from shared.protocol.events import (
    HistoryEvent,
    MessageDeletedEvent,
    MessageEvent,
    MessageUpdatedEvent,
    RecoveredEvent,
    WelcomeEvent,
)

if TYPE_CHECKING:
    from shared.protocol.events import Event


@dataclass(slots=True)
class Step:
    """What one event leads to."""

    deliver: list[Event] = field(default_factory=list)
    fetch_after: int | None = None
    """Ask for `history` after this seq."""


class Timeline:
    """One room, as one program has seen it."""

    def __init__(self) -> None:
        self.position: Position | None = None
        """The last message that was delivered; None before the first welcome."""
        self._filling = False
        self._held: list[MessageEvent] = []
        """Live messages that wait until a gap is filled."""

    def disconnected(self) -> None:
        """The connection is gone; the next one begins with what was missed."""
        self._filling = False
        self._held.clear()

    def take(self, event: Event) -> Step:
        """One event of the room; those of other kinds pass unchanged."""
        match event:
            case WelcomeEvent():
                if self.position is None:
                    self.position = Position(event.epoch, event.seq)
                return Step([event])
            case RecoveredEvent():
                return self._recovered(event)
            case HistoryEvent():
                return self._filled(event)
            case MessageUpdatedEvent() | MessageDeletedEvent():
                return Step([event])
            case MessageEvent():
                return self._message(event)
            case _:
                return Step([event])

    def _message(self, event: MessageEvent) -> Step:
        position = self._known()
        if self._filling:
            self._held.append(event)
            return Step()
        if event.seq <= position.seq:
            return Step()
        if event.seq > position.seq + 1:
            self._held.append(event)
            return self._fill()
        return Step(list(self._in_order([event])))

    def _recovered(self, event: RecoveredEvent) -> Step:
        position = self._known()
        if event.complete:
            step = Step([*self._in_order(event.messages), *event.revisions])
            self.position = Position(event.epoch, max(event.seq, self._known().seq))
            return step
        if event.epoch == position.epoch and event.seq >= position.seq:
            # The same life of the room, only too much of it: the rest can be read.
            self._held += event.messages
            return self._fill()
        self.disconnected()
        self.position = Position(event.epoch, event.seq)
        return Step([event])

    def _fill(self) -> Step:
        self._filling = True
        return Step(fetch_after=self._known().seq)

    def _filled(self, event: HistoryEvent) -> Step:
        if not self._filling:
            return Step()
        step = Step(list(self._in_order(event.messages)))
        if event.has_more and event.messages:
            step.fetch_after = self._known().seq
            return step
        self._filling = False
        held, self._held = self._held, []
        step.deliver += self._in_order(held)
        return step

    def _in_order(self, messages: list[MessageEvent]) -> list[MessageEvent]:
        """Those that are new; what lies between them was deleted."""
        position = self._known()
        new = [message for message in messages if message.seq > position.seq]
        new.sort(key=lambda message: message.seq)
        fresh: list[MessageEvent] = []
        for message in new:
            if not fresh or message.seq > fresh[-1].seq:
                fresh.append(message)
        if fresh:
            self.position = replace(position, seq=fresh[-1].seq)
        return fresh

    def _known(self) -> Position:
        if self.position is None:
            raise AssertionError("the server speaks before its welcome")
        return self.position
