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

    A batch is lent out to be written while the next one is collected. Bound: whoever fills it
    stops at `full`, so besides what is lent it holds `size` and what one more read brought.
    """

    def __init__(self, size: int, age: float) -> None:
        """`size` in entries, `age` in seconds."""
        self._size = size
        self._age = age
        self._waiting: dict[_K, tuple[float, _V]] = {}
        self._lent: dict[_K, tuple[float, _V]] = {}
        self._taken: set[_K] = set()
        """Dealt with since the reading that is under way began: it may bring them once more."""

    def __len__(self) -> int:
        """Entries that wait or are lent."""
        return len(self._waiting) + len(self._lent)

    @property
    def waiting(self) -> int:
        """Entries that are not lent."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether a whole batch waits: stop reading."""
        return len(self._waiting) >= self._size

    def begin_reading(self) -> None:
        """What is added from now on was read from now on."""
        self._taken.clear()

    def add(self, key: _K, value: _V, now: float) -> bool:
        """Takes an entry in at `now` (seconds); False if it is in hand, or was when it was read."""
        if key in self._waiting or key in self._lent or key in self._taken:
            return False
        self._waiting[key] = (now, value)
        return True

    def due(self, now: float) -> bool:
        """Whether a batch shall be written now."""
        return self.full or (bool(self._waiting) and self.time_left(now) <= 0)

    def time_left(self, now: float) -> float:
        """Seconds until the oldest one has waited enough; the whole age when nothing waits."""
        for arrived, _ in self._waiting.values():
            return max(arrived + self._age - now, 0.0)
        return self._age

    def lend(self) -> list[_V]:
        """The oldest entries that wait, at most `size`."""
        batch = dict(islice(self._waiting.items(), self._size))
        for key in batch:
            del self._waiting[key]
        self._lent |= batch
        return [value for _, value in batch.values()]

    def take(self, keys: Iterable[_K]) -> None:
        """Lets go of lent entries that were dealt with."""
        for key in keys:
            self._lent.pop(key, None)
            self._taken.add(key)

    def give_back(self) -> None:
        """What is lent waits again, before all others."""
        self._waiting = self._lent | self._waiting
        self._lent = {}
