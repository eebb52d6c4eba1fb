"""One pub/sub connection to one server. It lives once: its first error ends it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from redis.asyncio.client import PubSub
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError
from typing_extensions import override

from shared.runtime.redis_client import OUTAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from redis.asyncio import Redis

SUBSCRIBE_CHUNK: Final = 512
"""Channels of one command."""


class Listener(Protocol):
    """Told in the event loop what comes over a link; must not block."""

    def heard(self, channel: str, payload: bytes) -> None:
        """A message."""

    def confirmed(self, link: Link, channel: str) -> None:
        """From here on, nothing of `channel` is missed."""

    def sent_away(self, link: Link, channels: Iterable[str]) -> None:
        """Another server has these channels now; the link goes on without them."""


class _OneLife(PubSub):
    """redis-py's, but it never connects again.

    There whoever meets an error first reconnects: what was missed meanwhile would be missed in
    silence, and a task that subscribes would read the answers that the listening one waits for.
    """

    @override
    async def execute_command(self, *args: Any) -> None:
        await self._living().send_command(*args, check_health=False)

    async def read(self) -> list[Any]:
        """What the server tells next, however long it takes.

        A link that died in silence is found by the replica's probes, not by a deadline for each
        message: setting one costs more than all else here.
        """
        told: list[Any] = await self._living().read_response(
            disconnect_on_error=False, push_request=True, timeout=math.inf
        )
        return told

    async def note(self, told: list[Any]) -> Any:
        """What `told` means; books of subscriptions are kept."""
        return await self.handle_message(told)  # type: ignore[no-untyped-call]

    @override
    async def _execute(
        self, conn: Any, command: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        return await command(*args, **kwargs)

    def _living(self) -> Any:
        connection: Any = self.connection
        if connection is None or not connection.is_connected:
            raise RedisConnectionError("the link was lost")
        return connection


class Link:
    """Listens to `channels` on one server."""

    def __init__(self, node: Redis, listener: Listener) -> None:
        """Nothing happens until `listen`. `node` must not retry."""
        self.channels: set[str] = set()
        self._node = node
        self._listener = listener
        self._pubsub: PubSub | None = None
        self._given_up: Counter[str] = Counter()

    async def add(self, channels: Iterable[str]) -> None:
        """Listens to more. An error is told by `listen` alone, which ends by it."""
        new = set(channels) - self.channels
        self.channels |= new
        if self._pubsub is not None:  # otherwise the connecting under way takes them along
            with suppress(*OUTAGES):
                await _subscribe(self._pubsub, new)

    async def drop(self, channel: str) -> None:
        """Listens to one less."""
        self.channels.discard(channel)
        if self._pubsub is not None:
            self._given_up[channel] += 1
            with suppress(*OUTAGES):
                await self._pubsub.sunsubscribe(channel)

    async def listen(self) -> None:
        """Listens until cancelled; raises one of OUTAGES when the link is lost."""
        pubsub = _OneLife(self._node.connection_pool)
        try:
            await pubsub.connect()  # type: ignore[no-untyped-call]
            # From here on `add` sends for itself; what it was told before is sent here.
            self._pubsub = pubsub
            await _subscribe(pubsub, self.channels)
            while True:
                await self._hear(pubsub)
        finally:
            self._pubsub = None
            with suppress(*OUTAGES):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _hear(self, pubsub: _OneLife) -> None:
        try:
            told = await pubsub.read()
        except MovedError as error:  # the answer to SSUBSCRIBE; it names no channel
            self._send_away([name for name in self.channels if slot_of(name) == error.slot_id])
            return
        if told[0] == b"smessage":
            self._listener.heard(told[1].decode(), told[2])
            return
        message = await pubsub.note(told)
        if message is None:
            return
        channel = message["channel"].decode()
        if message["type"] == "ssubscribe" and channel in self.channels:
            self._listener.confirmed(self, channel)
        elif message["type"] == "sunsubscribe":
            if self._given_up[channel] > 1:
                self._given_up[channel] -= 1
            elif self._given_up.pop(channel, 0):
                return
            elif channel in self.channels:  # pushed by a server that gave the slot away
                self._send_away([channel])

    def _send_away(self, channels: list[str]) -> None:
        self.channels.difference_update(channels)
        self._listener.sent_away(self, channels)


def slot_of(channel: str) -> int:
    """The slot that decides which node of a cluster has `channel`."""
    return key_slot(channel.encode())


async def _subscribe(pubsub: PubSub, channels: Iterable[str]) -> None:
    """In commands of one slot each, as a cluster wants it; a single server does not mind."""
    by_slot: dict[int, list[str]] = defaultdict(list)
    for channel in channels:
        by_slot[slot_of(channel)].append(channel)
    for same in by_slot.values():
        for at in range(0, len(same), SUBSCRIBE_CHUNK):
            await pubsub.ssubscribe(*same[at : at + SUBSCRIBE_CHUNK])
