"""A chat of rooms as the tutorial of Channels builds it."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone

if settings.STORES_MESSAGES:
    from tests.bench.peers.original_server.models import Message, Person, Room


class ChatConsumer(AsyncWebsocketConsumer):
    """One connection."""

    async def connect(self) -> None:
        """Joins the room of the URL."""
        query = parse_qs(self.scope["query_string"].decode())
        self.room_id = uuid.UUID(self.scope["url_route"]["kwargs"]["room_id"])
        self.username = query["username"][0]
        self.color = query["color"][0]
        self.user_id = uuid.uuid4()
        self.group = f"chat_{self.room_id}"
        if settings.STORES_MESSAGES:
            await self._save_arrival()
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send(text_data='{"type":"welcome"}')

    async def disconnect(self, code: int) -> None:
        """Leaves it."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str) -> None:
        """Tells everybody in the room, once it is stored."""
        content = json.loads(text_data)["content"].strip()
        stored = settings.STORES_MESSAGES
        message_id = await self._save_message(content) if stored else uuid.uuid4()
        await self.channel_layer.group_send(
            self.group,
            {
                "type": "chat.message",
                "message": content,
                "user_id": str(self.user_id),
                "username": self.username,
                "user_color": self.color,
                "message_id": str(message_id),
                "timestamp": timezone.now().isoformat(),
            },
        )

    async def chat_message(self, event: dict[str, Any]) -> None:
        """Somebody said something: tells this client."""
        await self.send(text_data=json.dumps({**event, "type": "message"}))

    @database_sync_to_async
    def _save_arrival(self) -> None:
        Room.objects.get_or_create(id=self.room_id, defaults={"name": str(self.room_id)})
        Person.objects.create(id=self.user_id, username=self.username, color=self.color)

    @database_sync_to_async
    def _save_message(self, content: str) -> uuid.UUID:
        message = Message.objects.create(
            room_id=self.room_id, person_id=self.user_id, content=content
        )
        return message.id
