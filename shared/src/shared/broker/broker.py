"""Fan-out between replicas over sharded pub/sub: one subscription per room and replica.

Guarantees: at most once, in order per room while its link lives. What it loses is noticed by number
(seq, roster version) and read from the log; a link that is silently dead is noticed by the probe.

One server is listened to over one link, a cluster over one per node that has wanted channels. A
channel that loses its place, with its link or because its slot went elsewhere, gets another; the
other channels do not notice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from shared.broker.link import Link
from shared.protocol.envelopes import Person, encode_probe, encode_typing
from shared.protocol.errors import Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.pipelines import run_all
from shared.redis_schema.scripts import Command
from shared.runtime.redis_client import (
    OUTAGES,
    is_outage,
    look_around,
    node_for,
    redis_outage_as_unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

log = structlog.stdlib.get_logger()

SUBSCRIBE_SECONDS: Final = 3.0
FIRST_BACKOFF_SECONDS: Final = 0.1
MOST_BACKOFF_SECONDS: Final = 2.0


class Publisher:
    """Sends what is not kept: typing notices and probes."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
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
        """Sends a probe to each partition's channel of the replica, by the normal path.

        What could not be sent will not be heard, and nothing more is told of it.
        """
        payload = encode_probe(token)
        channels = self._keys.probes(instance)
        calls = [Command.of("SPUBLISH", channel, payload) for channel in channels]
        with suppress(*OUTAGES):
            answers = await run_all(self._redis, calls)
            for answer in answers:
                if isinstance(answer, Exception) and not is_outage(answer):
                    raise answer


