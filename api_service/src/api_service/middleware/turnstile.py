"""Changes that are asked for while too many are under way: who asks most waits, and is told so.

A change costs a transaction in PostgreSQL. A replica that takes on more of them than it can finish
answers everybody with 503 after a second; so it takes on only so many, and of those who want in
then only who asks seldom. It is said before anything is read, looked up or charged.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from api_service.errors import refuse
from shared.domain.client_address import client_address, is_within, network_of
from shared.domain.token_bucket import TokenBucket
from shared.protocol.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from starlette.types import ASGIApp, Receive, Scope, Send

CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
BUSY: Final = 8
"""Changes under way, from which on it counts how much an address has asked for lately,"""
FULL: Final = 24
"""and from which on nobody is let in: the others would wait longer than it takes to come again."""
FULL_SECONDS: Final = 1.0
SHARE_BURST: Final = 5.0
SHARE_PER_SECOND: Final = 1.0
"""What one address may ask for while it is busy. A town behind one address may be told to come
again, as long as somebody floods, and only then."""
MOST_ADDRESSES: Final = 10_000


class Turnstile:
    """Of one replica; for the event loop's thread alone."""

    def __init__(
        self, app: ASGIApp, trusted_hops: int, unlimited: Sequence[IPv4Network | IPv6Network]
    ) -> None:
        """`unlimited`: networks whose addresses are not counted."""
        self._app = app
        self._trusted_hops = trusted_hops
        self._unlimited = unlimited
        self._under_way = 0
        self._shares: dict[str, TokenBucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything but changes passes through."""
        if scope["type"] != "http" or scope["method"] not in CHANGES:
            await self._app(scope, receive, send)
            return
        if (wait := self._wait(scope)) > 0:
            refusal = RateLimited("replica", wait, int(SHARE_BURST))
            await refuse(scope, refusal)(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    def _wait(self, scope: Scope) -> float:
        """Seconds after which to come again; 0.0: come in."""
        address = client_address(scope["headers"], scope.get("client"), self._trusted_hops)
        if is_within(address, self._unlimited):
            return 0.0
        if self._under_way >= FULL:  # and whoever is told so has not asked for anything
            return FULL_SECONDS
        now = time.monotonic()
        wait = self._share(network_of(address), now).take(now)
        return max(wait, FULL_SECONDS) if wait > 0 and self._under_way >= BUSY else 0.0

    def _share(self, network: str, now: float) -> TokenBucket:
        share = self._shares.pop(network, None) or TokenBucket(SHARE_BURST, SHARE_PER_SECOND, now)
        self._shares[network] = share  # the newest is the last
        if len(self._shares) > MOST_ADDRESSES:
            del self._shares[next(iter(self._shares))]
        return share
