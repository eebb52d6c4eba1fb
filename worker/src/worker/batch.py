"""Collects entries until there are enough of them or the oldest has waited enough. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    _K = TypeVar("_K", bound=Hashable)
else:
    _K = TypeVar("_K")
_V = TypeVar("_V")


class Batcher(Generic[_K, _V]):
    """Entries by key, in order of arrival. Holds each key once, however often it arrives.

    Bound: whoever fills it stops at `full`, so it holds `size` and what one more read brought.
    """

    def __init__(self, size: int, age: float) -> None:
        """`size` in entries, `age` in seconds."""
        self._size = size
        self._age = age
        self._held: dict[_K, tuple[float, _V]] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def full(self) -> bool:
        """Whether a whole batch waits: stop reading."""
        return len(self._held) >= self._size

    def add(self, key: _K, value: _V, now: float) -> bool:
        """Takes an entry in at `now` (seconds); False if its key is in hand already."""
        if key in self._held:
            return False
        self._held[key] = (now, value)
        return True

    def due(self, now: float) -> bool:
        """Whether a batch shall be written now."""
        return self.full or (bool(self._held) and self.time_left(now) <= 0)

    def time_left(self, now: float) -> float:
        """Seconds until the oldest entry has waited enough; the whole age when nothing waits."""
        for arrived, _ in self._held.values():
            return max(arrived + self._age - now, 0.0)
        return self._age

    def peek(self) -> list[_V]:
        """The oldest entries, at most `size`; they stay until they are taken."""
        return [value for _, value in islice(self._held.values(), self._size)]

    def take(self, keys: Iterable[_K]) -> None:
        """Lets go of entries that were dealt with."""
        for key in keys:
            self._held.pop(key, None)
