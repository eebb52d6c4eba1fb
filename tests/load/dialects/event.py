"""The event that clients make themselves where the server only passes it on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

if TYPE_CHECKING:
    from tests.load.dialects.dialect import Visit


def event_json(visit: Visit, text: str, number: int) -> bytes:
    """A `message` event with the fields, and so about the size, that this project's server sends.

    What the server would decide (ids, the order, the time) is made up by the client.
    """
    return orjson.dumps(
        {
            "type": "message",
            "message": text,
            "user_id": str(uuid5(NAMESPACE_OID, visit.name)),
            "username": visit.name,
            "user_color": "#3366cc",
            "message_id": str(UUID(int=number)),
            "room_id": visit.room,
            "client_id": str(number),
            "message_type": "text",
            "file_url": None,
            "reply_to": None,
            "seq": number,
            "timestamp": datetime.now(UTC).isoformat(),
        }
    )
