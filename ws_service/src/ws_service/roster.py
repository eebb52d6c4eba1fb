"""A replica's copy of one room's roster: snapshot ⊕ numbered changes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shared.domain.times import format_micros
from shared.protocol.codec import encode, encode_list
from shared.protocol.events import RosterUser

if TYPE_CHECKING:
    from shared.presence.presence import RosterSnapshot
    from shared.protocol.envelopes import Person, RosterEnvelope

Verdict = Literal["applied", "old", "gap"]


class Roster:
    """Who is in a room. People stand in the order in which they came."""

    def __init__(self) -> None:
        self.epoch = ""
        self.rv = -1
        self._people: dict[str, bytes] = {}
        """User id → JSON of the person, encoded once per change."""

    def __len__(self) -> int:
        return len(self._people)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._people

    def worn(self, user_id: str) -> RosterUser | None:
        """What somebody looks like who is here; None if they are not."""
        person = self._people.get(user_id)
        return None if person is None else RosterUser.model_validate_json(person)

    def load(self, snapshot: RosterSnapshot) -> None:
        """Starts anew from a snapshot."""
        self.epoch, self.rv = snapshot.epoch, snapshot.rv
        self._people = {
            present.person.id: _encode(present.person, present.joined_micros)
            for present in snapshot.people
        }

    def apply(self, change: RosterEnvelope) -> Verdict:
        """Takes one change in; `gap` means that a snapshot is needed and nothing was changed."""
        if change.epoch != self.epoch or change.rv > self.rv + 1:
            return "gap"
        if change.rv <= self.rv:
            return "old"
        self.rv = change.rv
        person = change.person
        if change.op == "l":
            self._people.pop(person.id, None)
        else:
            self._people[person.id] = _encode(person, change.joined_micros)
        return "applied"

    def user_list(self, micros: int, limit: int) -> bytes:
        """The `user_list` event: at most `limit` people, the longest present first."""
        people = list(self._people.values()) if len(self._people) <= limit else self._first(limit)
        return encode_list(
            {"type": "user_list"},
            "users",
            people,
            {"timestamp": format_micros(micros), "total": len(self._people)},
        )

    def _first(self, limit: int) -> list[bytes]:
        return [person for _, person in zip(range(limit), self._people.values(), strict=False)]


def _encode(person: Person, joined_micros: int) -> bytes:
    return encode(
        RosterUser(
            id=person.id,
            username=person.username,
            color=person.color,
            joined_at=format_micros(joined_micros),
        )
    )
