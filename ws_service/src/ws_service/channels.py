"""The rooms that this replica listens to: one subscription each, while somebody here is in them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import structlog

from shared.protocol.envelopes import ControlEnvelope, UnknownEnvelope, decode_envelope
from shared.protocol.errors import RateLimited
from ws_service.room_channel import RoomChannel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from uuid import UUID

    from shared.broker.broker import Subscriber
    from shared.redis_schema.keys import Keys
    from shared.runtime.lifecycle import BackgroundTasks
    from shared.usecases.open_room import Payment, RoomOpener
    from ws_service.guards import Guards
    from ws_service.room_tally import RoomTally

log = structlog.stdlib.get_logger()

RULES_CHANGED: Final = ControlEnvelope("rules")
LINGER_SECONDS: Final = 5.0
"""How long a room without connections stays subscribed: who reloads finds it open."""


class Channels:
    """For the event loop's thread alone."""

    def __init__(
        self,
        *,
        keys: Keys,
        rooms: RoomOpener,
        tasks: BackgroundTasks,
        new_channel: Callable[[UUID], RoomChannel],
        guards: Guards,
        tally: RoomTally,
    ) -> None:
        """`subscriber` is set by the wiring, before the first use."""
        self.subscriber: Subscriber
        self.tally = tally
        """Of all rooms, also of those that are closed."""
        self.unknown_envelopes = 0
        self._keys = keys
        self._rooms = rooms
        self._tasks = tasks
        self._new_channel = new_channel
        self._guards = guards
        self._open: dict[UUID, RoomChannel] = {}
        self._by_name: dict[str, RoomChannel] = {}
        self._opening: dict[UUID, asyncio.Task[RoomChannel]] = {}
        self._wanted: Counter[UUID] = Counter()
        """Who is on the way into a room, and not a member yet."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[RoomChannel]:
        return iter(list(self._open.values()))

    def __getitem__(self, room: UUID) -> RoomChannel:
        return self._open[room]

    @property
    def opening(self) -> int:
        """Rooms that are being opened."""
        return len(self._opening)

    @property
    def wanted(self) -> int:
        """Newcomers who keep a room open."""
        return self._wanted.total()

    @property
    def tasks(self) -> int:
        """What is under way for rooms in the background."""
        return len(self._tasks)

    # ------------------------------------------------------------------ from the broker

    def on_event(self, name: str, payload: bytes) -> None:
        """One payload from Redis; whatever is wrong with it, the link of all rooms lives."""
        channel = self._by_name.get(name)
        if channel is None:
            return
        try:
            envelope = decode_envelope(payload)
            if envelope == RULES_CHANGED:
                self._guards.changed(channel.room)
            else:
                channel.take(envelope)
        except UnknownEnvelope:
            self.unknown_envelopes += 1
        except Exception:  # a fault in one room must not end the link of all the others
            log.exception("envelope_failed", room=str(channel.room))

    def on_subscribed(self, name: str) -> None:
        """A subscription begins, perhaps anew: what was published before may have been missed."""
        channel = self._by_name.get(name)
        if channel is not None and channel.tracker is not None:
            channel.check()
            self._guards.changed(channel.room)

    # ------------------------------------------------------------------ opening and closing

    @asynccontextmanager
    async def opened(self, room: UUID, pay: Payment) -> AsyncIterator[RoomChannel]:
        """The room's channel, level with Redis; not closed before the block ends.

        Raises:
            ChatError: `room_not_found`, the room was deleted.
            RateLimited: by `pay`, as there is no such room yet.
            Unavailable: a server that is needed is away.
        """
        self._wanted[room] += 1
        try:
            yield await self._opened(room, pay)
        finally:
            self._wanted[room] -= 1
            if not self._wanted[room]:
                del self._wanted[room]
            self.close_when_empty(room)

    def close_when_empty(self, room: UUID) -> None:
        """Gives the room up after a while, if nobody has come back by then."""
        channel = self._open.get(room)
        if channel is not None and not channel.members and not self._wanted[room]:
            self._tasks.start(self._linger(channel), f"linger {room}")

    async def _linger(self, channel: RoomChannel) -> None:
        await asyncio.sleep(LINGER_SECONDS)
        room = channel.room
        if not channel.members and not self._wanted[room] and self._open.get(room) is channel:
            await self._close(channel)

    async def _opened(self, room: UUID, pay: Payment) -> RoomChannel:
        while (task := self._opening.get(room)) is not None:
            with suppress(RateLimited):  # who came first cannot pay for a new room: the next may
                return await asyncio.shield(task)
        channel = self._open.get(room)
        if channel is not None:
            return channel
        work = self._open_new(room, pay)
        task = self._opening[room] = asyncio.get_running_loop().create_task(
            work, name=f"open {room}"
        )
        task.add_done_callback(lambda done: self._opening_done(room, done))
        # Many may wait for one opening; none of them may end it for the others.
        return await asyncio.shield(task)

    def _opening_done(self, room: UUID, task: asyncio.Task[RoomChannel]) -> None:
        self._opening.pop(room, None)
        if not task.cancelled():
            task.exception()  # told to those who wait; it may be that nobody does any more

    async def _open_new(self, room: UUID, pay: Payment) -> RoomChannel:
        found = await self._rooms.open(room, create=True, pay=pay)
        name = self._keys.channel(room)
        channel = self._new_channel(room)
        self._open[room] = channel
        self._by_name[name] = channel
        try:
            # Listen first, look then: what is published between waits in the channel.
            await self.subscriber.subscribe(name)
            await self._guards.open(room, found.settings.owner_id, channel.roster)
            await channel.catch_up()
        except BaseException:
            await self._close(channel)
            raise
        return channel

    async def _close(self, channel: RoomChannel) -> None:
        name = self._keys.channel(channel.room)
        self._open.pop(channel.room, None)
        self._by_name.pop(name, None)
        self._guards.close(channel.room)
        channel.stop()
        self.subscriber.unsubscribe(name)
