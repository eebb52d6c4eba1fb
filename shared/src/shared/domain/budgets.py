"""How much of what one may do: token buckets as settings say them, and what each action costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from typing_extensions import override


class Action(StrEnum):
    """What costs something."""

    MESSAGE = "message"
    """Also a change or deletion of one, a page of history, and what cannot be understood."""
    TYPING = "typing"
    """Also a ping."""
    JOIN = "join"
    """Also a new user."""
    RENAME = "rename"
    ROOM = "room"
    """A new one."""
    REPORT = "report"
    """Of a message: staff have to read it."""
    WHOLE = "whole"
    """Everything of a person, to be read or to be erased."""
    SEARCH = "search"
    """Of rooms: a look through all of them, up to ten thousand hits."""


COSTS: Final[dict[Action, float]] = {
    Action.MESSAGE: 1.0,
    Action.TYPING: 0.1,
    Action.JOIN: 2.0,
    Action.RENAME: 2.0,
    Action.ROOM: 10.0,
    Action.REPORT: 5.0,
    Action.WHOLE: 10.0,
    Action.SEARCH: 1.0,
}
"""In tokens. What is heard by everybody, or kept for ever, costs more, as in IRC's fake lag."""

ROOM_BY_JOINING: Final = COSTS[Action.ROOM] - COSTS[Action.JOIN]
"""What a join costs besides that makes a room: it is as dear as one that was asked for."""

PEOPLE_PER_TOKEN: Final = 50
"""So many more who hear a message at one replica make it a token dearer for the room, since it is
they who cost time;"""
MOST_TOKENS_OF_PEOPLE: Final = 10
"""but not beyond these: the more hear a room, the more messages go to them together."""
CHARACTERS_PER_PART: Final = 500
"""A message that is longer costs as much as the short ones it is as long as."""


def price_in_room(people: int, characters: int) -> float:
    """Of one message, for the room; in tokens. `people`: who hear it at this replica."""
    heard = min(people // PEOPLE_PER_TOKEN, MOST_TOKENS_OF_PEOPLE)
    return (COSTS[Action.MESSAGE] + heard) * (1 + characters // CHARACTERS_PER_PART)


class Scope(StrEnum):
    """Whose bucket."""

    SESSION = "session"
    ADDRESS = "address"
    ROOM = "room"
    """Messages into one room, from everybody."""
    NEWCOMERS = "newcomers"
    """People into one room who have been nowhere before: of a flood of joins, all."""
    SLOW = "slow"
    """One person in one room that is in slow mode."""
    ADDRESS_PROOFS = "address-proofs"
    """What an address has bought by proofs of work, beyond ADDRESS."""
    NEWCOMER_PROOFS = "newcomer-proofs"
    """The same of a room, beyond NEWCOMERS."""


@dataclass(frozen=True, slots=True)
class Budget:
    """`burst` tokens at once, and `per_second` for long. Both are 0 where nothing is limited."""

    burst: float
    per_second: float
    dry_run: bool = False
    """Only tell in the log what would have been refused."""

    @property
    def unlimited(self) -> bool:
        """May everybody do everything?"""
        return self.burst == 0

    @override
    def __str__(self) -> str:
        if self.unlimited:
            return "off"
        return f"{self.burst:g}/{self.per_second:g}" + (" dry" if self.dry_run else "")


UNLIMITED: Final = Budget(0, 0)

_FORM: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)/(\d{1,9}(?:\.\d{1,6})?)( dry)?", re.ASCII)


def parse_budget(text: str) -> Budget:
    """`60/20`: 60 tokens at once, 20 per second for long; `60/20 dry` only tells; `off`.

    Raises:
        ValueError: it is none of these, or allows less than the dearest action at once.
    """
    if text.strip() == "off":
        return UNLIMITED
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError('write "BURST/PER_SECOND", "BURST/PER_SECOND dry" or "off"')
    budget = Budget(float(found[1]), float(found[2]), found[3] is not None)
    dearest = max(COSTS.values())
    if budget.burst < dearest or budget.per_second <= 0:
        raise ValueError(f"the burst must be {dearest:g} or more, and the rate above 0")
    return budget
