"""A chat client that may lose its connection at any time and misses nothing.

    async with ChatClient("ws://localhost:8000", room, username="রাকিব") as chat:
        ack = await chat.send("সবাই কেমন আছেন?")
        async for event in chat:
            ...

For bots, tests and load. It needs `websockets` and, of this project, `shared.protocol` alone.
"""

from adda_client.backoff import FullJitter
from adda_client.client import ChatClient
from adda_client.errors import ChatClosed, ChatRefused, ClientError, MessageRefused

__all__ = [
    "ChatClient",
    "ChatClosed",
    "ChatRefused",
    "ClientError",
    "FullJitter",
    "MessageRefused",
]
