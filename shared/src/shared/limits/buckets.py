"""Token buckets in Redis, one for all replicas.

Guarantees: each charge is atomic and by the server's clock. Buckets of different subjects are
charged one by one: a request that one of them refuses has been counted by those before it. While
Redis is away, or the node of a Cluster that has a bucket, nobody is limited by it: what the request
itself needs of Redis says no soon enough.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from shared.domain.budgets import Scope
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.domain.budgets import Budget
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.scripts import Call, Scripts

log = structlog.stdlib.get_logger()

MOST_IN_A_CALL: Final = 200
"""Buckets; no script may hold up the others for long."""

_OF_ADDRESSES: Final = frozenset({Scope.ADDRESS, Scope.ADDRESS_PROOFS})


class Charge(NamedTuple):
    """What is to be taken from whose bucket."""

    scope: Scope
    subject: str
    budget: Budget
    cost: float
    owed: bool = False
    """It is done already: it counts whatever is left."""


class Left(NamedTuple):
    """What a bucket answered."""

    wait: float
    """Seconds until the charge would be allowed; 0.0: it was taken."""
    tokens: int
    """Whole ones, of those that are left."""


class Buckets:
    """Never raises Unavailable; see above."""

    def __init__(self, batcher: CallBatcher, scripts: Scripts) -> None:
        self._batcher = batcher
        self._scripts = scripts
        self.reached: Counter[tuple[Scope, bool]] = Counter()
        """How often somebody had to wait; True: would have had to, in a dry run."""

    def tell_reached(self, charge: Charge, wait: float) -> None:
        """Counts, and logs, who has to wait so many seconds, or would have to in a dry run.

        Never the name of an address: beside the id of a request it would tell whose it is.
        """
        self.reached[charge.scope, charge.budget.dry_run] += 1
        log.info(
            "limit_reached",
            scope=charge.scope.value,
            subject=None if charge.scope in _OF_ADDRESSES else charge.subject,
            wait=round(wait, 3),
            dry_run=charge.budget.dry_run,
        )

    def counts(self) -> dict[tuple[str, str], int]:
        """`reached`, as the metric of it is labelled."""
        return {
            (scope.value, str(dry).lower()): count for (scope, dry), count in self.reached.items()
        }

    @property
    def waiting_calls(self) -> int:
        """Calls to Redis that are not answered yet."""
        return len(self._batcher)

    async def charge(self, charges: Sequence[Charge]) -> list[Left | None]:
        """Charges all, each bucket for itself; answers in their order, None where Redis is away."""
        keys = self._scripts.keys
        places: dict[int, list[int]] = defaultdict(list)
        for place, charge in enumerate(charges):
            places[keys.partition_of(charge.subject)].append(place)
        chunks = [
            part[at : at + MOST_IN_A_CALL]
            for part in places.values()
            for at in range(0, len(part), MOST_IN_A_CALL)
        ]
        answers = await asyncio.gather(
            *(self._charge_chunk([charges[place] for place in chunk]) for chunk in chunks)
        )
        left: list[Left | None] = [None] * len(charges)
        for chunk, answer in zip(chunks, answers, strict=True):
            for place, each in zip(chunk, answer, strict=True):
                left[place] = each
        return left

    async def _charge_chunk(self, charges: Sequence[Charge]) -> Sequence[Left | None]:
        try:
            answer = await self._batcher.submit(self._call(charges))
        except Unavailable as error:
            log.info("limits_not_kept", buckets=len(charges), error=repr(error))
            return [None] * len(charges)
        return [Left(int(micros) / 1_000_000, int(tokens)) for micros, tokens in answer]

    def _call(self, charges: Sequence[Charge]) -> Call:
        keys = self._scripts.keys
        return self._scripts.charge(
            [
                (
                    keys.bucket(charge.scope, charge.subject),
                    charge.cost,
                    charge.budget.burst,
                    charge.budget.per_second,
                    charge.owed,
                )
                for charge in charges
            ]
        )
