"""All connections and rooms of this replica, and the one door by which they come and go."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

from shared.presence.presence import (
    CONNECTION_TTL_MS,
    DRAIN_GRACE_MS,
    LEAVE_GRACE_MS,
    Joined,
    Member,
)
from shared.protocol.close_codes import CloseCode
from shared.protocol.envelopes import UnknownEnvelope, decode_envelope
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.runtime.lifecycle import wait_for_event
from ws_service import wire
from ws_service.connection import Connection
from ws_service.grace_ends import GraceEnds
from ws_service.room_channel import RoomChannel
from ws_service.session import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from shared.broker.broker import Publisher, Subscriber
    from shared.domain.entities import User
    from shared.domain.position import Position
    from shared.presence.presence import Presence
    from shared.protocol.errors import Language
    from shared.redis_schema.keys import Keys
    from shared.runtime.clock import Clock, IdMaker
    from shared.runtime.lifecycle import BackgroundTasks
    from shared.usecases.identify import Identifier, Identity
    from shared.usecases.post_message import MessagePoster
    from shared.usecases.read_history import HistoryReader
    from ws_service.settings import WsSettings
    from ws_service.transport import Transport

log = structlog.stdlib.get_logger()

REJOIN_CHUNK: Final = 500
LINGER_SECONDS: Final = 5.0
"""How long a room without connections stays subscribed."""


class Hub:
    """For the event loop's thread alone."""

    def __init__(  # noqa: PLR0913 - everything that a connection needs, given once
        self,
        settings: WsSettings,
        *,
        keys: Keys,
        clock: Clock,
        ids: IdMaker,
        tasks: BackgroundTasks,
        identifier: Identifier,
        poster: MessagePoster,
        history: HistoryReader,
        presence: Presence,
        publisher: Publisher,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self.identifier = identifier
        self.poster = poster
        self.history = history
        self.presence = presence
        self.publisher = publisher
        self.subscriber: Subscriber
        self.channels: dict[UUID, RoomChannel] = {}
        self.connections: dict[UUID, Connection] = {}
        self.ticking: set[Connection] = set()
        """Connections whose session waits for time to pass."""
        self.draining = False
        self.closes: Counter[str] = Counter()
        self.unknown_envelopes = 0
        self._keys = keys
        self._tasks = tasks
        self._rooms_by_channel: dict[str, UUID] = {}
        self._opening: dict[UUID, asyncio.Task[RoomChannel]] = {}
        self._arriving: Counter[UUID] = Counter()
        self._graces = GraceEnds(presence, clock, tasks)
        self._empty = asyncio.Event()
        self._empty.set()
        self._tabs: Counter[UUID] = Counter()
        """Open connections by user, over all rooms."""

    # ------------------------------------------------------------------ from the broker

    def on_event(self, channel: str, payload: bytes) -> None:
        """One payload from Redis; whatever is wrong with it, the link of all rooms lives."""
        room = self._rooms_by_channel.get(channel)
        if room is None or room not in self.channels:
            return
        try:
            self.channels[room].take(decode_envelope(payload))
        except UnknownEnvelope:
            self.unknown_envelopes += 1
        except Exception:
            log.exception("envelope_failed", room=str(room))

    def on_subscribed(self, channel: str) -> None:
        """A subscription begins, perhaps anew: what was published before may have been missed."""
        room = self._rooms_by_channel.get(channel)
        if room is not None and room in self.channels and self.channels[room].tracker is not None:
            self.channels[room].check()

    # ------------------------------------------------------------------ connections

    @asynccontextmanager
    async def connected(
        self,
        room: UUID,
        *,
        session_id: str | None,
        username: str | None,
        color: str | None,
        transport: Transport,
        language: Language,
        position: Position | None,
    ) -> AsyncIterator[Connection]:
        """A connection that has its welcome and hears everything; it leaves at the end.

        Raises:
            ChatError: `room_full` or `room_not_found`.
            Unavailable: a server that is needed is away, this replica is full, or it drains.
        """
        self._check_place()
        self._arriving[room] += 1
        try:
            identity = await self.identifier.identify(session_id, username, color)
            channel = await self._open(room)
            connection = self._new_connection(identity.user, transport, language, channel)
        finally:
            self._arriving[room] -= 1
            if not self._arriving[room]:
                del self._arriving[room]
        try:
            await self._admit(connection, identity, position)
            if self.draining:
                connection.close(CloseCode.RESTART)  # the list of whom to close was made before
            yield connection
        finally:
            await self._depart(connection)

    def _check_place(self) -> None:
        """Counts those who are on their way in, too: in a storm they are the most."""
        taken = len(self.connections) + self._arriving.total()
        if self.draining or taken >= self.settings.max_connections:
            raise Unavailable("replica", 1.0, ErrorCode.OVERLOADED)

    def _new_connection(
        self, user: User, transport: Transport, language: Language, channel: RoomChannel
    ) -> Connection:
        connection = Connection(
            self.ids.new(),
            hub=self,
            transport=transport,
            session=Session(
                self.clock.monotonic(),
                burst=self.settings.command_burst,
                rate=self.settings.command_rate,
            ),
            channel=channel,
            user=user,
            language=language,
            outbox_bytes=self.settings.outbox_bytes,
        )
        self.connections[connection.id] = connection
        self._empty.clear()
        self._tabs[user.id] += 1
        return connection

    async def _admit(
        self, connection: Connection, identity: Identity, position: Position | None
    ) -> None:
        channel, user = connection.channel, connection.user
        tracker = channel.tracker
        if (
            position is not None
            and tracker is not None
            and tracker.position.epoch == position.epoch
            and tracker.position.seq < position.seq
        ):
            # It has seen more elsewhere than this replica: what it reads must not go back.
            await channel.catch_up()
        epoch, seq = channel.attach(connection)
        joined = await self._join(connection.member, user)
        await self.presence.mark_seen([user.id], self.seen_until_ms())
        if (joined.room.epoch, joined.room.seq) != (epoch, seq):
            channel.check()
        connection.send(
            wire.welcome_frame(
                joined=joined,
                user=user,
                connection=connection.id,
                new_session_id=identity.new_session_id,
                epoch=epoch,
                seq=seq,
                micros=self.clock.micros(),
            )
        )
        if position is not None:
            most_bytes = self.settings.outbox_bytes // 2
            recovery = await self.history.recover(channel.room, position, seq, most_bytes)
            connection.send(wire.recovered_frame(recovery))
        connection.release()
        if joined.how != "joined" and not channel.announcing:
            # Nobody hears of a reload, so nothing would bring the list.
            connection.send(channel.user_list_frame())
        log.info("connected", room=str(channel.room), how=joined.how, online=joined.online)

    async def _join(self, member: Member, user: User, *, force: bool = False) -> Joined:
        outcome = await self.presence.join(member, user, force=force)
        if not isinstance(outcome, Joined) and outcome.reason == "no_room":
            await self.history.rooms.open(member.room, create=True)
            outcome = await self.presence.join(member, user, force=force)
        if not isinstance(outcome, Joined):
            code = ErrorCode.ROOM_FULL if outcome.reason == "full" else ErrorCode.ROOM_NOT_FOUND
            raise ChatError(code, room=str(member.room))
        return outcome

    async def _depart(self, connection: Connection) -> None:
        connection.channel.detach(connection)
        self.connections.pop(connection.id, None)
        if not self.connections:
            self._empty.set()
        self.ticking.discard(connection)
        grace_ms = DRAIN_GRACE_MS if self.draining else LEAVE_GRACE_MS
        user = connection.user
        self._tabs[user.id] -= 1
        last = not self._tabs[user.id]
        if last:
            del self._tabs[user.id]
        try:
            for effect in connection.session.end():
                await connection.tell_typing(effect)
            await self.presence.leave(connection.member, user, grace_ms=grace_ms)
            if last:
                await self.presence.mark_seen([user.id], self.clock.micros() // 1000)
        except Unavailable:
            # It expires by itself, and the reaper announces it.
            log.info("leave_not_told", room=str(connection.channel.room))
        if not self.draining:
            self._graces.note(self._keys.partition_of(connection.channel.room), grace_ms / 1000)
        if not connection.channel.members:
            self._tasks.start(self._close_if_empty(connection.channel), "close room channel")

    async def rejoin(self, members: list[Member]) -> None:
        """Puts connections in again that Redis has lost: it was emptied, or this replica slept."""
        for at in range(0, len(members), REJOIN_CHUNK):
            await asyncio.gather(*(self._rejoin(m) for m in members[at : at + REJOIN_CHUNK]))
        log.warning("presence_restored", connections=len(members))

    async def _rejoin(self, member: Member) -> None:
        connection = self.connections.get(member.connection)
        if connection is None or connection.closing:
            return
        try:
            await self._join(member, connection.user, force=True)
        except Unavailable as error:
            log.info("rejoin_postponed", room=str(member.room), error=repr(error))
        except ChatError:  # the room was deleted meanwhile
            connection.close(CloseCode.BAD_REQUEST)

    async def wait_empty(self, seconds: float) -> None:
        """Returns when the last connection has gone, or after `seconds`."""
        await wait_for_event(self._empty, seconds)

    def seen_until_ms(self) -> int:
        """Until when a user who is connected now counts as online."""
        return self.clock.micros() // 1000 + CONNECTION_TTL_MS

    def count_close(self, code: CloseCode) -> None:
        """One more connection closed from this side."""
        self.closes[code.name.lower()] += 1

    # ------------------------------------------------------------------ rooms

    async def _open(self, room: UUID) -> RoomChannel:
        """The room's channel, subscribed and level with Redis. Many may wait for one opening."""
        channel = self.channels.get(room)
        if channel is not None and channel.tracker is not None:
            return channel
        task = self._opening.get(room)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._open_new(room))
            self._opening[room] = task
            task.add_done_callback(lambda done: self._opened(room, done))
        return await asyncio.shield(task)

    def _opened(self, room: UUID, task: asyncio.Task[RoomChannel]) -> None:
        self._opening.pop(room, None)
        if not task.cancelled():
            task.exception()  # told to those who wait; it may be that nobody does any more

    async def _open_new(self, room: UUID) -> RoomChannel:
        await self.history.rooms.open(room, create=True)
        name = self._keys.channel(room)
        channel = RoomChannel(
            room,
            history=self.history,
            presence=self.presence,
            clock=self.clock,
            tasks=self._tasks,
        )
        self.channels[room] = channel
        self._rooms_by_channel[name] = room
        try:
            # Listen first, look then: what is published between waits in the channel.
            await self.subscriber.subscribe(name)
            await channel.catch_up()
        except BaseException:
            await self._close(channel)
            raise
        return channel

    async def _close_if_empty(self, channel: RoomChannel) -> None:
        """After a while: who reloads a page comes back to a room that is still open."""
        await asyncio.sleep(LINGER_SECONDS)
        if (
            not channel.members
            and not self._arriving[channel.room]
            and self.channels.get(channel.room) is channel
        ):
            await self._close(channel)

    async def _close(self, channel: RoomChannel) -> None:
        name = self._keys.channel(channel.room)
        self.channels.pop(channel.room, None)
        self._rooms_by_channel.pop(name, None)
        channel.stop()
        await self.subscriber.unsubscribe(name)
