"""Folds what happens to a roster: the first change is told at once, the rest now and then. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from shared.domain.announcements import joined_text, left_text, renamed_text
from shared.domain.times import format_micros
from shared.protocol.events import SystemEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.protocol.envelopes import Person, RosterEnvelope

WINDOW_SECONDS: Final = 0.25
"""Between two lists of users, at least."""

LIST_BYTES_PER_SECOND: Final = 20_000
"""Of lists to each member. The list of a full room is long, and phones pay for every byte."""

MOST_RENAMES: Final = 10
"""Renames told in one window; more would be noise, and the list shows them anyway."""


@dataclass(slots=True)
class Announcer:
    """Collects changes until they are told."""

    _joined: dict[str, Person] = field(default_factory=dict)
    _left: dict[str, Person] = field(default_factory=dict)
    _renamed: list[tuple[Person, Person]] = field(default_factory=list)
    dirty: bool = False
    """Is there something to tell, be it only a new list?"""

    def note(self, change: RosterEnvelope) -> None:
        """One change of the roster. Who comes and goes within a window is not spoken of."""
        person = change.person
        self.dirty = True
        if change.op == "j":
            if self._left.pop(person.id, None) is None:
                self._joined[person.id] = person
        elif change.op == "l":
            if self._joined.pop(person.id, None) is None:
                self._left[person.id] = person
        elif person.id in self._joined:
            self._joined[person.id] = person
        elif change.before is not None and change.before.username != person.username:
            self._renamed.append((change.before, person))

    def take(self, micros: int) -> list[SystemEvent]:
        """The texts for what was noted since the last call."""
        timestamp = format_micros(micros)
        events = [
            SystemEvent(
                message=renamed_text(old.username, new.username),
                user_id=new.id,
                username=new.username,
                timestamp=timestamp,
                event="renamed",
            )
            for old, new in self._renamed[:MOST_RENAMES]
        ]
        if self._joined:
            events.append(_folded("joined", joined_text, self._joined, timestamp))
        if self._left:
            events.append(_folded("left", left_text, self._left, timestamp))
        self._joined, self._left, self._renamed, self.dirty = {}, {}, [], False
        return events


def _folded(
    event: Literal["joined", "left"],
    text: Callable[[Sequence[str]], str],
    found: dict[str, Person],
    timestamp: str,
) -> SystemEvent:
    """One text for all who came, or left; it carries the ids of the first."""
    people = list(found.values())
    return SystemEvent(
        message=text([person.username for person in people]),
        user_id=people[0].id,
        username=people[0].username,
        timestamp=timestamp,
        event=event,
        count=len(people),
    )