def _forget(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled() and (error := sent.exception()) is not None:
        log.debug("notice_lost", error=repr(error))


class _Wish:
    """A wanted channel: the link that has it, if any, and whether the server has confirmed it."""

    __slots__ = ("confirmed", "link")

    def __init__(self) -> None:
        self.confirmed = asyncio.Event()
        self.link: Link | None = None


class Subscriber:
    """The listening links of a replica; callbacks run in the event loop and must not block."""

    def __init__(
        self,
        redis: Redis,
        own_channels: Collection[str],
        *,
        on_event: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
    ) -> None:
        """Nothing happens until `run`.

        `on_event(channel, payload)` is called for each message; `on_subscribed(channel)` each time
        the server has confirmed a channel, so also after each rebuild: what was published before
        is missed. `own_channels` are the replica's probe channels, subscribed always. `redis` must
        not retry.
        """
        self._redis = redis
        self._on_event = on_event
        self._on_subscribed = on_subscribed
        self._own = tuple(own_channels)
        self._wanted = {channel: _Wish() for channel in self._own}
        self._links: dict[Redis, Link] = {}
        self._tasks: dict[Link, asyncio.Task[None]] = {}
        self._homeless = asyncio.Event()
        self._fresh: list[str] = []
        """New wishes, to be placed at once; lost ones are placed after a pause."""
        self._placer: asyncio.Task[None] | None = None
        self._running = False
        self._heard = False

    @property
    def listening(self) -> bool:
        """Are the replica's own channels confirmed on present links?"""
        return all(self._wanted[channel].confirmed.is_set() for channel in self._own)

    @property
    def subscriptions(self) -> int:
        """Channels that are wanted, without the replica's own."""
        return len(self._wanted) - len(self._own)

    @property
    def complete(self) -> bool:
        """Is every wanted channel confirmed on a present link?"""
        return all(wish.confirmed.is_set() for wish in self._wanted.values())

    async def subscribe(self, channel: str) -> None:
        """Returns when the server has confirmed: nothing published later is missed.

        Raises:
            Unavailable: not confirmed within 3 s. The wish stays until `unsubscribe`.
        """
        wish = self._wanted.get(channel)
        with redis_outage_as_unavailable():
            async with asyncio.timeout(SUBSCRIBE_SECONDS):
                if wish is None:
                    wish = self._wanted[channel] = _Wish()
                    self._place_soon(channel)
                await wish.confirmed.wait()

    def unsubscribe(self, channel: str) -> None:
        """Gives a channel up. A lost link needs no word; the replica's own channels stay."""
        if channel in self._own:
            return
        wish = self._wanted.pop(channel, None)
        if wish is not None and wish.link is not None:
            wish.link.drop(channel)
            self._end_if_idle(wish.link)

    def rebuild(self, channels: Iterable[str]) -> None:
        """Tears down the links that have `channels` and builds them anew: they were found deaf."""
        for channel in channels:
            wish = self._wanted.get(channel)
            if wish is not None and wish.link is not None:
                self._end(wish.link)

    async def run(self) -> None:
        """Listens until cancelled; what lost its link gets another, with growing pauses."""
        backoff = FIRST_BACKOFF_SECONDS
        self._running = True
        try:
            await self._place_lost()
            while True:
                await self._homeless.wait()
                backoff = (
                    FIRST_BACKOFF_SECONDS if self._heard else min(backoff * 2, MOST_BACKOFF_SECONDS)
                )
                await asyncio.sleep(backoff)
                await self._place_lost()
        finally:
            self._running = False
            await self._end_all()

    # ------------------------------------------------------------------ what the links tell

    def heard(self, channel: str, payload: bytes) -> None:
        """A message."""
        self._on_event(channel, payload)

    def confirmed(self, link: Link, channel: str) -> None:
        """The server has confirmed a channel."""
        wish = self._wanted.get(channel)
        if wish is not None and wish.link is link:
            self._heard = True
            wish.confirmed.set()
            self._on_subscribed(channel)

    def sent_away(self, link: Link, channels: Iterable[str]) -> None:
        """Their slot went to another node."""
        self._forget_place(link, channels)
        self._end_if_idle(link)

    # ------------------------------------------------------------------ places

    def _place_soon(self, channel: str) -> None:
        """In a task of its own: the caller may give up while a node is looked for.

        Wishes that come meanwhile go together.
        """
        self._fresh.append(channel)
        if self._running and self._placer is None:
            self._placer = asyncio.create_task(self._place_fresh(), name="broker places")

    async def _place_fresh(self) -> None:
        try:
            while self._fresh:
                channels, self._fresh = self._fresh, []
                await self._try_to_place(channels)
        finally:
            self._placer = None

    async def _place_lost(self) -> None:
        self._homeless.clear()
        self._heard = False
        with suppress(*OUTAGES):  # then what is known of the cluster must do
            await look_around(self._redis)
        await self._try_to_place([n for n, wish in self._wanted.items() if wish.link is None])

    async def _try_to_place(self, channels: Iterable[str]) -> None:
        """Gives each channel to the link of its node; those without a node are tried again."""
        try:
            await self._place(channels)
        except Exception:  # nobody else would ever try again
            log.exception("broker_places_broken")
            self._homeless.set()

    async def _place(self, channels: Iterable[str]) -> None:
        by_node: dict[Redis, list[str]] = defaultdict(list)
        for channel in channels:
            try:
                by_node[await node_for(self._redis, channel)].append(channel)
            except OUTAGES as error:
                log.debug("channel_without_node", channel=channel, error=repr(error))
                self._homeless.set()
        for node, same in by_node.items():
            link = self._links.get(node) or self._open(node)
            wishes = {name: self._wanted[name] for name in same if name in self._wanted}
            # Not given up meanwhile, nor placed by another.
            placed = [name for name, wish in wishes.items() if wish.link is None]
            for channel in placed:
                wishes[channel].link = link
            link.add(placed)

    def _open(self, node: Redis) -> Link:
        link = self._links[node] = Link(node, self)
        self._tasks[link] = asyncio.create_task(self._listen(link), name="broker link")
        return link

    async def _listen(self, link: Link) -> None:
        try:
            await link.listen()
        except OUTAGES as error:
            log.warning("broker_link_lost", error=repr(error))
        except Exception:  # many rooms share this link: whatever ended it, it is built again
            log.exception("broker_link_broken")
        finally:
            self._tasks.pop(link, None)
            self._forget_link(link)

    def _end(self, link: Link) -> None:
        self._forget_link(link)
        if (task := self._tasks.get(link)) is not None:
            task.cancel()

    def _end_if_idle(self, link: Link) -> None:
        if not link.channels:
            self._end(link)

    async def _end_all(self) -> None:
        tasks = list(self._tasks.values())
        if self._placer is not None:
            self._placer.cancel()
            tasks.append(self._placer)
        for link in list(self._links.values()):
            self._end(link)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_link(self, link: Link) -> None:
        """From now on nothing that comes over it counts."""
        self._links = {node: other for node, other in self._links.items() if other is not link}
        self._forget_place(link, link.channels)

    def _forget_place(self, link: Link, channels: Iterable[str]) -> None:
        for channel in channels:
            wish = self._wanted.get(channel)
            if wish is not None and wish.link is link:
                wish.link = None
                wish.confirmed.clear()
                self._homeless.set()
