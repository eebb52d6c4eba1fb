"""A client without a socket: a real connection of a real hub, whose frames are recorded."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from tests.integration.ws_service.folded_state import FoldedState, Json

from ws_service.effects import Fetch
from ws_service.fan_out import NO_SOCKET
from ws_service.handshake import Caller, JoinRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.integration.ws_service.steered_replica import SteeredReplica

    from shared.protocol.close_codes import CloseCode
    from ws_service.connection import Connection
    from ws_service.protocol_class import Ear

CALLER: Final = Caller("bn", None, None, "-", None)


class Recorder:
    """A Transport that keeps what it is given until the client has gone."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self._frames: list[bytes] = []
        self.open_fd = NO_SOCKET

    def watch(self, changed: Callable[[], None]) -> None:
        pass

    def listen(self, ear: Ear) -> None:
        pass

    async def wait_ended(self) -> int:
        await self.ended.wait()
        return 1000

    @property
    def unread_bytes(self) -> int:
        return 0

    def slow_down(self) -> None:
        """Never told."""

    def stop_reading(self) -> None:
        pass

    def go_on_reading(self) -> None:
        pass

    def write(self, frames: bytes) -> int:
        if not self.ended.is_set():
            self._frames.append(frames)
        return 0

    def close(self, code: CloseCode, reason: str) -> None:
        self.ended.set()

    def take(self) -> Iterator[Json]:
        """The events that came since the last call."""
        data, self._frames = b"".join(self._frames), []
        while data:
            size, at = data[1], 2
            if size == 126:
                size, at = int.from_bytes(data[2:4], "big"), 4
            elif size == 127:
                size, at = int.from_bytes(data[2:10], "big"), 10
            yield json.loads(data[at : at + size])
            data = data[at + size :]


class Viewer:
    """A tab of a browser: it keeps what it shows over a reconnect, and loses it by a reload."""

    def __init__(self, name: str, session: str, *, deltas: bool) -> None:
        self.name, self.session, self.deltas = name, session, deltas
        self.state = FoldedState()
        self.connection: Connection | None = None
        self.replica: SteeredReplica | None = None
        self._transport = Recorder()
        self.visit: asyncio.Task[None] | None = None

    @property
    def here(self) -> bool:
        """Does it hold a connection, perhaps one that is just being made?"""
        return self.visit is not None and not self._transport.ended.is_set()

    @property
    def author(self) -> tuple[str, str, str]:
        """Id, name and colour under which its next message would be sent."""
        assert self.connection is not None
        user = self.connection.user
        return str(user.id), user.username, user.color

    def come(self, replica: SteeredReplica, room: UUID) -> asyncio.Task[None]:
        """Connects; goes on from its position if it has one."""
        request = JoinRequest(room, self.session, None, None, self.state.position, self.deltas)
        self._transport, self.replica, self.connection = Recorder(), replica, None
        self.visit = asyncio.get_running_loop().create_task(
            self._stay(replica, request, self._transport), name=f"visit of {self.name}"
        )
        return self.visit

    async def _stay(
        self, replica: SteeredReplica, request: JoinRequest, transport: Recorder
    ) -> None:
        try:
            async with replica.hub.connected(request, CALLER, transport) as connection:
                if transport is self._transport:
                    self.connection = connection
                await transport.ended.wait()
        finally:
            transport.ended.set()

    def go(self) -> None:
        """The socket ends; what comes afterwards is not seen."""
        self.look()
        self.cut()

    def cut(self) -> None:
        """The socket ends; what was not looked at is lost."""
        self._transport.ended.set()
        self.connection = None

    def look(self) -> list[Json]:
        """Takes in what has come."""
        events = list(self._transport.take())
        for event in events:
            self.state.take(event)
        return events

    async def do(self, *effects: Any) -> None:
        """A command of the client, if it is in."""
        if self.connection is not None and self.here:
            connection = self.connection
            connection._obey(list(effects))
            while connection._obeying is not None or connection._intake._posting:
                await asyncio.sleep(0)
            connection.flush()

    async def read_history(self) -> None:
        """Reads all that it lacks, as a page does that has begun anew."""
        oldest = None
        while self.here and self.connection is not None and self.state.lacks_history:
            await self.do(Fetch(oldest, None, 100))
            answer = next((event for event in self.look() if event["type"] == "history"), None)
            if answer is None:
                return  # refused; a page tries again later
            oldest = answer["messages"][0]["seq"] if answer["messages"] else oldest
