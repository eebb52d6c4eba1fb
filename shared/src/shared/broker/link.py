"""One pub/sub connection to one server. It lives once: its first error ends it."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from redis.crc import key_slot
from redis.exceptions import MovedError

from shared.runtime.redis_wire import RedisWire

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class Link:
    """Listens to `channels` on one server.

    A link that died in silence is found by the replica's probes, not by a deadline of its own.
    """

    def __init__(self, node: Redis, listener: Listener) -> None:
        """Nothing happens until `listen`. `node` must not retry."""
        self.channels: set[str] = set()
        self._node = node
        self._listener = listener
        self._wire: RedisWire | None = None
        self._given_up: Counter[str] = Counter()

    def add(self, channels: Iterable[str]) -> None:
        """Listens to more. An error is told by `listen` alone, which ends by it."""
        new = set(channels) - self.channels
        self.channels |= new
        self._tell("SSUBSCRIBE", new)  # otherwise the connecting under way takes them along

    def drop(self, channel: str) -> None:
        """Listens to one less."""
        self.channels.discard(channel)
        if self._tell("SUNSUBSCRIBE", [channel]):
            self._given_up[channel] += 1

    async def listen(self) -> None:
        """Listens until cancelled; raises one of OUTAGES when the link is lost."""
        pool: Any = self._node.connection_pool  # its methods have no types
        connection = await pool.get_connection()
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def end(error: Exception) -> None:
            if not lost.done():  # cancelled in this very turn
                lost.set_exception(error)

        try:
            self._wire = RedisWire(connection, hear=self._hear, ended=end)
            # From here on `add` sends for itself; what it was told before is sent here.
            self._tell("SSUBSCRIBE", self.channels)
            await lost
        finally:
            if self._wire is not None:
                self._wire.close()
                self._wire = None
            await connection.disconnect(nowait=True)
            await pool.release(connection)

    def _tell(self, command: str, channels: Iterable[str]) -> bool:
        """In commands of one slot each, as a cluster wants it; a single server does not mind."""
        if self._wire is None or not self._wire.is_open:
            return False
        by_slot: dict[int, list[str]] = defaultdict(list)
        for channel in channels:
            by_slot[slot_of(channel)].append(channel)
        self._wire.send(
            [
                (command, *same[at : at + SUBSCRIBE_CHUNK])
                for same in by_slot.values()
                for at in range(0, len(same), SUBSCRIBE_CHUNK)
            ]
        )
        return True

    def _hear(self, told: Any) -> None:
        if isinstance(told, MovedError):  # the answer to SSUBSCRIBE; it names no channel
            self._send_away([name for name in self.channels if slot_of(name) == told.slot_id])
        elif isinstance(told, Exception):
            raise told
        elif told[0] == b"smessage":
            self._listener.heard(told[1].decode(), told[2])
        elif told[0] == b"ssubscribe":
            channel = told[1].decode()
            if channel in self.channels:
                self._listener.confirmed(self, channel)
        elif told[0] == b"sunsubscribe":
            self._let_go(told[1].decode())

    def _let_go(self, channel: str) -> None:
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
