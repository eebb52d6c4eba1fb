"""A chat of rooms as tutorials of FastAPI build it, with Redis between replicas."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections import defaultdict
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis.asyncio import Redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PREFIX = "room:"


class Rooms:
    """The sockets of this replica by room, and what Redis says to them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)
        self._sockets: defaultdict[str, set[WebSocket]] = defaultdict(set)

    async def join(self, room: str, socket: WebSocket) -> None:
        """The socket hears the room from now on."""
        self._sockets[room].add(socket)
        if len(self._sockets[room]) == 1:
            await self._pubsub.subscribe(_PREFIX + room)

    async def leave(self, room: str, socket: WebSocket) -> None:
        """It hears it no more."""
        self._sockets[room].discard(socket)
        if not self._sockets[room]:
            del self._sockets[room]
            await self._pubsub.unsubscribe(_PREFIX + room)

    async def tell(self, room: str, text: str) -> None:
        """Tells all replicas."""
        await self._redis.publish(_PREFIX + room, text)

    async def listen(self) -> None:
        """Passes on what any replica tells, for ever."""
        # The room without a name: one can only listen while there is a subscription.
        await self._pubsub.subscribe(_PREFIX)
        async for message in self._pubsub.listen():
            await self._pass_on(message["channel"].removeprefix(_PREFIX), message["data"])

    async def _pass_on(self, room: str, text: str) -> None:
        for socket in list(self._sockets.get(room, ())):
            with suppress(RuntimeError, WebSocketDisconnect):  # it leaves just now
                await socket.send_text(text)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Listens as long as the application runs."""
    async with Redis.from_url(os.environ["PEER_REDIS_URL"], decode_responses=True) as redis:
        app.state.rooms = Rooms(redis)
        listening = asyncio.create_task(app.state.rooms.listen())
        yield
        listening.cancel()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws/chat/{room}/")
async def chat(socket: WebSocket, room: str, username: str, color: str) -> None:
    """One connection."""
    rooms: Rooms = socket.app.state.rooms
    user_id = str(uuid.uuid4())
    await socket.accept()
    await rooms.join(room, socket)
    try:
        await socket.send_text('{"type":"welcome"}')
        while True:
            said = await socket.receive_json()
            event = {
                "type": "message",
                "message": said["content"],
                "user_id": user_id,
                "username": username,
                "user_color": color,
                "message_id": str(uuid.uuid4()),
                "room_id": room,
                "client_id": said.get("client_id"),
                "message_type": "text",
                "file_url": None,
                "reply_to": None,
                "timestamp": datetime.now(UTC).isoformat(),
            }
            await rooms.tell(room, json.dumps(event, ensure_ascii=False))
    except WebSocketDisconnect:
        pass
    finally:
        await rooms.leave(room, socket)
