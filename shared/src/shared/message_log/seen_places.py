"""Up to where each room was seen by this process, so that a server set back is noticed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.domain.position import Position

if TYPE_CHECKING:
    from uuid import UUID

MOST_SEEN: Final = 10_000
"""Rooms whose newest place is remembered, the latest used ones."""


@dataclass(frozen=True, slots=True)
class SeenPlace:
    """The newest message that was seen of a room, and when it was sent (µs, 0: not known)."""

    place: Position
    micros: int


class SeenPlaces:
    """The newest place of each room."""

    def __init__(self) -> None:
        self._places: OrderedDict[int, SeenPlace] = OrderedDict()
        """By the number of the room's id: a UUID is hashed in Python, and for every message."""

    def get(self, room: UUID) -> SeenPlace | None:
        """The newest place that was seen of `room`, if any."""
        return self._places.get(room.int)

    def saw(self, room: UUID, epoch: str, seq: int, micros: int = 0) -> None:
        """Message `seq` of `epoch`, sent at `micros` (0: not known), was seen."""
        seen = self._places.pop(room.int, None)
        if seen is None or seen.place.epoch != epoch or seen.place.seq < seq:
            seen = SeenPlace(Position(epoch, seq), micros)
        elif seen.place.seq == seq and not seen.micros:
            seen = SeenPlace(seen.place, micros)
        self._places[room.int] = seen
        if len(self._places) > MOST_SEEN:
            self._places.popitem(last=False)
