"""The accounts of one replica, and their settling with Redis.

A question to Redis for each message would cost a third of what the message itself costs. So what is
said over a socket is counted here and told in arrears, a tenth of a burst at a time; see ADR-0011.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.account import Account
from shared.limits.buckets import Charge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.domain.budgets import Budget, Scope
    from shared.limits.buckets import Buckets, Left
    from shared.runtime.clock import Clock


class Ledger:
    """For the event loop's thread alone."""

    def __init__(self, buckets: Buckets, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock
        self._accounts: dict[tuple[Scope, str], Account] = {}
        self._owing: set[Account] = set()
        self._telling: set[Account] = set()
        """Whose answer is under way."""
        self._idle: dict[tuple[Scope, str], Account] = {}
        """Whose holders have gone, and which still have to wait or to pay: who comes back meanwhile
        does not begin anew."""

    def __len__(self) -> int:
        """Accounts that somebody holds."""
        return len(self._accounts) - len(self._idle)

    def open(self, scope: Scope, subject: str, budget: Budget) -> Account | None:
        """The account of a subject, to be given back by `close`; None where nothing is limited."""
        if budget.unlimited:
            return None
        key = (scope, subject)
        account = self._accounts.get(key)
        if account is None:
            now = self._clock.monotonic()
            account = self._accounts[key] = Account(scope, subject, budget, self._owing, now)
        self._idle.pop(key, None)
        account.holders += 1
        return account

    def close(self, account: Account | None) -> None:
        """The holder needs it no more; what is owed is told all the same."""
        if account is None:
            return
        account.holders -= 1
        if not account.holders:
            self._idle[account.scope, account.subject] = account
            self._forget_idle([account])

    def _forget_idle(self, accounts: Iterable[Account]) -> None:
        now = self._clock.monotonic()
        for account in accounts:
            if not account.owed and account.wait(now) <= 0 and account not in self._telling:
                key = (account.scope, account.subject)
                del self._idle[key], self._accounts[key]

    async def settle(self) -> None:
        """Tells Redis what is due, and takes over who has to wait how long.

        While Redis is away, what is owed stays so.
        """
        now = self._clock.monotonic()
        self._forget_idle(list(self._idle.values()))
        due = [account for account in self._owing if not account.holders or account.is_due(now)]
        if not due:
            return
        charges = [Charge(a.scope, a.subject, a.budget, a.take(now), owed=True) for a in due]
        self._telling.update(due)
        answers: list[Left | None] = [None] * len(due)
        try:
            answers = await self._buckets.charge(charges)
        finally:
            self._telling.clear()
            self._take_over(due, charges, answers)

    def _take_over(
        self, accounts: list[Account], charges: list[Charge], answers: list[Left | None]
    ) -> None:
        now = self._clock.monotonic()
        for account, charge, left in zip(accounts, charges, answers, strict=True):
            if left is None:
                account.not_told(charge.cost)
                continue
            account.told(left.wait, now)
            if left.wait > 0:
                self._buckets.tell_reached(charge, left.wait)
