"""Rooms for tests of the page, made and filled through the REST service; not a test itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

_MANY: Final = 50
"""A session may send this many messages at once."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room of one test."""

    id: str
    name: str

    @property
    def path(self) -> str:
        """Of its page."""
        return f"/r/{self.id}"


class Rooms:
    """What other people do, whose browsers do not matter."""

    def __init__(self, url: str) -> None:
        """`url` is the gateway's."""
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def make(self, name: str | None = None, owner: str | None = None, **settings: Any) -> Room:
        """A new room; without a name it gets one that no other has. `owner` is a session."""
        name = name or f"চায়ের আড্ডা {uuid.uuid4().hex[:8]}"
        mine = {} if owner is None else {"Authorization": f"Bearer {owner}"}
        made = self._post("/api/rooms/", {"name": name, **settings}, **mine)
        return Room(made["id"], made["name"])

    def session(self, username: str, color: str = "#2f7d32") -> str:
        """The session of a new user."""
        made = self._post("/api/create-user/", {"username": username, "color": color})
        return str(made["session_id"])

    def say(self, room: Room, session: str, content: str, **more: Any) -> dict[str, Any]:
        """One message."""
        said = {"room_id": room.id, "content": content, **more}
        return self._post("/api/messages/", said, Authorization=f"Bearer {session}")

    def decide(self, room: Room, owner: str, method: str, path: str, **body: Any) -> Any:
        """What the owner of a room, by their session, decides about it; and what is answered."""
        place = f"/api/rooms/{room.id}/moderation/{path}"
        headers = {"Authorization": f"Bearer {owner}"}
        answer = self._client.request(method, place, json=body, headers=headers)
        return answer.raise_for_status().json() if answer.content else None

    def fill(self, room: Room, count: int) -> list[str]:
        """`count` messages of several people and of different lengths, and what they say."""
        contents = [line(number) for number in range(1, count + 1)]
        for at in range(0, count, _MANY):
            session = self.session(f"বক্তা {at // _MANY + 1}")
            for content in contents[at : at + _MANY]:
                self.say(room, session, content)
        return contents

    def messages(self, room: Room) -> list[str]:
        """What was said last, up to 100, oldest first: what the service holds of it."""
        answer = self._client.get(f"/api/rooms/{room.id}/messages/", params={"limit": 100})
        newest_first = answer.raise_for_status().json()["messages"]
        return [str(message["content"]) for message in reversed(newest_first)]

    def report(self, room: Room, session: str, content: str) -> None:
        """Somebody complains about the message that says `content`."""
        answer = self._client.get(f"/api/rooms/{room.id}/messages/", params={"limit": 100})
        said = answer.raise_for_status().json()["messages"]
        [message] = [one["id"] for one in said if one["content"] == content]
        answer = self._client.post(
            f"/api/messages/{message}/report/",
            json={"reason": "গালাগালি"},
            headers={"Authorization": f"Bearer {session}"},
        )
        answer.raise_for_status()

    def _post(self, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
        answer = self._client.post(path, json=body, headers=headers)
        answer.raise_for_status()
        made = answer.json()
        assert isinstance(made, dict)
        return made


def line(number: int) -> str:
    """What stands in message `number` of a filled room; every seventh is a long one."""
    return f"কথা নম্বর {number}" + " আর একটু লম্বা কথা" * (12 if number % 7 == 0 else 0)
