"""A socket client for tests: collects events, waits for the ones that matter."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from pydantic import TypeAdapter
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared.protocol.events import AnyEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

Json = dict[str, Any]
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class ChatClient:
    """One connection. Every event is checked against the contract's classes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[Json] = []
        self._arrived = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                event = json.loads(frame)
                EVENT.validate_python(event, strict=False)
                async with self._arrived:
                    self.events.append(event)
                    self._arrived.notify_all()
        except ConnectionClosed:
            return
        finally:
            async with self._arrived:
                self._arrived.notify_all()

    async def send(self, **command: Any) -> None:
        await self.socket.send(json.dumps(command, ensure_ascii=False))

    async def say(self, content: str, **more: Any) -> None:
        await self.send(type="message", content=content, **more)

    async def wait_for(
        self,
        kind: str,
        matches: Callable[[Json], bool] = lambda _: True,
        seconds: float = PATIENCE_SECONDS,
    ) -> Json:
        """The first event of a type that matches, among those that came and those to come."""

        def found() -> Json | None:
            return next((e for e in self.events if e["type"] == kind and matches(e)), None)

        try:
            async with asyncio.timeout(seconds), self._arrived:
                while (event := found()) is None:
                    if self._reader.done():
                        raise AssertionError(f"closed before {kind}: {self.describe()}")
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind} within {seconds} s: {self.describe()}") from None
        return event

    async def wait_first(self, seconds: float = PATIENCE_SECONDS) -> Json:
        """The first event: `welcome`, or the `error` that says why there will be none.

        Only after the welcome does a client hear what is said.
        """
        async with asyncio.timeout(seconds), self._arrived:
            while not self.events and not self._reader.done():
                await self._arrived.wait()
        assert self.events, self.describe()
        return self.events[0]

    def of(self, kind: str) -> list[Json]:
        """All events of a type so far."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def texts(self) -> list[str]:
        """Contents of the live messages so far."""
        return [event["message"] for event in self.of("message")]

    def describe(self) -> str:
        return f"{[(e['type'], e.get('message')) for e in self.events]}, close {self.close_code}"

    @property
    def close_code(self) -> int | None:
        return self.socket.close_code

    async def wait_closed(self, seconds: float = PATIENCE_SECONDS) -> int | None:
        """The close code, once the server has closed."""
        async with asyncio.timeout(seconds):
            await self.socket.wait_closed()
            await self._reader
        return self.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._reader


@asynccontextmanager
async def chat(base: str, room: UUID | str, **parameters: Any) -> AsyncIterator[ChatClient]:
    """Connects to `ws://host:port`, waits for the first event, and closes at the end."""
    options: Json = {"max_size": None, "open_timeout": 20, "proxy": None}
    for name in ("origin", "additional_headers", "subprotocols"):
        if name in parameters:
            options[name] = parameters.pop(name)
    query = f"?{urlencode(parameters)}" if parameters else ""
    async with connect(f"{base}/ws/chat/{room}/{query}", **options) as socket:
        client = ChatClient(socket)
        try:
            await client.wait_first()
            yield client
        finally:
            await client.close()


class Crowd:
    """Many clients that end together."""

    def __init__(self) -> None:
        self.clients: list[ChatClient] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(client.close() for client in self.clients))

    async def add(self, base: str, room: UUID | str, **parameters: Any) -> ChatClient:
        options = {
            name: parameters.pop(name)
            for name in ("additional_headers", "local_addr")
            if name in parameters
        }
        query = f"?{urlencode(parameters)}" if parameters else ""
        socket = await connect(
            f"{base}/ws/chat/{room}/{query}",
            proxy=None,
            open_timeout=20,
            **options,
        )
        client = ChatClient(socket)
        self.clients.append(client)
        await client.wait_first()
        return client
