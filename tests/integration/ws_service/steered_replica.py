"""A real replica whose time, pub/sub and answers of Redis go on when a test says so."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from shared.runtime.redis_wire import RedisWire
from ws_service.gauges import read_gauges
from ws_service.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    import pytest

    from ws_service.room_channel import RoomChannel
    from ws_service.wiring import Deps

MARK: Final = b"0mark "
NEVER: Final = 1e6


def stop_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens by time alone."""
    monkeypatch.setattr("ws_service.room_channel.CHECK_PAUSE_SECONDS", 0)
    monkeypatch.setattr("ws_service.heartbeat.RENEWAL_SECONDS", NEVER)
    monkeypatch.setattr("ws_service.heartbeat.TICK_SECONDS", NEVER)
    monkeypatch.setattr("ws_service.channels.LINGER_SECONDS", NEVER)
    monkeypatch.setattr("ws_service.room_channel.WINDOW_SECONDS", NEVER)
    monkeypatch.setattr("ws_service.hub.LEAVE_GRACE_MS", int(NEVER) * 1000)
    # A pause of the test is not the end of a connection.
    monkeypatch.setattr("shared.presence.presence.CONNECTION_TTL_MS", int(NEVER) * 1000)


class Valve:
    """Who passes waits while it is shut."""

    def __init__(self) -> None:
        self.shut = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def passed(self) -> None:
        if self.shut:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    def let(self, count: int) -> None:
        for _ in range(min(count, len(self._waiting))):
            self._waiting.popleft().set_result(None)

    def open(self) -> None:
        self.shut = False
        self.let(len(self._waiting))


class SteeredReplica:
    """Steers `deps`; the hub, its rooms and its connections are real and unchanged."""

    def __init__(self, deps: Deps) -> None:
        self.hub = deps.hub
        self.redis = deps.redis
        self.subscriber = deps.subscriber
        self.heartbeat = Heartbeat(deps.hub)
        self.answers = Valve()
        self.stalled = False
        """Is what pub/sub brings withheld?"""
        self.withheld: deque[tuple[str, bytes]] = deque()
        self.heard_mark = b""
        channels: Any = deps.hub.parts.channels
        self._hand_on: Callable[[str, bytes], None] = channels.on_event
        channels.on_event = self._arrive
        log, presence = deps.hub.parts.history.log, deps.hub.parts.presence
        for owner, names in (
            (log, ("heads", "before", "after", "changes")),
            (presence, ("snapshot", "join")),
        ):
            for name in names:
                setattr(owner, name, self._late(getattr(owner, name)))

    def _late(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """`call`, whose request and whose answer are both under way for a while."""

        async def late(*args: Any, **more: Any) -> Any:
            await self.answers.passed()
            answer = await call(*args, **more)
            await self.answers.passed()
            return answer

        return late

    # ------------------------------------------------------------------ pub/sub

    def _arrive(self, name: str, payload: bytes) -> None:
        if payload.startswith(MARK):
            self.heard_mark = payload
        elif self.stalled:
            self.withheld.append((name, payload))
        else:
            self._hand_on(name, payload)

    def deliver(self, count: int) -> None:
        """Withheld events arrive, all in one tick."""
        for _ in range(min(count, len(self.withheld))):
            self._hand_on(*self.withheld.popleft())

    def lose(self, count: int) -> None:
        """Withheld events never arrive."""
        for _ in range(min(count, len(self.withheld))):
            self.withheld.popleft()

    def flow(self) -> None:
        self.stalled = False
        self.deliver(len(self.withheld))

    def rebuild_link(self, room: UUID) -> None:
        """What was under way is lost, and the room is subscribed anew."""
        self.withheld.clear()
        channels = self.hub.parts.channels
        channels.on_subscribed(self.hub.parts.keys.channel(room))

    def listens_to(self, room: UUID) -> bool:
        return any(channel.room == room for channel in self.hub.parts.channels)

    # ------------------------------------------------------------------ time

    def end_window(self, room: UUID) -> None:
        """The time in which announcements are folded has passed."""
        channel = self.channel(room)
        if channel is not None and channel._window is not None:
            channel._window.cancel()
            channel._announce()

    async def give_up(self, room: UUID) -> None:
        """The time for which an empty room stays subscribed has passed."""
        channel, channels = self.channel(room), self.hub.parts.channels
        if channel is not None and not channel.members and not channels._wanted[room]:
            await channels._close(channel)

    def channel(self, room: UUID) -> RoomChannel | None:
        return self.hub.parts.channels._open.get(room)

    @property
    def busy(self) -> bool:
        """Is a call to a server under way?"""
        pool: Any = self.redis.connection_pool
        lent = [each for each in pool._in_use_connections if not _is_kept(each)]
        engine: Any = self.hub.parts.history.store._database._engine
        return bool(
            lent
            or read_gauges(self.hub).waiting_calls
            or engine.pool.checkedout()
            or not self.subscriber.complete
        )


def _is_kept(connection: Any) -> bool:
    """Does a pipe keep it at hand, whether it is in use or not?"""
    writer = connection._writer
    return writer is not None and isinstance(writer.transport.get_protocol(), RedisWire)
