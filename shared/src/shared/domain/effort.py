"""Proof of work: what it is asked for, how much of it, and what it buys. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.budgets import COSTS, UNLIMITED, Action, Budget

CHALLENGE_PATH: Final = "/api/challenge/"

TRY_ITERATIONS: Final = 1_000
"""Of PBKDF2 in one try: long enough that a browser's way to its cryptography does not count."""

LEVELS: Final = (1_000, 2_000, 4_000, 8_000)
"""Tries that find the solution at the latest, half of them on average; see ADR-0013."""

GRACE_LEVELS: Final = 1
"""A proof may be so much easier than what is asked for now: the crowd grows while people compute.
What was fetched in store before it grew is worth nothing."""


class Purpose(StrEnum):
    """What a proof is good for, and for nothing else."""

    JOIN = "join"
    """The way into a room: over a socket into one that is named, over REST into any."""
    USER = "user"
    ROOM = "room"
    """A new one."""


ACTIONS: Final[dict[Purpose, Action]] = {
    Purpose.JOIN: Action.JOIN,
    Purpose.USER: Action.JOIN,
    Purpose.ROOM: Action.ROOM,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what."""

    purpose: Purpose
    room: str = ""
    """Into which; empty: any."""
    address: str = ""
    """From where, by its name of today; empty: an address that is not counted."""

    @property
    def place(self) -> str:
        """Where its challenge is to be had, without the origin."""
        room = f"&room={self.room}" if self.room else ""
        return f"{CHALLENGE_PATH}?for={self.purpose.value}{room}"


def budget_beyond(budget: Budget, share: float) -> Budget:
    """What proofs buy beyond `budget`; unlimited where nobody is refused, so nobody is asked."""
    if budget.unlimited or budget.dry_run or share <= 0:
        return UNLIMITED
    dearest = max(COSTS.values())
    return Budget(max(budget.burst * share, dearest), budget.per_second * share)


def level_of(tokens: float, budget: Budget) -> int:
    """How hard it is to buy from a budget of which so much is left: the less, the harder."""
    spent = 1 - min(max(tokens / budget.burst, 0.0), 1.0)
    return min(int(spent * len(LEVELS)), len(LEVELS) - 1)
