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
from shared.domain.times import day_of
from shared.protocol.errors import Unavailable
from shared.redis_schema.scripts import Command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.domain.budgets import Budget
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock
    from shared.runtime.settings import DoorSettings

log = structlog.stdlib.get_logger()

KEPT_DAYS: Final = 2
"""A key is forgotten so long after its day began; so then are all names that were made with it."""
SECRET_KEEP_SECONDS: Final = KEPT_DAYS * 24 * 3600
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
    """Its name of today,"""
    day: int
    """which is this one, since 1970."""
    rule: AddressRule
    network: str
    """The address itself, as far as it is counted: in memory only, never to be kept or logged."""


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
        self._secrets: dict[int, bytes] = {}
        """By day."""
        self._ask_at = 0.0

    async def counted(self, address: IPv4Address | IPv6Address | None) -> Counted | None:
        """How an address is counted; None where it is not. Who tells none is one of all those.

        Nor is any while Redis is away and the day's key is not known yet; see `buckets.py`.
        """
        if is_within(address, self._rules.unlimited):
            return None
        day = day_of(self._clock.micros())
        secret = await self._secret_today(day)
        if secret is None:
            return None
        rule = self._rules.ipv6 if isinstance(address, IPv6Address) else self._rules.ipv4
        network = network_of(address)
        return Counted(_name(secret, network), day, rule, network)

    def name_now(self, address: IPv4Address | IPv6Address | None) -> str | None:
        """Its name of today, if it is counted and the day's key is at hand. Never waits."""
        if is_within(address, self._rules.unlimited):
            return None
        return self.name_on(network_of(address), day_of(self._clock.micros()))

    async def secret(self) -> bytes | None:
        """The day's key, the same for all replicas; None: Redis is away."""
        return await self._secret_today(day_of(self._clock.micros()))

    async def _secret_today(self, day: int) -> bytes | None:
        now = self._clock.monotonic()
        if day not in self._secrets or now >= self._ask_at:
            try:
                self._keep(day, await self._secret_of(day))
                self._ask_at = now + ASK_SECONDS
            except Unavailable as error:
                log.info("address_not_counted", error=repr(error))
                return None
        return self._secrets[day]

    async def learn(self, days: Iterable[int]) -> None:
        """Makes `name_on` know these days, as far as their keys are still kept.

        While Redis is away, what is not known yet stays so.
        """
        try:
            for day in set(days) - self._secrets.keys():
                key = self._keys.address_secret(day)
                held: bytes | None = await self._batcher.submit(Command.of("GET", key))
                if held is not None:
                    self._keep(day, held)
        except Unavailable as error:
            log.info("address_names_not_known", error=repr(error))

    def name_on(self, network: str, day: int) -> str | None:
        """The name that a network had on a day; None if nobody can know it any more."""
        secret = self._secrets.get(day)
        return None if secret is None else _name(secret, network)

    def _keep(self, day: int, secret: bytes) -> None:
        today = day_of(self._clock.micros())
        kept = {d: s for d, s in self._secrets.items() if d > today - KEPT_DAYS}
        self._secrets = kept | {day: secret}

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
