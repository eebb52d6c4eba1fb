"""What a replica does by the clock: renews its connections, looks for gaps, probes its own ears."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.account import SETTLE_SECONDS
from shared.limits.connection_counts import RENEWAL_SECONDS as COUNT_RENEWAL_SECONDS
from shared.presence.presence import RENEWAL_SECONDS
from shared.protocol.envelopes import ProbeEnvelope, UnknownEnvelope, decode_envelope
from shared.protocol.errors import ChatError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from shared.broker.broker import Publisher, Subscriber
    from shared.presence.presence import Member
    from ws_service.hub import Hub

log = structlog.stdlib.get_logger()

TICK_SECONDS: Final = 0.25
POSITION_CHUNK: Final = 500
HEAR_SECONDS: Final = 3.0
"""How long a probe may be under way before its link counts as dead."""

LINK_POLL_SECONDS: Final = 0.1


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Does `work` again and again; an outage is survived, the next round tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except ChatError as error:
            log.warning("heartbeat_failed", work=work.__name__, error=repr(error))
        except Exception:  # without a heartbeat everybody here would count as gone: try on
            log.exception("heartbeat_broken", work=work.__name__)


class Heartbeat:
    """The periodic works of one hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def renew_presence(self) -> None:
        """Keeps every connection alive in Redis, in one pipeline; what fails stops nothing else."""
        hub = self._hub
        members = [c.member for c in hub.connections.values() if not c.closing]
        if not members:
            return
        users = list({m.user for m in members})
        told = await asyncio.gather(
            self._renew(members),
            hub.parts.presence.mark_seen(users, hub.seen_until_ms()),
            return_exceptions=True,
        )
        failed = [error for error in told if error is not None]
        failed.sort(key=lambda error: isinstance(error, ChatError))  # an outage hides no bug
        if failed:
            raise failed[0]

    async def _renew(self, members: list[Member]) -> None:
        renewal = await self._hub.parts.presence.renew(members)
        if renewal.missing:
            await self._hub.rejoin(renewal.missing)
        if renewal.failed is not None:
            raise renewal.failed

    async def check_positions(self) -> None:
        """Compares every room and its rules with Redis: O(rooms), not O(connections).

        Raises:
            Unavailable: not every room could be compared.
        """
        hub = self._hub
        await hub.parts.guards.check()
        channels = list(hub.parts.channels)
        away: dict[int, Unavailable] = {}
        """Partitions whose server did not answer: each further chunk would wait for it again."""
        for at in range(0, len(channels), POSITION_CHUNK):
            asked = [
                channel
                for channel in channels[at : at + POSITION_CHUNK]
                if hub.parts.keys.partition_of(channel.room) not in away
            ]
            heads = await hub.parts.history.log.heads([channel.room for channel in asked])
            for channel, head in zip(asked, heads, strict=True):
                if isinstance(head, Unavailable):
                    away[hub.parts.keys.partition_of(channel.room)] = head
                elif channel.differs_from(head):
                    channel.check()
        for error in away.values():
            raise error

    async def settle_limits(self) -> None:
        """Tells what was spent here, and from which addresses connections have gone."""
        await self._hub.parts.ledger.settle()
        await self._hub.parts.visitors.tell_fewer()

    async def renew_visitors(self) -> None:
        """Keeps the numbers of connections by address alive in Redis."""
        await self._hub.parts.visitors.renew()

    async def tick_sessions(self) -> None:
        """Lets time pass for sessions that wait for it (typing expires)."""
        hub = self._hub
        now = hub.parts.clock.monotonic()
        for connection in list(hub.replica.ticking):
            for effect in connection.session.tick(now):
                connection.tell_typing(effect)
            if not connection.session.needs_ticks:
                hub.replica.ticking.discard(connection)

    async def run(self) -> None:
        """All works, until cancelled."""
        settings = self._hub.settings
        async with asyncio.TaskGroup() as group:
            group.create_task(every(RENEWAL_SECONDS, self.renew_presence))
            group.create_task(every(COUNT_RENEWAL_SECONDS, self.renew_visitors))
            group.create_task(every(SETTLE_SECONDS, self.settle_limits))
            group.create_task(every(settings.position_check_seconds, self.check_positions))
            group.create_task(every(TICK_SECONDS, self.tick_sessions))


class Probe:
    """Publishes to the replica's own channels by the normal path, and listens for it.

    A subscription can be dead without an error: after a failover to another master, behind a
    firewall that forgot the link. Then readiness turns red and the link is rebuilt. Each partition
    has a channel of its own, since each may be on a node, and so on a link, of its own.
    """

    def __init__(
        self, publisher: Publisher, instance: str, channels: Collection[str], seconds: float
    ) -> None:
        self.hears = False
        self.channels = frozenset(channels)
        self._publisher = publisher
        self._instance = instance
        self._seconds = seconds
        self._token = ""
        self._unheard: set[str] = set()
        self._all_heard = asyncio.Event()

    def on_event(self, channel: str, payload: bytes) -> None:
        """What came over one of the replica's own channels."""
        try:
            envelope = decode_envelope(payload)
        except UnknownEnvelope:
            return
        if isinstance(envelope, ProbeEnvelope) and envelope.token == self._token:
            self._unheard.discard(channel)
            if not self._unheard:
                self._all_heard.set()

    async def probe(self) -> frozenset[str]:
        """One round; the channels whose probe did not come back in time."""
        self._token = secrets.token_hex(8)
        self._unheard = set(self.channels)
        self._all_heard.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(HEAR_SECONDS):
                await self._publisher.probe(self._instance, self._token)
                await self._all_heard.wait()
        return frozenset(self._unheard)

    async def run(self, subscriber: Subscriber) -> None:
        """Probes until cancelled, as soon as the links are up and now and then while they are."""
        while True:
            if not subscriber.listening:
                self.hears = False
                await asyncio.sleep(LINK_POLL_SECONDS)
                continue
            try:
                deaf = await self.probe()
            except Exception:  # a probe that ended would leave readiness as it was, for ever
                deaf = self.channels
                log.exception("probe_broken")
            self.hears = not deaf
            if deaf:
                log.warning("broker_link_deaf", channels=len(deaf))
                subscriber.rebuild(deaf)
                await asyncio.sleep(LINK_POLL_SECONDS)
            else:
                await self._pause(subscriber)

    async def _pause(self, subscriber: Subscriber) -> None:
        """Waits for the next probe, or until a link is lost."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        while (  # noqa: ASYNC110 - ten looks a second cost nothing
            subscriber.listening and asyncio.get_running_loop().time() < deadline
        ):
            await asyncio.sleep(LINK_POLL_SECONDS)
