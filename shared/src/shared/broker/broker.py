"""Fan-out between replicas over sharded pub/sub: one subscription per room and replica.

Guarantees: at most once, in order per room while the link lives. What it loses is noticed by number
(seq, roster version) and read from the log; a link that is silently dead is noticed by the probe.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from shared.protocol.envelopes import Person, encode_probe, encode_typing
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Command
from shared.runtime.redis_client import OUTAGES, redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

    from shared.redis_schema.keys import Keys

log = structlog.stdlib.get_logger()

SUBSCRIBE_SECONDS: Final = 3.0
RESUBSCRIBE_CHUNK: Final = 512
POLL_SECONDS: Final = 1.0
"""How long a rebuild may go unnoticed while nothing is heard."""

FIRST_BACKOFF_SECONDS: Final = 0.1
MOST_BACKOFF_SECONDS: Final = 2.0


class Publisher:
    """Sends what is not kept: typing notices and probes."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._keys = keys
        self._batcher = CallBatcher(redis)

    @property
    def waiting_calls(self) -> int:
        """Calls to Redis that are not answered yet."""
        return len(self._batcher)

    def typing(self, room: UUID, person: Person, *, typing: bool, micros: int) -> None:
        """Tells a room that a person types or stopped. Never waits; a notice that fails is lost."""
        payload = encode_typing(person, typing=typing, micros=micros)
        try:
            sent = self._batcher.submit(Command.of("SPUBLISH", self._keys.channel(room), payload))
        except Unavailable:
            return  # so many wait already that a notice would come too late anyway
        sent.add_done_callback(_forget)

    async def probe(self, instance: str, token: str) -> None:
        """Sends a probe to the replica's own subscription, by the normal path.

        Raises:
            Unavailable: Redis is away.
        """
        channel = self._keys.probe(instance)
        await self._batcher.submit(Command.of("SPUBLISH", channel, encode_probe(token)))


def _forget(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        log.debug("notice_lost", error=repr(error))


class Subscriber:
    """The one listening link of a replica; callbacks run in the event loop and must not block."""

    def __init__(
        self,
        redis: Redis,
        own_channel: str,
        *,
        on_event: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
    ) -> None:
        """Nothing happens until `run`.

        `on_event(channel, payload)` is called for each message; `on_subscribed(channel)` each time
        the server has confirmed a channel, so also after each rebuild: what was published before
        is missed. `own_channel` is the replica's probe channel, subscribed always. `redis` must
        not retry.
        """
        self._redis = redis
        self._on_event = on_event
        self._on_subscribed = on_subscribed
        self._own_channel = own_channel
        self._wanted: dict[str, asyncio.Event] = {own_channel: asyncio.Event()}
        self._pubsub: PubSub | None = None
        self._given_up: Counter[str] = Counter()
        self._dead = asyncio.Event()
        self._heard = False

    @property
    def listening(self) -> bool:
        """Is the replica's own channel confirmed on the present link?"""
        return self._wanted[self._own_channel].is_set() and not self._dead.is_set()

    @property
    def subscriptions(self) -> int:
        """Channels that are wanted, without the replica's own."""
        return len(self._wanted) - 1

    @property
    def complete(self) -> bool:
        """Is every wanted channel confirmed on the present link?"""
        return all(confirmed.is_set() for confirmed in self._wanted.values())

    async def subscribe(self, channel: str) -> None:
        """Returns when the server has confirmed: nothing published later is missed.

        Raises:
            Unavailable: not confirmed within 3 s. The wish stays until `unsubscribe`.
        """
        confirmed = self._wanted.get(channel)
        if confirmed is None:
            confirmed = self._wanted[channel] = asyncio.Event()
            if self._pubsub is not None:  # otherwise the rebuild under way takes it along
                with suppress(*OUTAGES):
                    await self._pubsub.ssubscribe(channel)
        with redis_outage_as_unavailable():
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                await confirmed.wait()

    async def unsubscribe(self, channel: str) -> None:
        """Gives a channel up. A lost link needs no word."""
        if self._wanted.pop(channel, None) is not None and self._pubsub is not None:
            self._given_up[channel] += 1
            with suppress(*OUTAGES):
                await self._pubsub.sunsubscribe(channel)

    def rebuild(self) -> None:
        """Tears the link down and builds it anew: the probe found it dead."""
        self._dead.set()

    async def run(self) -> None:
        """Listens until cancelled; a lost link is rebuilt with growing pauses."""
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            self._heard = False
            try:
                await self._listen_once()
                log.warning("broker_link_rebuilt")
            except OUTAGES as error:
                log.warning("broker_link_lost", error=repr(error))
            except Exception:  # all rooms share this link: whatever ended it, it is built again
                log.exception("broker_link_broken")
            finally:
                await self._drop_link()
            backoff = (
                FIRST_BACKOFF_SECONDS if self._heard else min(backoff * 2, MOST_BACKOFF_SECONDS)
            )
            await asyncio.sleep(backoff)

    async def _listen_once(self) -> None:
        self._dead.clear()
        pubsub = self._redis.pubsub()
        await pubsub.connect()  # type: ignore[no-untyped-call]
        # From here on `subscribe` sends for itself; what it was told before is sent here.
        self._pubsub = pubsub
        channels = list(self._wanted)
        for at in range(0, len(channels), RESUBSCRIBE_CHUNK):
            await pubsub.ssubscribe(*channels[at : at + RESUBSCRIBE_CHUNK])
        while not self._dead.is_set():
            message: Any = await pubsub.get_message(timeout=POLL_SECONDS)
            if message is not None:
                self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        if message["type"] == "smessage":
            self._on_event(channel, message["data"])
        elif message["type"] == "ssubscribe" and channel in self._wanted:
            self._heard = True
            self._wanted[channel].set()
            self._on_subscribed(channel)
        elif message["type"] == "sunsubscribe":
            if self._given_up[channel]:
                self._given_up[channel] -= 1
            elif channel in self._wanted:
                # Pushed by the server when a slot moves to another node.
                self.rebuild()

    async def _drop_link(self) -> None:
        pubsub, self._pubsub = self._pubsub, None
        self._given_up.clear()
        for confirmed in self._wanted.values():
            confirmed.clear()
        if pubsub is not None:
            with suppress(*OUTAGES):
                await pubsub.aclose()  # type: ignore[no-untyped-call]
