"""What one subject has spent on this replica and has not told Redis yet. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.domain.budgets import Budget, Scope

TELL_SHARE: Final = 0.1
"""Who has spent so much of a burst here is told of at the next settling,"""
TELL_SECONDS: Final = 5.0
"""who spends less at the first after so many seconds."""
SETTLE_SECONDS: Final = 0.25
"""Between settlings."""


class Account:
    """Paid in arrears: a look at this object decides, without a question to Redis.

    What is spent here is told to Redis soon, and so to all replicas; the answer says for how long
    the subject has to wait. Until then a replica lets through at most one burst.
    `now` is in seconds of a monotonic clock.
    """

    __slots__ = ("_free_at", "_owing", "budget", "holders", "owed", "scope", "subject", "told_at")

    def __init__(
        self, scope: Scope, subject: str, budget: Budget, owing: set[Account], now: float
    ) -> None:
        """`owing` is where an account puts itself that has something to tell."""
        self.scope = scope
        self.subject = subject
        self.budget = budget
        self.holders = 0
        """Who uses it: connections."""
        self.owed = 0.0
        self.told_at = now
        self._owing = owing
        self._free_at = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until something may be spent; 0.0: now."""
        if self.budget.dry_run:
            return 0.0
        if self.owed >= self.budget.burst:
            return SETTLE_SECONDS
        return max(0.0, self._free_at - now)

    def spend(self, cost: float) -> None:
        """Counts what was done."""
        if not self.owed:
            self._owing.add(self)
        self.owed += cost

    def is_due(self, now: float) -> bool:
        """Is it time to tell?"""
        spent_much = self.owed >= self.budget.burst * TELL_SHARE
        return spent_much or now - self.told_at >= TELL_SECONDS

    def take(self, now: float) -> float:
        """What is to be told, once."""
        owed, self.owed = self.owed, 0.0
        self.told_at = now
        self._owing.discard(self)
        return owed

    def told(self, wait: float, now: float) -> None:
        """Redis has answered: the subject has to wait so many seconds."""
        self._free_at = now + wait

    def not_told(self, owed: float) -> None:
        """Redis was away: this is owed as before; but of too little to keep anybody waiting."""
        self.spend(min(owed, self.budget.burst / 2))
