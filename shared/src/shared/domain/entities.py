"""The two things that outlive a connection: people and rooms. Times in µs since 1970 UTC."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """A person, known by nothing but a session."""

    id: UUID
    session_hash: bytes
    """SHA-256 of the session id; the id itself is never kept."""
    username: str
    color: str
    created_micros: int

    def called(self, username: str | None, color: str | None) -> Self:
        """This person under another name or colour; None keeps what is."""
        return replace(self, username=username or self.username, color=color or self.color)

    def snapshot(self, room: UUID | None) -> dict[str, object]:
        """What to keep of this person as of now; `room` is where they are, None if nowhere."""
        return {
            "id": str(self.id),
            "session_hash": self.session_hash.hex(),
            "username": self.username,
            "color": self.color,
            "created_at": self.created_micros,
            "current_room": None if room is None else str(room),
            "is_online": room is not None,
        }


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What an owner decides about a room."""

    id: UUID
    name: str
    description: str | None
    is_public: bool
    max_users: int
    owner_id: UUID | None
    created_micros: int
    updated_micros: int
