"""A chat of rooms on python-socketio, with its Redis manager between replicas."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import socketio

server = socketio.AsyncServer(
    async_mode="asgi",
    client_manager=socketio.AsyncRedisManager(os.environ["PEER_REDIS_URL"]),
    cors_allowed_origins="*",
    transports=["websocket"],
)
app = socketio.ASGIApp(server)


@server.event
async def connect(sid: str, environ: dict[str, Any]) -> None:
    """Joins the room of the URL."""
    room = parse_qs(environ["QUERY_STRING"])["room"][0]
    await server.enter_room(sid, room)
    await server.save_session(sid, {"room": room})


@server.event
async def message(sid: str, event: dict[str, Any]) -> bool:
    """Tells the room; what is returned acknowledges."""
    session = await server.get_session(sid)
    await server.emit("message", event, room=session["room"])
    return True
