"""How much one user, one address and one room may write, over all replicas and the sockets too.

An address is charged before anything is looked up: guessing sessions costs whoever guesses.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from api_service.callers import DepsIn, OptionalCaller
from api_service.wiring import Deps
from shared.domain.budgets import COSTS, Action, Budget, Scope
from shared.domain.client_address import client_address
from shared.limits.buckets import Charge, Left
from shared.protocol.errors import RateLimited

LIMIT: Final = "RateLimit-Limit"
REMAINING: Final = "RateLimit-Remaining"
RESET: Final = "RateLimit-Reset"

Limiting = Callable[..., Awaitable[None]]


def by_address(action: Action) -> Limiting:
    """A dependency that charges the caller's address.

    It raises RateLimited.
    """

    async def charge_address(request: Request, response: Response, deps: DepsIn) -> None:
        scope = request.scope
        address = client_address(scope["headers"], scope.get("client"), deps.settings.trusted_hops)
        counted = await deps.addresses.counted(address)
        if counted is not None:
            charge = Charge(Scope.ADDRESS, counted.name, counted.rule.budget, COSTS[action])
            await _charge(deps, response, charge)

    return charge_address


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


async def charge_room(deps: Deps, response: Response, room: UUID) -> None:
    """Counts one message into a room.

    Raises:
        RateLimited: there are too many.
    """
    budget = deps.settings.limit_room
    cost = COSTS[Action.MESSAGE]
    await _charge(deps, response, Charge(Scope.ROOM, str(room), budget, cost))


async def _charge(deps: Deps, response: Response, charge: Charge) -> None:
    budget = charge.budget
    if budget.unlimited:
        return
    [left] = await deps.buckets.charge([charge])
    if left is None:
        return
    if left.wait > 0:
        charge.tell_reached(left.wait)
        if not budget.dry_run:
            raise RateLimited(charge.scope.value, left.wait, int(budget.burst))
    _tell(response, budget, left)


def _tell(response: Response, budget: Budget, left: Left) -> None:
    """Of several limits the one that is nearest (draft-ietf-httpapi-ratelimit-headers-03)."""
    held = response.headers.get(REMAINING)
    if held is not None and int(held) <= left.tokens:
        return
    response.headers[LIMIT] = str(int(budget.burst))
    response.headers[REMAINING] = str(left.tokens)
    response.headers[RESET] = str(math.ceil((budget.burst - left.tokens) / budget.per_second))
