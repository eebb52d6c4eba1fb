"""How much one author, or one address, may write. Each replica counts for itself.

Addresses get far more than people: whole towns share one IPv4 address behind a carrier's NAT. Of
IPv6 a /64 counts as one, since every household has that many addresses.
"""

from fastapi import Request

from api_service.callers import CallerIn, DepsIn
from api_service.public_url import client_network


async def limit_author(caller: CallerIn, deps: DepsIn) -> None:
    """Counts against the author's budget; administrators have no limit.

    Raises:
        Unavailable: `rate_limited`.
    """
    if caller.user is not None:
        deps.author_limiter.take(str(caller.user.id), deps.clock.monotonic())


async def limit_address(request: Request, deps: DepsIn) -> None:
    """Counts against the budget of the caller's address.

    Raises:
        Unavailable: `rate_limited`.
    """
    network = client_network(request.scope, deps.settings.trusted_hops)
    deps.address_limiter.take(network, deps.clock.monotonic())
