"""Where connections come from: how many from each address, and what they may do together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from shared.domain.budgets import COSTS, ROOM_BY_JOINING, Action, Scope
from shared.domain.moderation import Origin
from shared.domain.times import day_of
from shared.limits.buckets import Charge
from shared.limits.connection_counts import COUNT_TTL_MS
from shared.protocol.errors import ChatError, ErrorCode, RateLimited
from ws_service.flood_door import FloodDoor

if TYPE_CHECKING:
    from collections.abc import Callable
    from ipaddress import IPv4Address, IPv6Address

    from shared.domain.account import Account
    from shared.limits.addresses import Addresses, AddressRule
    from shared.limits.buckets import Buckets
    from shared.limits.connection_counts import ConnectionCounts
    from shared.limits.ledger import Ledger
    from shared.limits.proofs import Proofs, Ticket
    from shared.runtime.clock import Clock

log = structlog.stdlib.get_logger()


@dataclass(slots=True)
class Visitor:
    """One address, as long as somebody is here from it."""

    name: str
    rule: AddressRule
    account: Account | None
    origin: Origin
    name_on: Callable[[int], str | None]
    """Its name on a day, as far as that is known."""
    connections: int = 0


class Reception(NamedTuple):
    """What awaits somebody before anything is made for them."""

    wait: float
    """Seconds for which they are to stay away; 0.0: they may knock."""
    suspect: bool
    """Where they come from is known for floods."""


WELCOME: Final = Reception(0.0, suspect=False)


class Visitors:
    """For the event loop's thread alone."""

    def __init__(
        self,
        addresses: Addresses,
        buckets: Buckets,
        counts: ConnectionCounts,
        ledger: Ledger,
        proofs: Proofs,
        clock: Clock,
    ) -> None:
        self._addresses = addresses
        self._buckets = buckets
        self._counts = counts
        self._ledger = ledger
        self._proofs = proofs
        self._clock = clock
        self._here: dict[str, Visitor] = {}
        self._fewer: dict[str, None] = {}
        self._door = FloodDoor()

    def __len__(self) -> int:
        """Addresses that somebody is here from."""
        return len(self._here)

    async def knock(
        self, address: IPv4Address | IPv6Address | None, ticket: Ticket
    ) -> Visitor | None:
        """Counts one connection here, to be given back by `leave`; None: nothing is counted.

        Raises:
            RateLimited: this address is known to do too much, and no proof is shown; it costs
                nobody else a place.
        """
        counted = await self._addresses.counted(address)
        if counted is None:
            return None
        ticket.wish = replace(ticket.wish, address=counted.name)
        visitor = self._here.get(counted.name)
        if visitor is None:
            account = self._ledger.open(Scope.ADDRESS, counted.name, counted.rule.budget)
            origin = Origin(counted.day, counted.name)
            name_on = partial(self._addresses.name_on, counted.network)
            visitor = Visitor(counted.name, counted.rule, account, origin, name_on)
            self._here[counted.name] = visitor
        visitor.connections += 1
        wait = 0.0 if visitor.account is None else visitor.account.wait(self._clock.monotonic())
        if wait > 0:
            try:
                await self._proofs.check(ticket, *_refused(visitor, wait))
            except BaseException:
                self.leave(visitor)
                raise
        return visitor

    def receive(self, address: IPv4Address | IPv6Address | None) -> Reception:
        """How somebody from there is received. Never waits."""
        if not len(self._door):
            return WELCOME
        name = self._addresses.name_now(address)
        if name is None:
            return WELCOME
        now = self._clock.monotonic()
        return Reception(self._door.wait(name, now), self._door.suspects(name, now))

    def is_suspect(self, visitor: Visitor | None) -> bool:
        """Is it known for floods where they come from?"""
        return visitor is not None and self._door.suspects(visitor.name, self._clock.monotonic())

    def flooded(self, visitor: Visitor | None) -> None:
        """A connection is about to be closed as a flood."""
        self._tell_door(visitor, self._door.flooded)

    def fled(self, visitor: Visitor | None) -> None:
        """A connection has gone as soon as it had come."""
        self._tell_door(visitor, self._door.fled)

    def _tell_door(self, visitor: Visitor | None, tell: Callable[[str, int, float], float]) -> None:
        if visitor is None:
            return
        # Who came yesterday has another name today.
        name = visitor.name_on(day_of(self._clock.micros())) or visitor.name
        seconds = tell(name, visitor.connections - 1, self._clock.monotonic())
        if seconds > 0:
            log.warning("door_shut", seconds=seconds)

    async def let_in(self, visitor: Visitor | None, ticket: Ticket) -> None:
        """Charges the join, and counts the connection among those of all replicas.

        Raises:
            ChatError: `too_many_connections`.
            RateLimited: too many come from there.
        """
        if visitor is not None:
            await asyncio.gather(
                self._charge(visitor, ticket), self._count(visitor, visitor.connections)
            )

    async def pay_for_room(self, visitor: Visitor | None) -> None:
        """Charges who has paid for their join for the room that it makes.

        Proofs of work do not help: what they buy is a place among others.

        Raises:
            RateLimited: no room can be made from there now.
        """
        if visitor is None or visitor.account is None:
            return
        budget = visitor.rule.budget
        room = Charge(Scope.ADDRESS, visitor.name, budget, ROOM_BY_JOINING)
        [left] = await self._buckets.charge([room])
        if left is None or left.wait <= 0:
            return
        self._buckets.tell_reached(room, left.wait)
        if not budget.dry_run:
            # The account is not told: there may be enough left for all that is cheaper.
            raise RateLimited("address", left.wait, int(budget.burst))

    def leave(self, visitor: Visitor | None) -> None:
        """One connection less. The other replicas hear of it with the next `tell_fewer`."""
        if visitor is None:
            return
        visitor.connections -= 1
        self._fewer[visitor.name] = None
        if not visitor.connections:
            del self._here[visitor.name]
            self._ledger.close(visitor.account)

    async def tell_fewer(self) -> None:
        """Tells what has become less since the last time."""
        fewer, self._fewer = self._fewer, {}
        await self._tell(list(fewer))

    async def renew(self) -> None:
        """Tells all numbers again, before they expire."""
        await self._tell(list(self._here))

    async def _tell(self, names: list[str]) -> None:
        here = self._here
        counts = {name: here[name].connections if name in here else 0 for name in names}
        await self._counts.tell(counts)

    async def _charge(self, visitor: Visitor, ticket: Ticket) -> None:
        account = visitor.account
        if account is None:
            return
        wait = account.wait(self._clock.monotonic())
        if wait <= 0:
            join = _join(visitor)
            [left] = await self._buckets.charge([join])
            if left is None or left.wait <= 0:
                return
            wait = left.wait
            self._buckets.tell_reached(join, wait)
            account.told(wait, self._clock.monotonic())
            if join.budget.dry_run:
                return
        await self._proofs.admit(ticket, *_refused(visitor, wait))

    async def _count(self, visitor: Visitor, count: int) -> None:
        most = visitor.rule.most_connections
        place = await self._counts.add(visitor.name, count, most)
        if place == "later":
            raise RateLimited("address", COUNT_TTL_MS / 1000, most)
        if place == "full":
            raise ChatError(ErrorCode.TOO_MANY_CONNECTIONS)


def _join(visitor: Visitor) -> Charge:
    return Charge(Scope.ADDRESS, visitor.name, visitor.rule.budget, COSTS[Action.JOIN])


def _refused(visitor: Visitor, wait: float) -> tuple[Charge, RateLimited]:
    """What could not be charged, and what is said of it where no proof helps."""
    return _join(visitor), RateLimited("address", wait, int(visitor.rule.budget.burst))
