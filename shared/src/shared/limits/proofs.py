"""Proofs of work instead of a ban: what somebody may do whose address or room is over its limit.

Guarantees: each proof is good for one wish, once, at whichever replica; and what all of them buy is
a budget of its own, a share of the limit, so that a farm of computers cannot pour in either. Who is
not refused is never asked. While Redis is away a proof that holds is taken as unused; see
`buckets.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.budgets import Scope
from shared.domain.effort import GRACE_LEVELS, Wish, budget_beyond, level_of
from shared.limits.buckets import Charge
from shared.limits.challenges import VALID_SECONDS, Solved, make_challenge, read_proof
from shared.protocol.errors import ProofRequired, RateLimited, Unavailable
from shared.redis_schema.scripts import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from altcha import Challenge

    from shared.limits.addresses import Addresses
    from shared.limits.buckets import Buckets
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock

log = structlog.stdlib.get_logger()

USED_KEEP_SECONDS: Final = VALID_SECONDS + 60
"""Longer than a proof is good for, by the clock of any replica."""

_BEYOND: Final = {Scope.ADDRESS: Scope.ADDRESS_PROOFS, Scope.NEWCOMERS: Scope.NEWCOMER_PROOFS}


@dataclass(slots=True)
class Ticket:
    """One attempt to do something, with what is shown for it."""

    wish: Wish
    proof: str | None
    solved: Solved | None = None
    """What the proof solves, once it was looked at."""
    used: bool = False
    paid: set[Scope] = field(default_factory=set)
    """Limits that it has passed by its proof."""


class Proofs:
    """Gives challenges, and lets in who has solved them."""

    def __init__(
        self,
        batcher: CallBatcher,
        keys: Keys,
        buckets: Buckets,
        addresses: Addresses,
        clock: Clock,
        share: float,
    ) -> None:
        """`share` is what proofs buy, of what the limit allows; 0: nothing."""
        self._batcher = batcher
        self._keys = keys
        self.buckets = buckets
        self.addresses = addresses
        self._clock = clock
        self._share = share
        self.asked = 0
        """How often a proof was asked for, and"""
        self.passed = 0
        """how often somebody got in by one."""

    async def challenge(self, wish: Wish, limits: Sequence[Charge]) -> Challenge:
        """As hard as the busiest of the `limits` that the wish may meet asks for.

        Raises:
            RateLimited: proofs have bought all that there is, for now.
            Unavailable: Redis is away.
        """
        secret = await self.addresses.secret()
        if secret is None:
            raise Unavailable("redis")
        level = 0
        beyond = [self._beyond(limit) for limit in limits]
        asked = [charge for charge in beyond if not charge.budget.unlimited]
        answers = await self.buckets.charge([charge._replace(cost=0.0) for charge in asked])
        for charge, left in zip(asked, answers, strict=True):
            if left is None:
                continue
            if left.tokens < charge.cost:
                wait = (charge.cost - left.tokens) / charge.budget.per_second
                raise RateLimited(charge.scope.value, wait, int(charge.budget.burst))
            level = max(level, level_of(left.tokens, charge.budget))
        return make_challenge(secret, wish, level, self._clock.micros())

    async def check(self, ticket: Ticket, limit: Charge, refusal: Unavailable) -> None:
        """Passes who shows a proof that holds, as long as it was not used. Takes nothing.

        Raises:
            ProofRequired: there is none.
            Unavailable: `refusal`, where proofs do not help.
        """
        secret = await self.addresses.secret() if self._share > 0 else None
        if secret is None:
            raise refusal
        if ticket.solved is None and ticket.proof is not None:
            now = self._clock.micros()
            ticket.solved = read_proof(secret, ticket.wish, ticket.proof, now)
        if ticket.solved is None:
            raise self._required(ticket, limit, refusal)

    async def admit(self, ticket: Ticket, limit: Charge, refusal: Unavailable) -> None:
        """Lets somebody pass by their proof who would get `refusal`: `limit` could not be charged.

        Raises:
            ProofRequired: there is no proof that holds, or it was used, or is too easy by now.
            Unavailable: `refusal`, where proofs do not help or have bought all that there is.
        """
        if limit.scope in ticket.paid:
            return
        await self.check(ticket, limit, refusal)
        solved, charge = ticket.solved, self._beyond(limit)
        if solved is None:
            raise AssertionError("check passes nobody without a proof")
        unused, [left] = await asyncio.gather(
            self._use(ticket, solved), self.buckets.charge([charge._replace(cost=0.0)])
        )
        asked = 0 if left is None else level_of(left.tokens, charge.budget)
        if not unused or solved.level < asked - GRACE_LEVELS:
            raise self._required(ticket, limit, refusal)
        [left] = await self.buckets.charge([charge])
        if left is not None and left.wait > 0:
            self.buckets.tell_reached(charge, left.wait)
            refusal.retry_after = max(refusal.retry_after, left.wait)
            raise refusal
        ticket.paid.add(limit.scope)
        self.passed += 1
        log.info("passed_by_proof", scope=limit.scope.value, level=solved.level)

    async def _use(self, ticket: Ticket, solved: Solved) -> bool:
        """True for the first who does so, on whichever replica."""
        if ticket.used:
            return True
        key = self._keys.used_proof(solved.nonce)
        try:
            done = await self._batcher.submit(
                Command.of("SET", key, 1, "NX", "EX", USED_KEEP_SECONDS)
            )
        except Unavailable as error:
            log.info("proofs_not_kept", error=repr(error))
            return True
        ticket.used = done is not None
        return ticket.used

    def _beyond(self, limit: Charge) -> Charge:
        budget = budget_beyond(limit.budget, self._share)
        return Charge(_BEYOND[limit.scope], limit.subject, budget, limit.cost)

    def _required(self, ticket: Ticket, limit: Charge, refusal: Unavailable) -> ProofRequired:
        self.asked += 1
        burst = int(limit.budget.burst)
        return ProofRequired(refusal.part, refusal.retry_after, burst, ticket.wish.place)
