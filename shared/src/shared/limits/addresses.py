"""Addresses of clients as they may be kept: by names that are of use for a day and to nobody else.

A name is a keyed hash (HMAC-SHA-256) of the network; the key is random, is shared by all replicas
through Redis, and is another each day. So nothing that is stored or logged tells an address.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.client_address import is_within, network_of
from shared.protocol.errors import Unavailable
from shared.redis_schema.scripts import Command

if TYPE_CHECKING:
    from shared.domain.budgets import Budget
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock
    from shared.runtime.settings import DoorSettings

log = structlog.stdlib.get_logger()

DAY_MICROS: Final = 24 * 3600 * 1_000_000
SECRET_KEEP_SECONDS: Final = 2 * 24 * 3600
ASK_SECONDS: Final = 60.0
"""So often the key is asked for anew: should Redis have lost it, all have the same one again."""

MOST_NAMES: Final = 65_536
"""Kept at hand; a name costs some microseconds."""


@dataclass(frozen=True, slots=True)
class AddressRule:
    """What counts for the addresses of one kind."""

    budget: Budget
    most_connections: int
    """Over all replicas; 0: no limit."""


@dataclass(frozen=True, slots=True)
class AddressRules:
    """IPv4 addresses are shared by whole towns behind a carrier's NAT; a /64 is one household."""

    ipv4: AddressRule
    ipv6: AddressRule
    unlimited: tuple[IPv4Network | IPv6Network, ...]
    """Networks that are not counted."""


@dataclass(frozen=True, slots=True)
class Counted:
    """An address that is counted."""

    name: str
    """Its name of today."""
    rule: AddressRule


def rules_of(settings: DoorSettings) -> AddressRules:
    """As the settings of a service say."""
    return AddressRules(
        AddressRule(settings.limit_ipv4, settings.most_connections_ipv4),
        AddressRule(settings.limit_ipv6, settings.most_connections_ipv6),
        settings.unlimited_networks,
    )


class Addresses:
    """Names addresses."""

    def __init__(self, batcher: CallBatcher, keys: Keys, rules: AddressRules, clock: Clock) -> None:
        self._batcher = batcher
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._day = -1
        self._ask_at = 0.0
        self._secret = b""

    async def counted(self, address: IPv4Address | IPv6Address | None) -> Counted | None:
        """How an address is counted; None where it is not. Who tells none is one of all those.

        Nor is any while Redis is away and the day's key is not known yet; see `buckets.py`.
        """
        if is_within(address, self._rules.unlimited):
            return None
        try:
            name = await self.name_of(address)
        except Unavailable as error:
            log.info("address_not_counted", error=repr(error))
            return None
        rule = self._rules.ipv6 if isinstance(address, IPv6Address) else self._rules.ipv4
        return Counted(name, rule)

    async def name_of(self, address: IPv4Address | IPv6Address | None) -> str:
        """Its name of today, whether it is counted or not.

        Raises:
            Unavailable: Redis is away and the day's key is not known yet.
        """
        day = self._clock.micros() // DAY_MICROS
        now = self._clock.monotonic()
        if day != self._day or now >= self._ask_at:
            self._secret, self._day = await self._secret_of(day), day
            self._ask_at = now + ASK_SECONDS
        return _name(self._secret, network_of(address))

    async def _secret_of(self, day: int) -> bytes:
        """Whoever comes first on a day makes it."""
        key = self._keys.address_secret(day)
        made = secrets.token_hex(32)
        await self._batcher.submit(Command.of("SET", key, made, "NX", "EX", SECRET_KEEP_SECONDS))
        held: bytes | None = await self._batcher.submit(Command.of("GET", key))
        return held if held is not None else made.encode()


@lru_cache(MOST_NAMES)
def _name(secret: bytes, network: str) -> str:
    return hmac.new(secret, network.encode(), hashlib.sha256).hexdigest()[:32]
