"""How much one user, one address and one room may write, over all replicas and the sockets too.

An address is charged before anything is looked up: guessing sessions costs whoever guesses.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import Header, Request, Response

from api_service.callers import DepsIn, OptionalCaller
from api_service.wiring import Deps
from shared.domain.budgets import (
    COSTS,
    ROOM_BY_JOINING,
    Action,
    Budget,
    Scope,
    price_in_room,
)
from shared.domain.client_address import client_address
from shared.domain.effort import Purpose, Wish
from shared.limits.addresses import Counted
from shared.limits.buckets import Charge, Left
from shared.limits.proofs import Ticket
from shared.protocol.errors import RateLimited

LIMIT: Final = "RateLimit-Limit"
REMAINING: Final = "RateLimit-Remaining"
RESET: Final = "RateLimit-Reset"

PROOF: Final = "X-Adda-Proof"

Limiting = Callable[..., Awaitable[None]]


def by_address(action: Action, purpose: Purpose | None = None) -> Limiting:
    """A dependency that charges the caller's address; with a purpose, proofs of work help.

    It raises RateLimited.
    """
    proof_header = Header(
        alias=PROOF,
        include_in_schema=purpose is not None,
        description="Of work, after `proof_required`",
    )

    async def charge_address(
        request: Request,
        response: Response,
        deps: DepsIn,
        proof: Annotated[str | None, proof_header] = None,
    ) -> None:
        counted = await counted_caller(deps, request)
        if counted is not None:
            charge = Charge(Scope.ADDRESS, counted.name, counted.rule.budget, COSTS[action])
            ticket = None
            if purpose is not None:
                ticket = Ticket(Wish(purpose, address=counted.name), proof)
            await _charge(deps, response, charge, ticket)

    return charge_address


async def charge_search(deps: Deps, request: Request, response: Response) -> None:
    """Charges the caller's address for a search: of all that is read, no kept answer spares it.

    Raises:
        RateLimited: there are too many.
    """
    await _charge_address(deps, request, response, COSTS[Action.SEARCH])


async def charge_new_room(deps: Deps, request: Request, response: Response) -> None:
    """Charges the caller's address, which has paid for a join, for the room that this makes.

    Proofs of work do not help: what they buy is a place among others.

    Raises:
        RateLimited: it may not make one now.
    """
    await _charge_address(deps, request, response, ROOM_BY_JOINING)


async def _charge_address(deps: Deps, request: Request, response: Response, cost: float) -> None:
    counted = await counted_caller(deps, request)
    if counted is not None:
        budget = counted.rule.budget
        await _charge(deps, response, Charge(Scope.ADDRESS, counted.name, budget, cost))


async def counted_caller(deps: Deps, request: Request) -> Counted | None:
    """How the caller's address is counted; None where it is not."""
    scope = request.scope
    address = client_address(scope["headers"], scope.get("client"), deps.settings.trusted_hops)
    return await deps.addresses.counted(address)


def by_session(action: Action) -> Limiting:
    """A dependency that charges the caller's user; nobody and administrators have no limit here.

    It raises RateLimited, and as `find_caller` does.
    """

    async def charge_session(response: Response, deps: DepsIn, caller: OptionalCaller) -> None:
        if caller is not None and caller.user is not None:
            budget = deps.settings.limit_session
            charge = Charge(Scope.SESSION, str(caller.user.id), budget, COSTS[action])
            await _charge(deps, response, charge)

    return charge_session


async def charge_room(deps: Deps, response: Response, room: UUID, characters: int) -> None:
    """Counts one message of that length into a room. How many hear it is not known here.

    Raises:
        RateLimited: there are too many.
    """
    budget = deps.settings.limit_room
    cost = price_in_room(0, characters)
    await _charge(deps, response, Charge(Scope.ROOM, str(room), budget, cost))


async def _charge(
    deps: Deps, response: Response, charge: Charge, ticket: Ticket | None = None
) -> None:
    budget = charge.budget
    if budget.unlimited:
        return
    [left] = await deps.buckets.charge([charge])
    if left is None:
        return
    if left.wait > 0:
        deps.buckets.tell_reached(charge, left.wait)
        if not budget.dry_run:
            refusal = RateLimited(charge.scope.value, left.wait, int(budget.burst))
            if ticket is None:
                raise refusal
            await deps.proofs.admit(ticket, charge, refusal)
    _tell(response, budget, left)


def _tell(response: Response, budget: Budget, left: Left) -> None:
    """Of several limits the one that is nearest (draft-ietf-httpapi-ratelimit-headers-03)."""
    held = response.headers.get(REMAINING)
    if held is not None and int(held) <= left.tokens:
        return
    response.headers[LIMIT] = str(int(budget.burst))
    response.headers[REMAINING] = str(left.tokens)
    response.headers[RESET] = str(math.ceil((budget.burst - left.tokens) / budget.per_second))
